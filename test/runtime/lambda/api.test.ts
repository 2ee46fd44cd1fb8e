// The api function behind its Function URL: who may call was asked by IAM before, and the routes are those of one machine.
import { describe, expect, it } from 'vitest';
import { memoryBlobs } from '../../../lib/adapters/blob/memory.ts';
import { memoryQueue } from '../../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../../lib/adapters/store/memory.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { Store } from '../../../lib/core/reconcile/store.ts';
import { openApi } from '../../../lib/runtime/lambda/api.ts';
import { readUrlEvent } from '../../../lib/runtime/lambda/url-event.ts';
import type { RootSettings } from '../../../lib/runtime/root-settings.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { testBench, urlEvent, type UrlRequest } from '../../support/lambda.ts';

const root: RootSettings = { v: 1, url: 'https://github.com/acme/shop.git', branch: 'main' };
const caller = {
  accountId: '111122223333',
  userArn: 'arn:aws:iam::111122223333:user/ada',
  userId: 'AID',
  callerId: 'AID',
};

function api({ fixed, broken = {} }: { readonly fixed?: RootSettings; readonly broken?: Partial<Store> } = {}) {
  const clock = fakeClock();
  const store = { ...memoryStore({ clock }), ...broken };
  const queue = memoryQueue({ clock });
  const { bench, lines } = testBench();
  const answer = openApi(bench, { store, blobs: memoryBlobs(), queue, fixed, now: clock.now });
  const call = async (method: string, path: string, given: UrlRequest = {}) => {
    const event = urlEvent({ method, path, iam: caller, ...given });
    const { statusCode, body = '', headers = {} } = await answer(readUrlEvent(event));
    return { status: statusCode, headers, body: JSON.parse(body === '' ? '{}' : body) as Record<string, unknown> };
  };
  const put = async (settings: object) =>
    await call('PUT', '/api/repositories/root', {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(settings),
    });
  return { store, queue, answer, call, put, lines };
}

describe('what is asked', () => {
  it('is answered as on one machine', async () => {
    const { call } = api({ fixed: root });
    const answer = await call('GET', '/api/status');
    expect(answer).toMatchObject({ status: 200, body: { schemaVersion: 1, apps: [] } });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  it('says that no repository is connected while none is', async () => {
    const { call, put } = api();
    expect((await call('GET', '/api/status')).body['problems']).toEqual([
      'No repository is connected: holdfast connect URL',
    ]);
    await put({ url: root.url, branch: 'main' });
    expect((await call('GET', '/api/status')).body['problems']).toBeUndefined();
  });

  it('is the same whoever asks: IAM has decided that', async () => {
    const { call } = api({ fixed: root });
    const asked = await Promise.all(
      [caller, undefined, { userArn: 5 }].map(async (iam) => await call('GET', '/api/status', { iam: iam ?? {} })),
    );
    expect(new Set(asked.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it('takes a query string', async () => {
    const { call } = api({ fixed: root });
    expect(await call('GET', '/api/dlq', { query: 'limit=5' })).toMatchObject({ status: 200, body: { letters: [] } });
    expect(await call('GET', '/api/dlq', { query: 'limit=x' })).toMatchObject({ status: 400 });
  });

  it.each([
    ['GET', '/'],
    ['GET', '/api/nothing'],
    ['POST', '/webhook/root'],
    ['DELETE', '/api/repositories/root'],
  ])('%s %s is nowhere here', async (method, path) => {
    const { call, lines } = api({ fixed: root });
    expect(await call(method, path)).toMatchObject({ status: 404, body: { code: 'RouteUnknown' } });
    expect(lines()).toEqual([]);
  });

  it('of an application that nobody knows is said', async () => {
    const { call } = api({ fixed: root });
    expect(await call('GET', '/api/apps/shop')).toMatchObject({ status: 404, body: { code: 'AppUnknown' } });
  });

  it('while the store does not answer is answered so, and logged with its reason', async () => {
    const broken = {
      list: async () => {
        const said = { message: 'The store does not answer', reason: 'dynamodb:Query: timeout', retryable: true };
        throw new HoldfastError({ code: 'StoreUnavailable', source: 'remote', ...said });
      },
    };
    const { call, lines } = api({ fixed: root, broken });
    expect(await call('GET', '/api/status')).toMatchObject({ status: 503, body: { code: 'StoreUnavailable' } });
    const failure = expect.objectContaining({ code: 'StoreUnavailable', reason: 'dynamodb:Query: timeout' });
    expect(lines()).toEqual([expect.objectContaining({ level: 'ERROR', route: 'GET /api/status', failure })]);
  });
});

describe('the root repository', () => {
  it('is connected, kept and rung for', async () => {
    const { call, put, store, queue } = api();
    expect(await call('GET', '/api/repositories/root')).toMatchObject({ status: 404 });
    const document = { schemaVersion: 1, alias: 'root', url: root.url, branch: 'main' };
    expect(await put({ url: root.url, branch: 'main' })).toMatchObject({ status: 200, body: document });
    expect(await call('GET', '/api/repositories/root')).toMatchObject({ status: 200, body: document });
    expect(await store.getValue('root')).toEqual(root);
    expect(await queue.receive('source', 10, 1_000)).toMatchObject([{ body: 'repo/root' }]);
  });

  it('of a stack that was deployed for one stays that one', async () => {
    const { put, store } = api({ fixed: root });
    expect(await put({ url: root.url, branch: 'main' })).toMatchObject({ status: 200 });
    const answer = await put({ url: 'https://github.com/acme/other.git', branch: 'main' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'RepositoryFixed' } });
    expect(await store.getValue('root')).toBeUndefined();
  });

  it.each([{ url: 5 }, { url: root.url, branch: '..' }, { url: root.url, branch: 'main', secretArn: 'x' }, []])(
    'is not what cannot be one: %j',
    async (...[settings]) => {
      const { put, store, queue } = api();
      expect((await put(settings ?? [])).status).toBe(400);
      expect(await store.getValue('root')).toBeUndefined();
      expect(await queue.receive('source', 10, 1_000)).toEqual([]);
    },
  );

  it('is taken as Base64, and not as a form', async () => {
    const { call } = api();
    const body = JSON.stringify({ url: root.url, branch: 'main' });
    const path = '/api/repositories/root';
    const headers = { 'Content-Type': 'application/json' };
    expect(await call('PUT', path, { headers, body, base64: true })).toMatchObject({ status: 200 });
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expect(await call('PUT', path, { headers: form, body })).toMatchObject({ status: 415 });
  });
});

it('events are streamed on one machine only: here the stream ends at once', async () => {
  const { answer } = api({ fixed: root });
  const event = readUrlEvent(urlEvent({ path: '/api/events', iam: caller }));
  expect(await answer(event)).toMatchObject({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } });
});
