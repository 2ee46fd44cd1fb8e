// A Git host that can be made to fail, with a repository and a source that follows it.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { RemoteOptions } from '../../lib/adapters/git/remote.ts';
import { openRemote } from '../../lib/adapters/git/remote.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { GitSource } from '../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import { openTree } from '../../lib/core/source/tree.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { git, startGitServer, workTree } from './git.ts';
import { tempDir } from './temp-dir.ts';

/** A host with one commit of a few hundred kilobytes, a proxy before it, and a source that goes through the proxy. */
export async function startRemote(options: Partial<RemoteOptions> = {}) {
  const temp = tempDir();
  const server = await startGitServer(join(temp, 'host'));
  const proxy = await startFaultProxy(server.port);
  const work = join(temp, 'work');
  const first = await workTree(work, { 'a.yaml': 'a: 1\n', 'noise.bin': randomBytes(300_000) });
  const push = async (...args: string[]): Promise<string> => await git(work, 'push', '-q', ...args);
  await push(`${server.url}/repo.git`, 'main');
  const dataDirectory = join(temp, 'data');
  const open = (more: Partial<RemoteOptions> = {}): GitSource =>
    openRemote({ url: `${proxy.url}/repo.git`, dataDirectory, ...options, ...more });
  return { temp, server, proxy, work, first, push, dataDirectory, open, source: open() };
}

/** The text of a file at a revision. */
export async function textOf(source: GitSource, revision: string, path = 'a.yaml'): Promise<string> {
  const tree = openTree(await source.open(revision), defaultGitLimits);
  return Buffer.from(await tree.bytes(path)).toString();
}

/** The HoldfastError that the work ends with. */
export async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HoldfastError) return error;
  throw new Error('expected a HoldfastError', { cause: error });
}
