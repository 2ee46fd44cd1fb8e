// What the DynamoDB store sends and keeps: requests per call, members over the size of an item, formats of newer versions, time.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../../lib/core/reconcile/store.ts';
import { type DynamoDbLocal, startDynamoDb } from '../support/aws/dynamodb-local/server.ts';
import { storeBench } from '../support/aws/dynamodb-local/store.ts';

let server: DynamoDbLocal;
beforeAll(async () => {
  server = await startDynamoDb();
}, 120_000);
afterAll(async () => await server.close());

const KEY = 'app/main/shop';
const poll = { kind: 'poll', at: 1 } as const;
const large = (fill: string) => ({ text: fill.repeat(600_000) });

async function held(store: Store, key = KEY) {
  await store.hint(key, poll);
  const taken = await store.take(key, 'me', 60_000);
  return taken?.lease ?? { holder: 'nobody', fence: 0, until: 0 };
}

it('makes few requests', async () => {
  const { store, requests } = await storeBench(server.endpoint);
  const counted: Record<string, readonly string[]> = {};
  const count = async <T>(what: string, call: Promise<T>): Promise<T> => {
    const answer = await call;
    counted[what] = requests();
    return answer;
  };
  await count('now, first', store.now());
  await count('now', store.now());
  await count('hint, new row', store.hint(KEY, poll));
  await count('hint, one is there', store.hint(KEY, poll));
  await count('assign', store.assign(KEY, { seq: 1 }, poll));
  await count('assign, older', store.assign(KEY, { seq: 1 }, poll));
  await count('intend', store.intend(KEY, { sync: 1 }, poll));
  await count('read', store.read(KEY));
  await count('list', store.list('app/'));
  await count('list all', store.list(''));
  const lease = (await count('take', store.take(KEY, 'me', 60_000)))?.lease ?? { holder: '', fence: 0, until: 0 };
  await count('take, held', store.take(KEY, 'other', 60_000));
  await count('renew', store.renew(KEY, lease, 60_000));
  await count('save', store.save(KEY, lease, { phase: 'plan' }));
  await count('release, hinted meanwhile', store.release(KEY, lease, { seen: 1 }));
  await count('release', store.release(KEY, lease, { seen: 4, due: 5, state: { phase: 'rest' } }));
  await count('due', store.due(10, 10));
  await count('remove', store.remove(KEY));
  const run = { v: 1, id: 'r1', app: 'main/shop', seq: 1, record: null } as const;
  await count('putRun, new', store.putRun(run));
  await count('putRun', store.putRun(run));
  await count('putRun, new, one too many', store.putRun({ ...run, id: 'r201', seq: 201 }));
  await count('runs', store.runs('main/shop', 10));
  await count('run', store.run('r201'));
  await count('delivery', store.delivery('d1', 'aa'));
  await count('delivery, hint', store.delivery('d2', 'aa', { key: 'repo/main', trigger: poll }));
  await count('delivery, duplicate', store.delivery('d2', 'aa', { key: 'repo/main', trigger: poll }));
  await count('getValue', store.getValue('port'));
  await count('setValue', store.setValue('port', 1, undefined));
  await count('setFollows', store.setFollows('root', ['a', 'b']));
  await count('setFollows, the same', store.setFollows('root', ['a', 'b']));
  await count('followers', store.followers('a'));
  expect(counted).toEqual({
    'now, first': ['GetItem'],
    now: [],
    'hint, new row': ['GetItem', 'PutItem'],
    'hint, one is there': ['GetItem', 'UpdateItem'],
    assign: ['GetItem', 'PutItem'],
    'assign, older': ['GetItem'],
    intend: ['GetItem', 'PutItem'],
    read: ['GetItem'],
    list: ['Query'],
    'list all': ['Query', 'Query', 'Query'],
    take: ['UpdateItem'],
    'take, held': ['UpdateItem'],
    renew: ['UpdateItem'],
    save: ['UpdateItem'],
    'release, hinted meanwhile': ['UpdateItem', 'PutItem'],
    release: ['UpdateItem'],
    due: ['Query', 'Query'],
    remove: ['GetItem', 'PutItem'],
    'putRun, new': ['UpdateItem', 'TransactWriteItems'],
    putRun: ['UpdateItem'],
    'putRun, new, one too many': ['UpdateItem', 'TransactWriteItems', 'Query', 'GetItem', 'TransactWriteItems'],
    runs: ['Query'],
    run: ['GetItem', 'GetItem'],
    delivery: ['PutItem'],
    'delivery, hint': ['GetItem', 'TransactWriteItems'],
    'delivery, duplicate': ['GetItem', 'TransactWriteItems'],
    getValue: ['GetItem'],
    setValue: ['PutItem'],
    setFollows: ['Query', 'TransactWriteItems'],
    'setFollows, the same': ['Query'],
    followers: ['Query'],
  });
});

