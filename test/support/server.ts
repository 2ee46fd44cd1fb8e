// A whole Holdfast as a person starts it: `holdfast up` in a process of its own, watched through its events, its API and its cluster.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isObject, type Json } from '../../lib/core/json.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';
import { openHand, type SandboxHand } from '../../lib/runtime/sandbox-cluster.ts';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import type { AppStatus, StatusDocument } from '../../lib/web/views.ts';
import { eventually } from './eventually.ts';
import { commitAll, git, writeFiles } from './git.ts';

const root = join(import.meta.dirname, '..', '..');
const node = join(root, 'node_modules', '.bin', 'node');

export interface Ready {
  readonly event: 'ready';
  readonly git: string;
  readonly webhook: string;
  readonly api: string;
  readonly root: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Events of one server, in order. `mark()` first, then do something, then wait for what it leads to. */
export interface Events {
  readonly all: readonly RunnerEvent[];
  mark(): number;
  since(mark: number): readonly RunnerEvent[];
  /** The first event after `mark` that fits. */
  next(mark: number, what: string, fits: (event: RunnerEvent) => boolean, within?: number): Promise<RunnerEvent>;
}

export interface Running {
  readonly dataDir: string;
  readonly pid: number;
  readonly ready: Ready;
  /** Milliseconds from the start of the process to the ready line. */
  readonly startedIn: number;
  readonly events: Events;
  readonly stderr: () => string;
  readonly exited: Promise<Exit>;
  readonly api: Api;
  /** Looks at and changes the embedded cluster as a person with kubectl would. */
  readonly hand: () => Promise<SandboxHand>;
  /** The signal, and the end of the process. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

export interface Api {
  call(method: 'GET' | 'POST', path: string, body?: object): Promise<{ readonly status: number; readonly body: Json }>;
  status(): Promise<StatusDocument>;
  app(name: string): Promise<AppStatus>;
  /** Waits until the application's status fits. */
  until(name: string, what: string, fits: (app: AppStatus) => boolean, within?: number): Promise<AppStatus>;
}

export interface UpOptions {
  readonly dataDir: string;
  readonly args?: readonly string[];
}

/** A new data directory; the caller removes it with `removeDir`. */
export function dataDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'holdfast-e2e-'));
}

export function removeDir(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

/** Runs `holdfast …` to its end. */
export async function cli(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(node, [join(root, 'bin', 'holdfast.ts'), ...args], { cwd: tmpdir(), env: environment() });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const { code } = await exitOf(child);
  return { code, stdout, stderr };
}

function environment(): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, NO_COLOR: '1' };
}

/** Starts `holdfast up --json` and waits for its ready line. */
export async function up(options: UpOptions): Promise<Running> {
  const began = performance.now();
  const args = [join(root, 'bin', 'holdfast.ts'), 'up', '--json', '--data', options.dataDir, ...(options.args ?? [])];
  const child = spawn(node, args, { cwd: tmpdir(), env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const exited = exitOf(child);
  const lines: (RunnerEvent | Ready)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as RunnerEvent | Ready));
  let gone: Exit | undefined;
  void exited.then((exit) => (gone = exit));
  await eventually(() => lines.length > 0 || gone !== undefined, { within: 20_000, what: 'the ready line' }).catch(() =>
    child.kill('SIGKILL'),
  );
  const [ready] = lines;
  if (ready?.event !== 'ready') throw new Error(`holdfast up ended with ${JSON.stringify(gone)}: ${errors}`);
  const startedIn = performance.now() - began;
  const kill = async (signal: NodeJS.Signals): Promise<Exit> => {
    if (gone === undefined) child.kill(signal);
    return await exited;
  };
  return {
    dataDir: options.dataDir,
    pid: child.pid ?? 0,
    ready: ready as Ready,
    startedIn,
    events: eventsOf(lines),
    stderr: () => errors,
    exited,
    api: apiOf((ready as Ready).api, options.dataDir),
    hand: async () => await openHand(join(options.dataDir, 'sandbox', 'cluster', 'kubeconfig')),
    kill,
  };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
}

