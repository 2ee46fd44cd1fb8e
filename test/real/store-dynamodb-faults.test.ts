// The DynamoDB store when the table is slow, refuses, is gone, or loses its answers: nothing is guessed, nothing is done twice.
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { asFailure } from '../../lib/core/errors.ts';
import type { Store } from '../../lib/core/reconcile/store.ts';
import { type DynamoDbLocal, startDynamoDb } from '../support/aws/dynamodb-local/server.ts';
import { storeBench } from '../support/aws/dynamodb-local/store.ts';
import { freePort } from '../support/cluster/processes.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { close, listen } from '../support/git.ts';

let server: DynamoDbLocal;
beforeAll(async () => {
  server = await startDynamoDb();
}, 120_000);
afterAll(async () => await server.close());

const KEY = 'app/main/shop';
const poll = { kind: 'poll', at: 1 } as const;

/** One call of each way to the table. */
const calls: readonly ((store: Store) => Promise<unknown>)[] = [
  (store) => store.now(),
  (store) => store.read(KEY),
  (store) => store.list('app/'),
  (store) => store.hint(KEY, poll),
  (store) => store.take(KEY, 'me', 60_000),
  (store) => store.renew(KEY, { holder: 'me', fence: 1, until: 0 }, 60_000),
  (store) => store.save(KEY, { holder: 'me', fence: 1, until: 0 }, 'x'),
  (store) => store.release(KEY, { holder: 'me', fence: 1, until: 0 }, { seen: 1 }),
  (store) => store.due(1, 1),
  (store) => store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: null }),
  (store) => store.delivery('d', 'aa', { key: KEY, trigger: poll }),
  (store) => store.setValue('x', 1, undefined),
  (store) => store.followers('a'),
];

async function codes(store: Store): Promise<readonly string[]> {
  const answers = calls.map(
    async (call) =>
      await call(store).then(
        () => 'answered',
        (error: unknown) => asFailure(error),
      ),
  );
  const seen = await Promise.all(answers);
  return [
    ...new Set(
      seen.map((one) =>
        typeof one === 'string' ? one : `${one.code} ${one.retryable ? 'again' : 'not'}: ${one.message}`,
      ),
    ),
  ];
}

/** A server that answers everything with one error of DynamoDB. */
async function refusing(status: number, type: string): Promise<string> {
  const http = createServer((req, res) => {
    req.resume();
    res.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', date: new Date().toUTCString() });
    res.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: 'so it is' }));
  });
  onTestFinished(async () => await close(http));
  return `http://127.0.0.1:${await listen(http)}`;
}

it.each([
  [400, 'ProvisionedThroughputExceededException', 'StoreUnavailable again', 'slow down'],
  [400, 'ThrottlingException', 'StoreUnavailable again', 'slow down'],
  [400, 'RequestLimitExceeded', 'StoreUnavailable again', 'slow down'],
  [500, 'InternalServerError', 'StoreUnavailable again', 'cannot be reached'],
  [503, 'ServiceUnavailable', 'StoreUnavailable again', 'cannot be reached'],
  [400, 'AccessDeniedException', 'StoreForbidden not', 'may not read and write'],
  [400, 'ExpiredTokenException', 'StoreForbidden not', 'may not read and write'],
  [400, 'UnrecognizedClientException', 'StoreForbidden not', 'may not read and write'],
  [400, 'ResourceNotFoundException', 'StoreMissing not', 'no table'],
  [400, 'ValidationException', 'StoreRefused not', 'refused'],
])('says what %i %s means, from every call', async (status, type, code, words) => {
  const bench = await storeBench(server.endpoint);
  const seen = await codes(bench.open({ endpoint: await refusing(status, type), attempts: 1 }));
  expect(seen).toHaveLength(1);
  expect(seen[0]).toContain(code);
  expect(seen[0]).toContain(words);
  await expect(bench.open({ endpoint: await refusing(status, type), attempts: 1 }).read(KEY)).rejects.toMatchObject({
    object: `table ${bench.table}`,
    reason: expect.stringContaining('GetItem: ') as string,
    next: expect.any(String) as string,
  });
});