it('keeps members larger than an item, and removes the blob of one that was replaced', async () => {
  const { store, blobs } = await storeBench(server.endpoint);
  const lease = await held(store);
  await store.save(KEY, lease, large('a'));
  expect((await store.read(KEY))?.state).toEqual(large('a'));
  await store.assign(KEY, { seq: 7, ...large('s') }, poll);
  await store.intend(KEY, { approval: Array.from({ length: 6_000 }, (_, i) => `change-${i}`.padEnd(64, '.')) }, poll);
  expect(await store.assign(KEY, { seq: 7 }, poll)).toBe(false);
  await store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: large('r') });
  await store.setValue('catalogue', large('v'), undefined);
  expect(await blobs.list('overflow/')).toHaveLength(5);
  expect(await store.setValue('catalogue', large('w'), large('v'))).toBe(true);
  expect(await store.getValue('catalogue')).toEqual(large('w'));
  await store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: large('q') });
  expect((await store.run('r'))?.record).toEqual(large('q'));
  await store.save(KEY, lease, large('b'));
  const again = await store.release(KEY, lease, { seen: 1, state: large('c') });
  expect(again.kind === 'again' && again.row).toMatchObject({ state: large('c'), source: { seq: 7, ...large('s') } });
  expect((await store.list('app/'))[0]?.intent.approval).toHaveLength(6_000);
  expect(await blobs.list('overflow/')).toHaveLength(5);
  await store.release(KEY, lease, { seen: 3, state: 'small' });
  expect(await blobs.list('overflow/')).toHaveLength(4);
  await store.remove(KEY);
  expect(await blobs.list('overflow/')).toHaveLength(2);
});

it('does not fetch a large state to note a hint', async () => {
  const bench = await storeBench(server.endpoint);
  const fetched: string[] = [];
  const get = async (key: string) => {
    fetched.push(key);
    return await bench.blobs.get(key);
  };
  const store = bench.open({ blobs: { ...bench.blobs, get } });
  const lease = await held(store);
  await store.save(KEY, lease, large('a'));
  await store.hint(KEY, poll);
  await store.renew(KEY, lease, 60_000);
  expect(fetched).toEqual([]);
  expect(await store.read(KEY)).toMatchObject({ wanted: 2, state: large('a') });
});

it('reads what replaced a member while it was reading', async () => {
  const bench = await storeBench(server.endpoint);
  const lease = await held(bench.store);
  await bench.store.save(KEY, lease, large('a'));
  let swapped = false;
  const get = async (key: string) => {
    if (!swapped) {
      swapped = true;
      await bench.store.save(KEY, lease, large('b'));
    }
    return await bench.blobs.get(key);
  };
  const reader = bench.open({ blobs: { ...bench.blobs, get } });
  expect((await reader.read(KEY))?.state).toEqual(large('b'));
});

it('says so when a blob is really gone, and keeps the old state when the new one could not be written', async () => {
  const bench = await storeBench(server.endpoint);
  const lease = await held(bench.store);
  await bench.store.save(KEY, lease, large('a'));
  const full = bench.open({ blobs: { ...bench.blobs, put: async () => await Promise.reject(new Error('no room')) } });
  await expect(full.save(KEY, lease, large('b'))).rejects.toThrow('no room');
  expect((await bench.store.read(KEY))?.state).toEqual(large('a'));
  for (const key of await bench.blobs.list('overflow/')) await bench.blobs.delete(key);
  await expect(bench.store.read(KEY)).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true });
});

