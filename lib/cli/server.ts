// Speaks to the running server: found through the data directory, with the token that only its owner can read.
import { HoldfastError } from '../core/errors.ts';
import { readServerFile, type ServerFile } from '../runtime/server-file.ts';
import { text } from './flags.ts';

/** Where the server of a data directory listens. Throws `ServerNotRunning`. */
export async function findServer(dataDir: string): Promise<ServerFile> {
  const server = await readServerFile(dataDir);
  if (server !== undefined) return server;
  throw new HoldfastError({
    code: 'ServerNotRunning',
    source: 'user',
    message: `No Holdfast server runs with the data directory ${dataDir}`,
    next:
      dataDir === '.holdfast'
        ? 'npm start (or holdfast up), or name its directory with --data DIR'
        : `holdfast up --data ${dataDir}`,
  });
}

/** One call of the API; answers its JSON. Errors of the server come through as they are. */
export async function callServer<T>(
  flags: { readonly [name: string]: unknown },
  method: 'GET' | 'POST',
  route: string,
  body?: object,
): Promise<T> {
  const server = await findServer(text(flags, 'data') ?? '.holdfast');
  const response = await fetch(new URL(route, server.url), {
    method,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new HoldfastError({
      code: 'ServerUnreachable',
      source: 'system',
      message: `The server at ${server.url} does not answer`,
      retryable: true,
      cause: error,
    });
  });
  const answer = (await response.json().catch(() => ({}))) as T & { code?: string; message?: string; hint?: string };
  if (response.ok) return answer;
  throw new HoldfastError({
    code: answer.code ?? (response.status === 401 ? 'ApiUnauthorized' : 'ServerError'),
    source: response.status >= 500 ? 'system' : 'user',
    message: answer.message ?? `The server answered ${response.status}`,
    ...(answer.hint === undefined ? {} : { next: answer.hint }),
  });
}

/** Path of one application's routes. */
export function appRoute(name: string | undefined, verb = ''): string {
  return `/api/apps/${encodeURIComponent(name ?? '')}${verb === '' ? '' : `/${verb}`}`;
}
