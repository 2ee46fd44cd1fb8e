// Git for tests: a server with the built-in host, the real git client, and raw objects for trees that no client would make.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import type { BuiltinHost, PushedRef } from '../../lib/adapters/githost/builtin.ts';
import { createBuiltinHost } from '../../lib/adapters/githost/builtin.ts';

const run = promisify(execFile);

const identity = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
};

/** Runs the real git and gives its stdout without the last newline. */
export async function git(cwd: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-c', 'init.defaultBranch=main', '-c', 'gc.auto=0', ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, ...identity },
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout.replace(/\n$/, '');
}

export interface GitServer {
  readonly host: BuiltinHost;
  readonly directory: string;
  readonly url: string;
  readonly port: number;
  readonly pushes: readonly PushedRef[];
}

/** A server on 127.0.0.1 with the built-in host and nothing else, until the test ends. */
export async function startGitServer(directory: string): Promise<GitServer> {
  const pushes: PushedRef[] = [];
  const host = createBuiltinHost({ directory, onPush: (push) => pushes.push(push) });
  const server = createServer((req, res) => {
    host.handle(req, res).then(
      (handled) => (handled ? undefined : res.writeHead(404).end()),
      () => res.destroy(),
    );
  });
  const port = await listen(server);
  onTestFinished(async () => await close(server));
  return { host, directory, url: `http://127.0.0.1:${port}`, port, pushes };
}

/** Listens on a free port of 127.0.0.1. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Closes a server and every connection to it. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Writes files (path -> content) below a directory. */
export function writeFiles(directory: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

/** A new work tree with one commit of the files on `main`. Gives the commit id. */
export async function workTree(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await git(directory, 'init', '-q');
  writeFiles(directory, files);
  return await commitAll(directory, 'first');
}

/** Commits everything in a work tree; gives the commit id. */
export async function commitAll(directory: string, message: string): Promise<string> {
  await git(directory, 'add', '-A');
  await git(directory, 'commit', '-q', '--allow-empty', '-m', message);
  return await git(directory, 'rev-parse', 'HEAD');
}

/** One entry of a raw tree: any mode, any name. */
export interface RawEntry {
  readonly mode: string;
  readonly name: string | Uint8Array;
  readonly id: string;
}

/** Writes a loose object into a bare repository, without any check; gives its id. */
export function writeRaw(bare: string, type: 'blob' | 'tree' | 'commit', body: Uint8Array): string {
  const raw = Buffer.concat([Buffer.from(`${type} ${body.length}\0`), body]);
  const id = createHash('sha1').update(raw).digest('hex');
  const file = join(bare, 'objects', id.slice(0, 2), id.slice(2));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, deflateSync(raw));
  return id;
}

/** Writes a tree with exactly these entries, in this order. */
export function writeRawTree(bare: string, entries: readonly RawEntry[]): string {
  const parts = entries.flatMap((entry) => [
    Buffer.from(`${entry.mode} `),
    Buffer.from(entry.name),
    Buffer.from([0]),
    Buffer.from(entry.id, 'hex'),
  ]);
  return writeRaw(bare, 'tree', Buffer.concat(parts));
}

/** Writes a commit of a tree and points a branch to it; gives the commit id. */
export function writeRawCommit(bare: string, tree: string, branch = 'main'): string {
  const who = 'Test <test@example.com> 1700000000 +0000';
  const id = writeRaw(bare, 'commit', Buffer.from(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nraw\n`));
  writeFiles(bare, { [`refs/heads/${branch}`]: `${id}\n` });
  return id;
}