it('removes the blob of a write that came too late', async () => {
  const { store, blobs } = await storeBench(server.endpoint);
  await held(store);
  const stale = { holder: 'me', fence: 0, until: 0 };
  await expect(store.save(KEY, stale, large('x'))).rejects.toMatchObject({ code: 'LeaseLost' });
  await expect(store.release(KEY, stale, { seen: 1, state: large('x') })).rejects.toMatchObject({ code: 'LeaseLost' });
  expect(await store.setValue('x', large('x'), 1)).toBe(false);
  expect(await blobs.list('overflow/')).toEqual([]);
});

it('reads pages to their end', async () => {
  const { store, requests } = await storeBench(server.endpoint);
  const pad = 'x'.repeat(50_000);
  await Promise.all(
    Array.from({ length: 45 }, async (_, i) => await store.assign(`app/main/a${i}`, { seq: 1, pad }, poll)),
  );
  requests();
  expect(await store.list('app/main/')).toHaveLength(45);
  expect(requests()).toEqual(['Query', 'Query', 'Query']);
  expect(await store.due(2, 3)).toHaveLength(3);
  for (const { key } of (await store.list('app/')).slice(0, 40)) await store.take(key, 'me', 60_000);
  expect(await store.due(2, 5)).toHaveLength(5);
});

it('writes nothing to what a newer version has written', async () => {
  const { store, item, put } = await storeBench(server.endpoint);
  const lease = await held(store);
  await store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: null });
  await store.setValue('x', 1, undefined);
  await store.delivery('d', 'aa');
  const places = [
    ['row#app', KEY],
    ['runs#main/shop', '0000000000000001#r'],
    ['value#x', 'value'],
    ['delivery#d', 'delivery'],
  ] as const;
  const newer = await Promise.all(places.map(async ([pk, sk]) => ({ ...(await item(pk, sk)), v: { N: '2' } })));
  await Promise.all(newer.map(put));
  // In a list it stands in nobody's way.
  await store.hint('app/main/web', poll);
  expect((await store.list('app/')).map((row) => [row.key, row.newer])).toEqual([
    [KEY, 2],
    ['app/main/web', undefined],
  ]);
  const calls: readonly (() => Promise<unknown>)[] = [
    () => store.read(KEY),
    () => store.hint(KEY, poll),
    () => store.assign(KEY, { seq: 9 }, poll),
    () => store.intend(KEY, { sync: 1 }, poll),
    () => store.take(KEY, 'other', 1),
    () => store.renew(KEY, lease, 1),
    () => store.save(KEY, lease, 1),
    () => store.release(KEY, lease, { seen: 1 }),
    () => store.remove(KEY),
    () => store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: 2 }),
    () => store.runs('main/shop', 1),
    () => store.run('r'),
    () => store.getValue('x'),
    () => store.setValue('x', 2, 1),
    () => store.delivery('d', 'aa'),
    () => store.delivery('e', 'aa', { key: KEY, trigger: poll }),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'StateTooNew' });
  expect(await Promise.all(places.map(async ([pk, sk]) => await item(pk, sk)))).toEqual(newer);
  expect(await item('delivery#e', 'delivery')).toBeUndefined();
});

it('marks deliveries for removal a day after they are forgotten', async () => {
  const { store, item } = await storeBench(server.endpoint);
  await store.delivery('d', 'aa');
  const expires = Number((await item('delivery#d', 'delivery'))?.['expires']?.N);
  expect(expires).toBeCloseTo(Date.now() / 1000 + 8 * 24 * 3600, -1);
});

it('goes by the time that the table tells, also after the machine slept', async () => {
  const bench = await storeBench(server.endpoint);
  let slept = 0;
  // A machine whose own clock began at nothing, and stands still while it sleeps.
  const store = bench.open({ monotonic: () => performance.now() - slept });
  expect(Math.abs((await store.now()) - Date.now())).toBeLessThanOrEqual(1_000);
  await store.hint(KEY, poll);
  slept += 3_600_000;
  bench.requests();
  const taken = await store.take(KEY, 'me', 60_000);
  expect(bench.requests()).toEqual(['UpdateItem', 'UpdateItem']);
  expect(Math.abs((taken?.lease.until ?? 0) - 60_000 - Date.now())).toBeLessThanOrEqual(2_000);
  expect((await store.read(KEY))?.lease).toEqual(taken?.lease);
});
