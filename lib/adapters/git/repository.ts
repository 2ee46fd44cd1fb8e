// A followed repository by its URL: on a Git host over HTTP, or on this machine.
import { fileURLToPath } from 'node:url';
import type { GitLimits, GitSource, GitWriter } from '../../core/source/git.ts';
import type { GitCredentials } from './http.ts';
import { openLocal } from './local.ts';
import { openRemote } from './remote.ts';
import { localWriter, remoteWriter } from './write.ts';

export interface RepositoryOptions {
  /** `https://…`, `http://…`, `file://…` or a path of this machine; never with credentials in it. */
  readonly url: string;
  /** Holds the copies of remote repositories. */
  readonly dataDirectory: string;
  readonly limits?: GitLimits | undefined;
  readonly credentials?: (() => Promise<GitCredentials | undefined>) | undefined;
  readonly firstByteMs?: number | undefined;
  readonly totalMs?: number | undefined;
}

export interface Repository {
  readonly source: GitSource;
  readonly writer: GitWriter;
  close(): void;
}

/** Opens a repository. Throws `GitUrlInvalid`, `GitDirectoryMissing`. */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  const { url, limits } = options;
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url) || url.startsWith('file://')) {
    const directory = url.startsWith('file://') ? fileURLToPath(url) : url;
    const source = await openLocal(directory, limits);
    return { source, writer: localWriter(source, source.root), close: () => source.close() };
  }
  const source = openRemote(options);
  return { source, writer: remoteWriter(source, options), close: () => undefined };
}