function eventsOf(lines: readonly (RunnerEvent | Ready)[]): Events {
  const since = (mark: number): readonly RunnerEvent[] =>
    lines.slice(mark).filter((line): line is RunnerEvent => line.event !== 'ready');
  return {
    get all() {
      return since(0);
    },
    mark: () => lines.length,
    since,
    next: async (mark, what, fits, within = 10_000) => await eventually(() => since(mark).find(fits), { within, what }),
  };
}

function apiOf(url: string, dataDir: string): Api {
  const call: Api['call'] = async (method, path, body) => {
    const token = readFileSync(join(dataDir, 'token'), 'utf8').trim();
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };
  const status = async (): Promise<StatusDocument> => (await call('GET', '/status')).body as unknown as StatusDocument;
  const app = async (name: string): Promise<AppStatus> => {
    const found = (await status()).apps.find((one) => one.name === name);
    if (found === undefined) throw new Error(`status has no application ${name}`);
    return found;
  };
  return {
    call,
    status,
    app,
    until: async (name, what, fits, within = 10_000) => {
      let last: AppStatus | undefined;
      const look = async (): Promise<AppStatus | undefined> => {
        last = await app(name);
        return fits(last) ? last : undefined;
      };
      return await eventually(look, { within, every: 40, what: `${name}: ${what}` }).catch((error: unknown) => {
        throw new Error(`${String(error)}; the last status was ${JSON.stringify(last)}`, { cause: error });
      });
    },
  };
}

/** Whether an application is at a revision, in sync and healthy. */
export function settledAt(revision?: string): (app: AppStatus) => boolean {
  return (app) =>
    app.sync === 'Synced' && app.health === 'Healthy' && (revision === undefined || app.appliedRevision === revision);
}

/** A clone that pushes. */
export class Work {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** Clones `url` into a new directory below `parent`. */
  static async clone(url: string, parent: string): Promise<Work> {
    const directory = mkdtempSync(join(parent, 'clone-'));
    await git(parent, 'clone', '-q', url, directory);
    return new Work(directory);
  }

  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8');
  }

  write(files: Readonly<Record<string, string>>): void {
    writeFiles(this.directory, files);
  }

  remove(...paths: readonly string[]): void {
    for (const path of paths) rmSync(join(this.directory, path), { recursive: true, force: true });
  }

  /** Replaces the one place where a text stands. */
  edit(path: string, from: string, to: string): void {
    const text = this.read(path);
    if (text.split(from).length !== 2) throw new Error(`${path} does not have ${JSON.stringify(from)} exactly once`);
    this.write({ [path]: text.replace(from, to) });
  }

  async commit(message: string): Promise<string> {
    return await commitAll(this.directory, message);
  }

  /** Commits everything and pushes; gives the commit id. */
  async push(message: string, ...args: readonly string[]): Promise<string> {
    const id = await this.commit(message);
    await git(this.directory, 'push', '-q', ...args, 'origin', 'HEAD:main');
    return id;
  }

  async pull(): Promise<string> {
    await git(this.directory, 'pull', '-q', '--rebase', 'origin', 'main');
    return await git(this.directory, 'rev-parse', 'HEAD');
  }
}

/** A value inside a live object; undefined when anything on the way is missing. */
export function at(value: Json | undefined, ...keys: readonly (string | number)[]): Json | undefined {
  let inner: Json | undefined = value;
  for (const key of keys) {
    if (Array.isArray(inner)) inner = (inner as readonly Json[])[Number(key)];
    else inner = isObject(inner) ? inner[key] : undefined;
  }
  return inner;
}

/** The live object, or undefined when there is none. */
export async function live(
  hand: SandboxHand,
  kind: string,
  name: string,
  namespace = '',
): Promise<KubeObject | undefined> {
  return (await hand.get({ kind, name, namespace }).catch(() => []))[0];
}
