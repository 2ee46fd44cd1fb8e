// A real server on a free port, with the routes of a home, stores in memory, and applications that a test names.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { githubWebhooks } from '../../lib/adapters/webhook/github.ts';
import type { Queue, Store } from '../../lib/core/reconcile/store.ts';
import { receiveDelivery } from '../../lib/runtime/deliveries.ts';
import { createFeed, type Feed } from '../../lib/runtime/feed.ts';
import { type NodeHandler, type RunningServer, startServer } from '../../lib/runtime/http.ts';
import type { WebOptions } from '../../lib/web/options.ts';
import type { AppName, Views } from '../../lib/web/views.ts';
import { createWeb } from '../../lib/web/web.ts';
import { fakeClock, type FakeClock } from './fake-clock.ts';

export const TOKEN = 'token-of-the-test';

export interface WebUnderTest {
  readonly server: RunningServer;
  readonly store: Store;
  readonly queue: Queue;
  readonly feed: Feed;
  readonly clock: FakeClock;
  /** Errors that were answered with 500 or 503. */
  readonly errors: unknown[];
  /** A request with the token, unless `headers` say otherwise. */
  readonly call: (
    method: string,
    path: string,
    init?: { readonly body?: unknown; readonly headers?: Record<string, string> },
  ) => Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly [key: string]: unknown };
}

export interface WebSetup {
  readonly apps?: readonly AppName[];
  readonly views?: Partial<Views>;
  readonly options?: Partial<WebOptions>;
  readonly handlers?: readonly NodeHandler[];
}

export async function webUnderTest(setup: WebSetup = {}): Promise<WebUnderTest> {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const queue = memoryQueue({ clock });
  const feed = createFeed({ start: 'test', capacity: 5 });
  const errors: unknown[] = [];
  const stopping = new AbortController();
  const web = createWeb({
    store,
    queue,
    views: { ...viewsOf(setup.apps ?? [], feed), ...setup.views },
    token: TOKEN,
    webhookSecrets: async () => [],
    scheme: githubWebhooks,
    hash: (data) => createHash('sha256').update(data).digest('hex'),
    now: clock.now,
    receive: async (delivery) => await receiveDelivery({ store, queue, ...setup.options, now: clock.now }, delivery),
    onError: (error) => errors.push(error),
    stopping: stopping.signal,
    ...setup.options,
  });
  const fetchWeb = (incoming: Request): Response | Promise<Response> => web.fetch(incoming);
  const server = await startServer({
    fetch: fetchWeb,
    handlers: setup.handlers ?? [],
    onError: (error) => errors.push(error),
  });
  onTestFinished(async () => {
    stopping.abort();
    await server.close();
  });
  return {
    server,
    store,
    queue,
    feed,
    clock,
    errors,
    call: async (method, path, init = {}) => {
      const { body } = init;
      const headers = {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...init.headers,
      };
      const bytes = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
      const response = await fetch(server.url + path, {
        method,
        headers,
        ...(bytes === undefined ? {} : { body: bytes }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
      };
    },
  };
}

function viewsOf(apps: readonly AppName[], feed: Feed): Views {
  const shown = (ids?: readonly string[]): readonly AppName[] =>
    apps.filter(({ id }) => ids === undefined || ids.includes(id));
  return {
    apps: async () => apps,
    status: async (ids) => ({
      schemaVersion: 1,
      apps: shown(ids).map(({ name }) => ({
        name,
        target: 'demo',
        sync: 'Synced',
        health: 'Healthy',
        revision: 'c1',
        appliedRevision: 'c1',
        message: 'In sync',
        lastRun: null,
      })),
    }),
    history: async (id, limit) => ({ schemaVersion: 1, app: `${id} ${limit}`, runs: [] }),
    drift: async (ids) => ({
      schemaVersion: 1,
      apps: shown(ids).map(({ name }) => ({ name, target: 'demo', checkedAt: null, items: [] })),
    }),
    rollbackChoice: async (_id, to) => ({ kind: 'run', run: to ?? 'r1', revision: '0123456789abcdef' }),
    imageFollowers: async () => [],
    events: (after, signal) => feed.follow(after, signal),
  };
}

/** Bytes over a socket, and everything that comes back until the other side closes or `until` is seen. */
export function rawRequest(port: number, bytes: string | Buffer, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes));
    let text = '';
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no answer within 5 s, only ${JSON.stringify(text)}`)));
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (until !== undefined && text.includes(until)) socket.destroy();
    });
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.on('close', () => resolve(text));
  });
}

/** A request with headers that `fetch` would not send, such as `Host`. */
export function sendRaw(
  url: string,
  options: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: string },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = options;
    const sent = request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
