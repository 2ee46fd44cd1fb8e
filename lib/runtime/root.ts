// Opens the root repository: over HTTP(S) with a bare copy in the data directory, or a repository of this machine.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLocal } from '../adapters/git/local.ts';
import { openRemote } from '../adapters/git/remote.ts';
import { localWriter, remoteWriter } from '../adapters/git/write.ts';
import { HoldfastError } from '../core/errors.ts';
import { defaultGitLimits } from '../core/source/git.ts';
import type { RootRepository } from './home.ts';

export interface RootOptions {
  /** `http(s)://…`, `file://…`, or a path. Credentials in the URL are taken out of it before it is shown or stored anywhere. */
  readonly url: string;
  readonly branch: string;
  readonly alias: string;
  readonly dataDir: string;
}

/** Opens it; nothing is fetched yet. Throws `GitUrlInvalid`, `GitDirectoryMissing`. */
export async function openRoot(options: RootOptions): Promise<RootRepository> {
  const { alias, branch } = options;
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    const { clean, credentials } = withoutCredentials(url);
    const source = openRemote({
      url: clean,
      credentials,
      dataDirectory: path.join(options.dataDir, 'cache', 'git'),
      limits: defaultGitLimits,
    });
    return { alias, branch, url: clean, source, writer: remoteWriter(source, { url: clean, credentials }) };
  }
  if (url !== undefined && url.protocol !== 'file:' && options.url.includes('://')) throw unsupported(options.url);
  const directory = url?.protocol === 'file:' ? fileURLToPath(url) : options.url;
  const source = await openLocal(directory, defaultGitLimits);
  return { alias, branch, url: path.resolve(directory), source, writer: localWriter(source, path.resolve(directory)) };
}

/** A token in the URL would end up in logs: it is used and not shown. HOLDFAST_GIT_TOKEN is the better place for it. */
function withoutCredentials(url: URL): {
  readonly clean: string;
  readonly credentials: Parameters<typeof openRemote>[0]['credentials'];
} {
  const token = process.env['HOLDFAST_GIT_TOKEN'];
  const password = decodeURIComponent(url.password) || token;
  const username = decodeURIComponent(url.username) || 'x-access-token';
  url.username = '';
  url.password = '';
  const clean = url.href.replace(/\/$/, '');
  if (password === undefined || password === '') return { clean, credentials: undefined };
  return { clean, credentials: async () => ({ username, password }) };
}

function unsupported(url: string): HoldfastError {
  return new HoldfastError({
    code: 'GitUrlInvalid',
    source: 'user',
    message: `${url.slice(0, url.indexOf(':'))} URLs are not supported`,
    next: 'Give an https:// URL or the path of a repository on this machine',
  });
}
