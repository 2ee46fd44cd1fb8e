// Several real processes on one SQLite file: killed, paused, and all at once.
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { holderAlive, newHolder } from '../../lib/adapters/store/holder.ts';
import { sqliteStore } from '../../lib/adapters/store/sqlite.ts';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import { eventually } from '../support/eventually.ts';
import { expectSound, otherProcess } from '../support/other-process.ts';
import type { HammerReport } from '../support/store-process.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = 'app/main/shop';
const hint = { kind: 'push', at: 0 } as const;

function open(file: string): Store {
  const database = openDatabase({ file });
  onTestFinished(() => database.close());
  return sqliteStore({ database, clock: systemClock, alive: holderAlive });
}

it('takes the lease of a killed process at once', async () => {
  const file = join(tempDir(), 'state.db');
  const store = open(file);
  await store.hint(KEY, hint);
  const other = await otherProcess({ file });
  const theirs = await other.ask<Lease>({ do: 'take', key: KEY, ttlMs: 60_000 });
  expect(theirs.fence).toBe(1);
  expect(await store.take(KEY, newHolder(), 60_000)).toBeUndefined();
  expect(await store.due(systemClock.now(), 10)).toEqual([]);
  other.signal('SIGKILL');
  await other.ended;
  expect(await store.due(systemClock.now(), 10)).toEqual([KEY]);
  expect((await store.take(KEY, newHolder(), 60_000))?.lease.fence).toBe(2);
});

it('lets a process that was paused past its lease write nothing more', async () => {
  const file = join(tempDir(), 'state.db');
  const store = open(file);
  await store.hint(KEY, hint);
  const other = await otherProcess({ file });
  const theirs = await other.ask<Lease>({ do: 'take', key: KEY, ttlMs: 300 });
  other.signal('SIGSTOP');
  const mine = await eventually(() => store.take(KEY, newHolder(), 60_000), { what: 'the paused lease to end' });
  expect(mine.lease.fence).toBeGreaterThan(theirs.fence);
  await store.save(KEY, mine.lease, { by: 'the second' });
  other.signal('SIGCONT');
  expect(await other.ask({ do: 'save', key: KEY })).toEqual({ failure: 'LeaseLost' });
  expect((await store.read(KEY))?.state).toEqual({ by: 'the second' });
});

it('keeps every invariant while three processes hammer the same rows', async () => {
  const file = join(tempDir(), 'state.db');
  const store = open(file);
  const keys = Array.from({ length: 4 }, (_, i) => `app/main/a${i}`);
  for (const key of keys) await store.hint(key, hint);
  const others = await Promise.all([1, 2, 3].map(() => otherProcess({ file })));
  const seed = Math.floor(Math.random() * 1e9);
  const reports = await Promise.all(
    others.map((other, i) => other.ask<HammerReport>({ do: 'hammer', keys, rounds: 1500, seed: seed + i })),
  );

  expect(reports.flatMap(({ fences }) => fences).length).toBeGreaterThan(100);
  await expectSound({ store, keys, reports, seed });
});

it('is whole after processes were killed in the middle of writing, and every lease of theirs is free', async () => {
  const file = join(tempDir(), 'state.db');
  const store = open(file);
  const keys = Array.from({ length: 8 }, (_, i) => `app/main/a${i}`);
  for (const key of keys) await store.hint(key, hint);
  for (let kill = 0; kill < 3; kill += 1) {
    const before = (await store.list('')).reduce((sum, row) => sum + row.fence, 0);
    const others = await Promise.all([1, 2].map(() => otherProcess({ file })));
    for (const [i, other] of others.entries()) {
      void other.ask({ do: 'hammer', keys, rounds: 1e9, seed: kill * 10 + i }).catch(() => {});
    }
    await eventually(async () => (await store.list('')).reduce((sum, row) => sum + row.fence, 0) > before + 50);
    for (const other of others) other.signal('SIGKILL');
    await Promise.all(others.map(({ ended }) => ended));
    const database = openDatabase({ file });
    expect(database.statement('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    database.close();
    for (const row of await store.list('')) {
      expect(row.handled).toBeLessThanOrEqual(row.wanted);
      const taken = await store.take(row.key, newHolder(), 60_000);
      expect(taken?.lease.fence).toBe(row.fence + 1);
      await store.release(row.key, taken!.lease, { seen: taken!.row.wanted });
    }
  }
});

it('opens one new file from several processes at the same moment', async () => {
  const file = join(tempDir(), 'state.db');
  const others = await Promise.all([1, 2, 3, 4].map(() => otherProcess({ file })));
  const store = open(file);
  await store.hint(KEY, hint);
  const answers = await Promise.all(
    others.map((other) => other.ask<Lease | null>({ do: 'take', key: KEY, ttlMs: 60_000 })),
  );
  expect(answers.filter((answer) => answer !== null)).toHaveLength(1);
});
