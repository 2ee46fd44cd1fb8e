// A watch: one long answer, one event per line.
import { StringDecoder } from 'node:string_decoder';
import { isObject } from '../../core/json.ts';
import { isKubeObject } from './answer.ts';
import type { Caller } from './caller.ts';
import { KubeApiError } from './errors.ts';
import { collectionPath, queryText } from './paths.ts';
import { refusal } from './status.ts';
import type { HttpStream } from './transport.ts';
import type { ApiResource, WatchEvent, WatchOptions } from './types.ts';

/** Seconds of grace after which a watch that the server should have ended is taken for dead. */
const graceSeconds = 30;

/** Events until the server ends the watch or the signal aborts; throws when the connection breaks or the version is too old. */
export async function* watchEvents(
  caller: Caller,
  resource: ApiResource,
  options: WatchOptions,
): AsyncGenerator<WatchEvent, void> {
  const { namespace = '', signal, labelSelector, fieldSelector, resourceVersion, timeoutSeconds = 300 } = options;
  const query = {
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
    allowWatchBookmarks: 'true',
    watch: '1',
  };
  const path = collectionPath(resource, namespace) + queryText(query);
  const subject = { resource, namespace };
  const stream = await caller
    .stream({ verb: 'watch', method: 'GET', path, safe: true, ...subject }, signal === undefined ? {} : { signal })
    .catch((error: unknown) => {
      if (signal?.aborted) return undefined;
      throw error;
    });
  if (stream === undefined) return;
  const guard = setTimeout(() => stream.close(), (timeoutSeconds + graceSeconds) * 1000);
  try {
    for await (const line of lines(stream)) yield readEvent(line, resource);
  } catch (error) {
    if (signal?.aborted) return;
    throw error instanceof KubeApiError ? error : cut(caller.server, resource, error);
  } finally {
    clearTimeout(guard);
    stream.close();
  }
}

async function* lines(stream: HttpStream): AsyncGenerator<string, void> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream.body) {
    const parts = decoder.write(chunk).split('\n');
    parts[0] = rest + (parts[0] ?? '');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part !== '') yield part;
  }
}

function readEvent(line: string, resource: ApiResource): WatchEvent {
  const event: unknown = JSON.parse(line);
  if (isObject(event)) {
    const { type, object } = event;
    if (type === 'ERROR') throw statusEvent(object, resource);
    const known = type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' || type === 'BOOKMARK';
    if (known && isKubeObject(object)) return { type, object };
  }
  throw statusEvent(undefined, resource);
}

function statusEvent(status: unknown, resource: ApiResource): KubeApiError {
  const code = isObject(status) && typeof status.code === 'number' ? status.code : 500;
  const subject = {
    verb: 'watch',
    object: resource.plural,
    plural: resource.plural,
    secret: resource.kind === 'Secret',
  };
  const body = JSON.stringify(status ?? {});
  return refusal(subject, { status: code, contentType: 'application/json', retryAfter: undefined, body });
}

function cut(server: string, resource: ApiResource, cause: unknown): KubeApiError {
  const message = `The watch of ${resource.plural} at ${server} was cut off`;
  return new KubeApiError({ code: 'ClusterUnreachable', source: 'remote', status: 0, retryable: true, message, cause });
}