it('is unavailable when nobody listens, and when no answer comes in time', async () => {
  const bench = await storeBench(server.endpoint);
  const nobody = await codes(bench.open({ endpoint: `http://127.0.0.1:${await freePort()}`, attempts: 1 }));
  expect(nobody).toEqual([`StoreUnavailable again: The table ${bench.table} cannot be reached`]);
  const proxy = await startFaultProxy(server.port);
  proxy.set({ kind: 'delay', ms: 60_000 });
  const slow = await codes(bench.open({ endpoint: proxy.url, timeoutMs: 150 }));
  expect(slow).toEqual([`StoreUnavailable again: The table ${bench.table} does not answer in time`]);
});

it('tells the missing table of a real server', async () => {
  const bench = await storeBench(server.endpoint);
  expect(await codes(bench.open({ table: 'nothing-here', attempts: 1 }))).toEqual([
    'StoreMissing not: There is no table nothing-here in this account and region',
  ]);
});

it('goes on when the table asks to slow down for a moment', async () => {
  const bench = await storeBench(server.endpoint);
  const proxy = await startFaultProxy(server.port);
  const store = bench.open({ endpoint: proxy.url });
  proxy.set({ kind: 'status', status: 503, times: 2 });
  await store.hint(KEY, poll);
  expect(await bench.store.read(KEY)).toMatchObject({ wanted: 1 });
});

/** The server does the next request, but its answer is cut off; the SDK asks again. */
async function losing<T>(proxy: FaultProxy, requests: number, call: () => Promise<T>): Promise<T> {
  proxy.set({ kind: 'reset', after: 3, times: requests });
  return await call();
}

it('does nothing twice when an answer was lost', async () => {
  const bench = await storeBench(server.endpoint);
  const proxy = await startFaultProxy(server.port);
  const store = bench.open({ endpoint: proxy.url });
  await store.now();
  const lose = async <T>(call: () => Promise<T>): Promise<T> => await losing(proxy, 1, call);
  // The first request of `hint` is a read; both are lost in turn.
  await losing(proxy, 2, async () => await store.hint(KEY, poll));
  expect((await store.read(KEY))?.wanted).toBe(1);
  const taken = await lose(async () => await store.take(KEY, 'me', 60_000));
  const lease = taken?.lease ?? { holder: '', fence: 0, until: 0 };
  expect(taken).toMatchObject({ lease: { fence: 1, holder: 'me' }, row: { wanted: 1 } });
  expect(await lose(async () => await store.renew(KEY, lease, 60_000))).toBe(true);
  await lose(async () => await store.save(KEY, lease, { n: 1 }));
  expect(await lose(async () => await store.release(KEY, lease, { seen: 1, state: { n: 2 } }))).toEqual({
    kind: 'released',
  });
  expect(await lose(async () => await store.setValue('x', 1, undefined))).toBe(true);
  expect(await lose(async () => await store.delivery('d', 'aa'))).toBe('new');
  const hint = { key: KEY, trigger: poll };
  expect(await losing(proxy, 2, async () => await store.delivery('e', 'aa', hint))).toBe('new');
  await lose(async () => await store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: null }));
  expect(await store.read(KEY)).toMatchObject({ wanted: 2, handled: 1, state: { n: 2 }, fence: 1 });
  expect(await store.runs('main/shop', 9)).toHaveLength(1);
});

it('gets every hint and delivery of a crowd through, whatever transactions meet', async () => {
  const bench = await storeBench(server.endpoint);
  const stores = Array.from({ length: 4 }, () => bench.open());
  const hint = { key: KEY, trigger: poll };
  const crowd = Array.from({ length: 60 }, async (_, i) => {
    const store = stores[i % stores.length] ?? bench.store;
    return i % 3 === 0 ? await store.hint(KEY, poll) : await store.delivery(`d${i}`, 'aa', hint);
  });
  expect(new Set(await Promise.all(crowd))).toEqual(new Set([undefined, 'new']));
  expect((await bench.store.read(KEY))?.wanted).toBe(60);
});

it('gives up on an item that others write all the time', async () => {
  const bench = await storeBench(server.endpoint);
  await bench.store.hint(KEY, poll);
  let number = 0;
  // Between our read and our write somebody else always writes.
  const store = bench.open({
    random: () => {
      number += 1;
      return number / 1e6;
    },
    blobs: {
      ...bench.blobs,
      put: async () => await bench.store.hint(KEY, poll),
    },
  });
  const approval = ['x'.repeat(70_000)];
  await expect(store.intend(KEY, { approval }, poll)).rejects.toMatchObject({
    code: 'StoreUnavailable',
    retryable: true,
    reason: 'PutItem: every try met another write',
  });
  expect((await bench.store.read(KEY))?.intent).toEqual({});
});
