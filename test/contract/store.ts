// What every store promises, whatever it keeps its rows in. Contracts §1.
import { describe, expect, it } from 'vitest';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import type { Trigger } from '../../lib/core/trigger/model.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { storeRecordsContract } from './store-records.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** The same rows through a new connection; the same store where there is no such thing. */
  readonly reopen: () => Store;
}

export interface StoreWorld {
  readonly clock: FakeClock;
  /** Holders whose process is gone. */
  readonly dead: Set<string>;
}

const HOUR = 3_600_000;
const KEY = 'app/main/shop';

export interface StoreTraits {
  /** Whether the store can know that a holder's process is gone; one that cannot lets the lease run out. */
  readonly seesDeadHolders: boolean;
}

/** Runs the suite. `make` is called in each test and cleans up after it. */
export function storeContract(
  name: string,
  make: (world: StoreWorld) => StoreUnderTest | Promise<StoreUnderTest>,
  traits: StoreTraits = { seesDeadHolders: true },
): void {
  const begin = async (): Promise<StoreUnderTest & StoreWorld> => {
    const world = { clock: fakeClock(), dead: new Set<string>() };
    return { ...world, ...(await make(world)) };
  };
  const push = (world: StoreWorld, note = 'abc'): Trigger => ({ kind: 'push', at: world.clock.now(), note });

  describe(`${name}: rows`, () => {
    it('makes a row with its first hint, and counts every further one', async () => {
      const world = await begin();
      expect(await world.store.read(KEY)).toBeUndefined();
      await world.store.hint(KEY, push(world));
      await world.store.hint(KEY, push(world, 'def'));
      expect(await world.store.read(KEY)).toEqual({
        v: 1,
        key: KEY,
        wanted: 2,
        handled: 0,
        fence: 0,
        intent: {},
        reasons: [push(world), push(world, 'def')],
      });
    });

    it('keeps the newest 20 reasons', async () => {
      const world = await begin();
      for (let i = 1; i <= 25; i += 1) await world.store.hint(KEY, push(world, `n${i}`));
      const row = await world.store.read(KEY);
      expect(row?.wanted).toBe(25);
      expect(row?.reasons.map(({ note }) => note)).toEqual(Array.from({ length: 20 }, (_, i) => `n${i + 6}`));
    });

    it('lists by prefix, by key, with state', async () => {
      const world = await begin();
      for (const key of ['app/b/x', 'app/a/y', 'repo/a', 'app/a/x', 'app/ab/x'])
        await world.store.hint(key, push(world));
      const held = await world.store.take('app/a/y', 'me', 1000);
      await world.store.save('app/a/y', held!.lease, { phase: 'plan' });
      expect((await world.store.list('app/a/')).map(({ key }) => key)).toEqual(['app/a/x', 'app/a/y']);
      expect((await world.store.list('')).map(({ key }) => key)).toEqual([
        'app/a/x',
        'app/a/y',
        'app/ab/x',
        'app/b/x',
        'repo/a',
      ]);
      expect((await world.store.list('app/'))[1]?.state).toEqual({ phase: 'plan' });
    });

    it('replaces an observation only by a newer one, and raises wanted in the same write', async () => {
      const world = await begin();
      expect(await world.store.assign(KEY, { seq: 5, revision: 'c5' }, push(world))).toBe(true);
      expect(await world.store.assign(KEY, { seq: 4, revision: 'c4' }, push(world))).toBe(false);
      expect(await world.store.assign(KEY, { seq: 5, revision: 'other' }, push(world))).toBe(false);
      expect(await world.store.read(KEY)).toMatchObject({ wanted: 1, source: { seq: 5, revision: 'c5' } });
      expect(await world.store.assign(KEY, { seq: 6, revision: 'c6' }, push(world))).toBe(true);
      expect(await world.store.read(KEY)).toMatchObject({ wanted: 2, source: { seq: 6, revision: 'c6' } });
    });

    it('merges intent, removes what is undefined, and raises wanted', async () => {
      const world = await begin();
      await world.store.intend(KEY, { suspended: true, pin: 'run-1' }, push(world));
      await world.store.intend(KEY, { pin: undefined, sync: 1 }, push(world));
      const row = await world.store.read(KEY);
      expect(row?.intent).toEqual({ suspended: true, sync: 1 });
      expect(row?.intent).not.toHaveProperty('pin');
      expect(row?.wanted).toBe(2);
    });

    it('is not changed through a value that it gave or was given', async () => {
      const world = await begin();
      const trigger = { kind: 'push' as const, at: 1, note: 'given' };
      await world.store.hint(KEY, trigger);
      trigger.note = 'changed';
      const row = await world.store.read(KEY);
      (row!.reasons as Trigger[]).length = 0;
      expect((await world.store.read(KEY))?.reasons).toEqual([{ kind: 'push', at: 1, note: 'given' }]);
    });

    it('removes a row unless it is leased, and never gives out its fencing numbers again', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const first = await world.store.take(KEY, 'me', 1000);
      expect(await world.store.remove(KEY)).toBe(false);
      await world.store.release(KEY, first!.lease, { seen: 1, state: { big: true } });
      expect(await world.store.remove(KEY)).toBe(true);
      expect(await world.store.remove(KEY)).toBe(true);
      expect(await world.store.read(KEY)).toBeUndefined();
      await world.store.hint(KEY, push(world));
      expect((await world.store.read(KEY))?.state).toBeUndefined();
      const second = await world.store.take(KEY, 'me', 1000);
      expect(second!.lease.fence).toBeGreaterThan(first!.lease.fence);
    });
  });

  describe(`${name}: wanted and handled`, () => {
    it('releases when nothing came meanwhile, and forgets the reasons', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const { row, lease } = (await world.store.take(KEY, 'me', 1000))!;
      const due = world.clock.now() + HOUR;
      expect(await world.store.release(KEY, lease, { seen: row.wanted, due, state: { at: 'c1' } })).toEqual({
        kind: 'released',
      });
      expect(await world.store.read(KEY)).toEqual({
        v: 1,
        key: KEY,
        wanted: 1,
        handled: 1,
        fence: 1,
        due,
        reasons: [],
        intent: {},
        state: { at: 'c1' },
      });
    });

    it('goes round again with the lease kept when a hint came meanwhile', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world, 'first'));
      const { row, lease } = (await world.store.take(KEY, 'me', 1000))!;
      await world.store.hint(KEY, push(world, 'second'));
      const again = await world.store.release(KEY, lease, { seen: row.wanted, state: { at: 'c1' } });
      expect(again.kind).toBe('again');
      expect(again.kind === 'again' && again.row).toMatchObject({
        wanted: 2,
        handled: 1,
        lease,
        reasons: [{ note: 'second' }],
        state: { at: 'c1' },
      });
      expect(await world.store.take(KEY, 'other', 1000)).toBeUndefined();
      expect(await world.store.release(KEY, lease, { seen: 2 })).toEqual({ kind: 'released' });
      expect(await world.store.read(KEY)).toMatchObject({ wanted: 2, handled: 2, reasons: [], state: { at: 'c1' } });
    });

    it('keeps the state that was saved when the release brings none, and drops a due that was not set again', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const first = await world.store.take(KEY, 'me', 1000);
      await world.store.release(KEY, first!.lease, { seen: 1, due: 5, state: { n: 1 } });
      const second = await world.store.take(KEY, 'me', 1000);
      expect(second!.row.state).toEqual({ n: 1 });
      await world.store.save(KEY, second!.lease, { n: 2 });
      await world.store.release(KEY, second!.lease, { seen: 1 });
      const row = await world.store.read(KEY);
      expect(row?.state).toEqual({ n: 2 });
      expect(row?.due).toBeUndefined();
    });

    it('never counts as handled what was not wanted yet', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const { lease } = (await world.store.take(KEY, 'me', 1000))!;
      await world.store.release(KEY, lease, { seen: 99 });
      await world.store.hint(KEY, push(world));
      expect(await world.store.read(KEY)).toMatchObject({ wanted: 2, handled: 1 });
    });
  });

  describe(`${name}: leases`, () => {
    it('gives a row to one holder at a time, and none for a row that is not there', async () => {
      const world = await begin();
      expect(await world.store.take(KEY, 'me', 1000)).toBeUndefined();
      await world.store.hint(KEY, push(world));
      const mine = await world.store.take(KEY, 'me', 1000);
      expect(mine).toMatchObject({ lease: { holder: 'me', fence: 1 }, row: { lease: { holder: 'me', fence: 1 } } });
      expect(await world.store.take(KEY, 'other', 1000)).toBeUndefined();
      expect(await world.store.take(KEY, 'me', 1000)).toBeUndefined();
    });

    it('gives each take a higher fence, across releases and reopening', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const fences: number[] = [];
      let { store } = world;
      for (let i = 0; i < 4; i += 1) {
        const { lease } = (await store.take(KEY, 'me', 1000))!;
        fences.push(lease.fence);
        await store.release(KEY, lease, { seen: 1 });
        store = world.reopen();
      }
      expect(fences).toEqual([1, 2, 3, 4]);
    });

    it('ends by itself: a holder that was paused can neither save, renew nor release once another has taken over', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const paused = (await world.store.take(KEY, 'paused', 60_000))!.lease;
      world.clock.advance(60_001);
      const next = (await world.store.take(KEY, 'next', 60_000))!.lease;
      expect(next.fence).toBeGreaterThan(paused.fence);
      await expect(world.store.save(KEY, paused, { stale: true })).rejects.toMatchObject({ code: 'LeaseLost' });
      await expect(world.store.release(KEY, paused, { seen: 1, state: { stale: true } })).rejects.toMatchObject({
        code: 'LeaseLost',
      });
      expect(await world.store.renew(KEY, paused, 60_000)).toBe(false);
      await world.store.save(KEY, next, { fresh: true });
      expect((await world.store.read(KEY))?.state).toEqual({ fresh: true });
      await world.store.release(KEY, next, { seen: 1 });
      await expect(world.store.save(KEY, paused, { stale: true })).rejects.toMatchObject({ code: 'LeaseLost' });
    });

    it('counts takes that no release has followed, and releases in a row that followed a failure', async () => {
      const world = await begin();
      const { store } = world;
      const counted = async () => {
        const { takes = 0, failures = 0 } = (await store.read(KEY)) ?? {};
        return { takes, failures };
      };
      const take = async (): Promise<Lease> => {
        world.clock.advance(1_001);
        return (await store.take(KEY, 'a', 1_000))!.lease;
      };
      await store.hint(KEY, push(world));
      expect(await counted()).toEqual({ takes: 0, failures: 0 });
      await take();
      // What is saved may be what the worker dies of next.
      await store.save(KEY, await take(), { step: 1 });
      await store.hint(KEY, push(world));
      expect(await counted()).toEqual({ takes: 2, failures: 0 });
      await store.release(KEY, await take(), { seen: 2, failed: true });
      expect(await counted()).toEqual({ takes: 0, failures: 1 });
      const third = await take();
      await store.hint(KEY, push(world));
      expect(await store.release(KEY, third, { seen: 2, failed: true })).toMatchObject({ kind: 'again' });
      expect(await counted()).toEqual({ takes: 0, failures: 2 });
      await store.release(KEY, third, { seen: 3 });
      expect(await counted()).toEqual({ takes: 0, failures: 0 });
    });

    it('is not the old one when the same holder took it anew', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const old = (await world.store.take(KEY, 'me', 1000))!.lease;
      world.clock.advance(1001);
      await world.store.take(KEY, 'me', 1000);
      await expect(world.store.save(KEY, old, {})).rejects.toMatchObject({ code: 'LeaseLost' });
      expect(await world.store.renew(KEY, old, 1000)).toBe(false);
    });

    it('is lost with its row', async () => {
      const world = await begin();
      const lease: Lease = { holder: 'me', fence: 1, until: 0 };
      await expect(world.store.save(KEY, lease, {})).rejects.toMatchObject({ code: 'LeaseLost', object: KEY });
      expect(await world.store.renew(KEY, lease, 1000)).toBe(false);
    });

    it('lasts as long as it is renewed', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const { lease } = (await world.store.take(KEY, 'me', 60_000))!;
      for (let i = 0; i < 10; i += 1) {
        world.clock.advance(15_000);
        expect(await world.store.renew(KEY, lease, 60_000)).toBe(true);
      }
      expect(await world.store.take(KEY, 'other', 60_000)).toBeUndefined();
      expect((await world.store.read(KEY))?.lease?.until).toBe(world.clock.now() + 60_000);
      await world.store.save(KEY, lease, { ok: true });
    });

    const whenGone = traits.seesDeadHolders ? 'is taken at once' : 'runs out';
    it(`${whenGone} when the process of its holder is gone`, async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      const killed = (await world.store.take(KEY, 'killed', 60_000))!.lease;
      expect(await world.store.due(world.clock.now(), 10)).toEqual([]);
      world.dead.add('killed');
      expect(await world.store.due(world.clock.now(), 10)).toEqual(traits.seesDeadHolders ? [KEY] : []);
      if (!traits.seesDeadHolders) world.clock.advance(60_001);
      expect(await world.store.due(world.clock.now(), 10)).toEqual([KEY]);
      const next = await world.store.take(KEY, 'next', 60_000);
      expect(next!.lease.fence).toBe(killed.fence + 1);
    });

    it('neither ends early nor lasts longer when the wall clock is set', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      await world.store.take(KEY, 'me', 60_000);
      world.clock.setWall(world.clock.now() + HOUR);
      expect(await world.store.take(KEY, 'other', 60_000)).toBeUndefined();
      world.clock.setWall(world.clock.now() - 3 * HOUR);
      expect(await world.store.take(KEY, 'other', 60_000)).toBeUndefined();
      world.clock.advance(60_001);
      expect(await world.store.take(KEY, 'other', 60_000)).toBeDefined();
    });
  });

  describe(`${name}: due`, () => {
    /** Leaves a settled row with a due time. */
    const settle = async (world: StoreWorld & StoreUnderTest, key: string, due?: number): Promise<void> => {
      await world.store.hint(key, push(world));
      const { row, lease } = (await world.store.take(key, 'me', 1000))!;
      await world.store.release(key, lease, { seen: row.wanted, ...(due === undefined ? {} : { due }) });
    };

    it('tells the rows that are due or hinted and not leased, oldest first', async () => {
      const world = await begin();
      const now = world.clock.now();
      await settle(world, 'app/m/later', now + 1);
      await settle(world, 'app/m/never');
      await settle(world, 'app/m/old', now - 500);
      await settle(world, 'app/m/older', now - 900);
      await settle(world, 'app/m/now', now);
      await settle(world, 'app/m/hinted', now + HOUR);
      await world.store.hint('app/m/hinted', { kind: 'manual', at: now - 700 });
      await settle(world, 'app/m/busy', now - 2000);
      await world.store.take('app/m/busy', 'me', 1000);
      expect(await world.store.due(now, 10)).toEqual(['app/m/older', 'app/m/hinted', 'app/m/old', 'app/m/now']);
      expect(await world.store.due(now, 2)).toEqual(['app/m/older', 'app/m/hinted']);
      expect(await world.store.due(now + 1, 10)).toContain('app/m/later');
    });

    it('tells a due row again after its holder died', async () => {
      const world = await begin();
      await settle(world, KEY, world.clock.now());
      await world.store.take(KEY, 'me', 1000);
      expect(await world.store.due(world.clock.now(), 10)).toEqual([]);
      world.clock.advance(1001);
      expect(await world.store.due(world.clock.now(), 10)).toEqual([KEY]);
    });

    it('tells a hinted row even when the clock was set back after the hint', async () => {
      const world = await begin();
      await world.store.hint(KEY, push(world));
      world.clock.setWall(world.clock.now() - HOUR);
      expect(await world.store.due(world.clock.now(), 10)).toEqual([KEY]);
    });

    it('does not tell twice what was done before the clock was set back', async () => {
      const world = await begin();
      const now = world.clock.now();
      await settle(world, KEY, now + HOUR);
      world.clock.setWall(now - HOUR);
      expect(await world.store.due(world.clock.now(), 10)).toEqual([]);
    });
  });

  storeRecordsContract(name, begin);
}
