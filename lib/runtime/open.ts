// Opens a repository for the one-shot commands: a home in this process, over a data directory or over memory.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fsBlobs } from '../adapters/blob/fs.ts';
import { localBlobs } from '../adapters/blob/local.ts';
import { memoryBlobs } from '../adapters/blob/memory.ts';
import { systemClock } from '../adapters/clock.ts';
import { type LocalRepository, openLocal } from '../adapters/git/local.ts';
import { memoryQueue } from '../adapters/queue/memory.ts';
import { createRenderers } from '../adapters/render/registry.ts';
import { openDatabase } from '../adapters/store/database.ts';
import { holderAlive, newHolder } from '../adapters/store/holder.ts';
import { memoryStore } from '../adapters/store/memory.ts';
import { sqliteStore } from '../adapters/store/sqlite.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Blobs, Store } from '../core/reconcile/store.ts';
import { defaultGitLimits } from '../core/source/git.ts';
import { openTree, type Tree } from '../core/source/tree.ts';
import { prepareDataDir } from './data-dir.ts';
import { dependentsOf } from './dependents.ts';
import type { Home, RunnerEvent } from './home.ts';
import { rootAlias } from './rows.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';
import { readServerFile, type ServerFile } from './server-file.ts';
import { configFile } from './sources.ts';
import { nobody } from './outbox.ts';
import { openTargets } from './targets.ts';
import { hmacWith, loadInstallation, sha256, timeId } from './tools.ts';

export interface OpenOptions {
  /** Repository or directory. */
  readonly repo: string;
  /** Revision to read; undefined = the working tree. */
  readonly revision: string | undefined;
  /** Undefined = nothing is kept. */
  readonly dataDir: string | undefined;
  /** A data directory that is not there yet is not made. */
  readonly readOnly: boolean;
  readonly installation?: string | undefined;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly contextTarget: string | undefined;
  readonly followLimitMs?: number;
  readonly emit?: (event: RunnerEvent) => void;
}

export interface Opened {
  readonly home: Home;
  readonly tree: Tree;
  /** Paths in which the working tree differs from HEAD, untracked files included. */
  dirty(): Promise<readonly string[]>;
  /** Whether a target that was used is the embedded sandbox: every line about it says so. */
  sandboxed(target: string): boolean;
  close(): Promise<void>;
}

interface Kept {
  readonly store: Store;
  readonly blobs: Blobs;
}

async function openKept(options: OpenOptions): Promise<Kept> {
  const { dataDir } = options;
  const file = dataDir === undefined ? undefined : path.join(dataDir, 'state.db');
  if (dataDir === undefined || file === undefined || (options.readOnly && !existsSync(file))) {
    return { store: memoryStore({ clock: systemClock }), blobs: memoryBlobs() };
  }
  await prepareDataDir(dataDir);
  const database = openDatabase({ file });
  return {
    store: sqliteStore({ database, clock: systemClock, alive: holderAlive }),
    blobs: localBlobs({ database, files: fsBlobs(path.join(dataDir, 'blobs')) }),
  };
}

/** The sandbox of a running server. Throws `SandboxNotRunning`. */
export function runningSandbox(server: ServerFile): NonNullable<ServerFile['sandbox']> {
  if (server.sandbox !== undefined) return server.sandbox;
  throw new HoldfastError({
    code: 'SandboxNotRunning',
    source: 'user',
    message: 'The running server has no sandbox: no application has used it yet',
    next: 'Push an application with a sandbox target, or stop the server first',
  });
}

/** The sandbox of a data directory: a running server's, or one started for this command. A read-only command makes no directory. */
function sandboxOf(
  dataDir: string,
  readOnly: boolean,
): { readonly get: () => Promise<Sandbox>; readonly close: () => Promise<void> } {
  let started: Promise<Sandbox> | undefined;
  const begin = async (): Promise<Sandbox> => {
    if (!readOnly || existsSync(dataDir)) {
      await prepareDataDir(dataDir);
      return await startSandbox(dataDir, async () => {
        const running = (await readServerFile(dataDir))?.sandbox;
        return running === undefined ? undefined : { ...running, close: async () => undefined };
      });
    }
    const empty = await mkdtemp(path.join(tmpdir(), 'holdfast-'));
    const sandbox = await startSandbox(empty);
    return {
      ...sandbox,
      close: async () => {
        await sandbox.close();
        await rm(empty, { recursive: true, force: true });
      },
    };
  };
  return {
    get: () => (started ??= begin()),
    close: async () => {
      if (started !== undefined) await (await started).close();
    },
  };
}

/** In a directory of a repository whose config is at its top, people mean the top more often than not; so it is told, not guessed. */
function refuseBelowConfig(local: LocalRepository): void {
  if (local.prefix === '' || existsSync(path.join(local.root, configFile))) return;
  const top = path.join(local.root, ...local.prefix.split('/').flatMap((part) => (part === '' ? [] : ['..'])));
  if (!existsSync(path.join(top, configFile))) return;
  throw new HoldfastError({
    code: 'ConfigAbove',
    source: 'user',
    message: `${configFile} is at the top of this repository, and ${local.prefix} is one of its directories`,
    next: `Add --repo ${path.relative(process.cwd(), top) || '.'}`,
  });
}

/** Opens a repository (or plain directory) at a revision. Close it at the end. */
export async function openRepository(options: OpenOptions): Promise<Opened> {
  const dataDir = path.resolve(options.dataDir ?? '.holdfast');
  const local = await openLocal(options.repo, defaultGitLimits, dataDir);
  refuseBelowConfig(local);
  const kept = await openKept(options);
  const sandbox = sandboxOf(dataDir, options.readOnly);
  const sandboxes = new Set<string>();
  const installation = await loadInstallation(kept.store, options.installation);
  const targets = openTargets({
    sandbox: sandbox.get,
    aws: { installation: installation.name },
    ...(options.kubeconfig === undefined ? {} : { kubeconfig: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
    ...(options.contextTarget === undefined ? {} : { contextTarget: options.contextTarget }),
    onSandbox: (name) => sandboxes.add(name),
  });
  const reader =
    options.revision === undefined
      ? await local.openWorktree()
      : await local.open(await local.resolve(options.revision));
  const home: Home = {
    installation: installation.name,
    holder: newHolder(),
    ...kept,
    // A one-shot command answers its own doorbells; a server with the same data directory finds the rows by its tick.
    queue: memoryQueue({ clock: systemClock }),
    hash: sha256,
    hmac: hmacWith(installation.key),
    root: { alias: rootAlias, url: options.repo, branch: 'HEAD', source: local },
    gitLimits: defaultGitLimits,
    renderers: createRenderers(),
    targets,
    // Images are followed by the server only: a one-shot command applies what is committed.
    registry: { tags: async () => [] },
    emit: options.emit ?? (() => undefined),
    notifier: nobody,
    dependents: dependentsOf(kept),
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    random: Math.random,
    newId: () => timeId(Date.now()),
    settings: { followLimitMs: options.followLimitMs ?? 600_000, sliceMs: 90_000, imageQuietMs: 0, pollMs: 60_000 },
  };
  return {
    home,
    tree: openTree(reader, defaultGitLimits),
    dirty: async () => (local.isRepository ? await local.dirtyPaths() : []),
    sandboxed: (target) => sandboxes.has(target),
    close: async () => {
      await targets.close();
      await sandbox.close();
      local.close();
      await kept.store.close();
    },
  };
}
