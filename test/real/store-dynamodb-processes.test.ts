// Several processes on one DynamoDB table: killed, paused, and all at once.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { join } from 'node:path';
import { fsBlobs } from '../../lib/adapters/blob/fs.ts';
import { systemClock } from '../../lib/adapters/clock.ts';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import { type DynamoDbLocal, startDynamoDb } from '../support/aws/dynamodb-local/server.ts';
import { storeBench } from '../support/aws/dynamodb-local/store.ts';
import { eventually } from '../support/eventually.ts';
import { expectSound, otherProcess } from '../support/other-process.ts';
import type { HammerReport, StorePlace } from '../support/store-process.ts';
import { tempDir } from '../support/temp-dir.ts';

let server: DynamoDbLocal;
beforeAll(async () => {
  server = await startDynamoDb();
}, 120_000);
afterAll(async () => await server.close());

const KEY = 'app/main/shop';
const hint = { kind: 'push', at: 0 } as const;

async function shared(): Promise<{ readonly store: Store; readonly place: StorePlace }> {
  const directory = join(tempDir(), 'blobs');
  const { open, table } = await storeBench(server.endpoint);
  const store = open({ blobs: fsBlobs(directory) });
  await store.now();
  return { store, place: { endpoint: server.endpoint, table, blobs: directory } };
}

it('keeps every invariant while three processes hammer the same rows, with states that lie in blobs', async () => {
  const { store, place } = await shared();
  const keys = ['app/main/a', 'app/main/b', 'app/main/c'];
  for (const key of keys) await store.hint(key, hint);
  const others = await Promise.all([1, 2, 3].map(async () => await otherProcess(place)));
  const seed = Math.floor(Math.random() * 1e9);
  const rounds = { rounds: 150, pad: 70_000 };
  const reports = await Promise.all(
    others.map(async (other, i) => await other.ask<HammerReport>({ do: 'hammer', keys, seed: seed + i, ...rounds })),
  );
  await expectSound({ store, keys, reports, seed });
  expect(await fsBlobs((place as { readonly blobs: string }).blobs).list('overflow/')).toHaveLength(keys.length);
});

it('lets the lease of a killed process run out, and then gives it on with a higher number', async () => {
  const { store, place } = await shared();
  await store.hint(KEY, hint);
  const other = await otherProcess(place);
  const theirs = await other.ask<Lease>({ do: 'take', key: KEY, ttlMs: 2_500 });
  other.signal('SIGKILL');
  await other.ended;
  expect(await store.take(KEY, 'me', 60_000)).toBeUndefined();
  expect(await store.due(systemClock.now(), 10)).toEqual([]);
  await eventually(async () => (await store.due(systemClock.now(), 10)).includes(KEY), { what: 'the row to be due' });
  const mine = await eventually(async () => await store.take(KEY, 'me', 60_000), { what: 'the lease to end' });
  expect(mine.lease.fence).toBe(theirs.fence + 1);
});

it('lets a process that was paused past its lease write nothing more', async () => {
  const { store, place } = await shared();
  await store.hint(KEY, hint);
  const other = await otherProcess(place);
  const theirs = await other.ask<Lease>({ do: 'take', key: KEY, ttlMs: 500 });
  other.signal('SIGSTOP');
  const mine = await eventually(async () => await store.take(KEY, 'me', 60_000), { what: 'the paused lease to end' });
  expect(mine.lease.fence).toBeGreaterThan(theirs.fence);
  await store.save(KEY, mine.lease, { by: 'the second' });
  other.signal('SIGCONT');
  expect(await other.ask({ do: 'save', key: KEY })).toEqual({ failure: 'LeaseLost' });
  expect((await store.read(KEY))?.state).toEqual({ by: 'the second' });
});

it('is whole after processes were killed in the middle of writing', async () => {
  const { store, place } = await shared();
  const keys = ['app/main/a', 'app/main/b', 'app/main/c', 'app/main/d'];
  for (const key of keys) await store.hint(key, hint);
  const fences = async () => (await store.list('')).reduce((sum, row) => sum + row.fence, 0);
  for (let kill = 0; kill < 3; kill += 1) {
    const before = await fences();
    const other = await otherProcess(place);
    const work = { keys, rounds: 1e9, seed: kill, pad: 70_000 };
    void other.ask({ do: 'hammer', ...work }).catch(() => {});
    await eventually(async () => (await fences()) > before + 5, { what: 'some work', within: 20_000 });
    other.signal('SIGKILL');
    await other.ended;
    for (const row of await store.list('')) {
      expect(row.handled).toBeLessThanOrEqual(row.wanted);
      expect((row.state as { readonly pad?: string } | undefined)?.pad?.length ?? 70_000).toBe(70_000);
    }
  }
});
