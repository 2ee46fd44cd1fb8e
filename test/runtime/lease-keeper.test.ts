// Renewing in the background, and stopping before somebody else could write.
import { expect, it } from 'vitest';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import { LEASE_TTL_MS } from '../../lib/core/reconcile/lease.ts';
import type { Store } from '../../lib/core/reconcile/store.ts';
import { keepLease, type LeaseKeeper } from '../../lib/runtime/lease-keeper.ts';
import { fakeTimers, type FakeTimers } from '../support/fake-timers.ts';

const KEY = 'app/main/shop';

interface World {
  readonly timers: FakeTimers;
  readonly store: Store;
  readonly keeper: LeaseKeeper;
}

/** A taken lease on a store whose clock is the timers' clock; `wrap` spoils the store as the keeper sees it. */
async function begin(wrap: (store: Store) => Pick<Store, 'renew'> = (store) => store): Promise<World> {
  const timers = fakeTimers();
  const store = memoryStore({ clock: { now: timers.monotonic, monotonic: timers.monotonic } });
  await store.hint(KEY, { kind: 'push', at: 0 });
  const sentAt = timers.monotonic();
  const { lease } = (await store.take(KEY, 'me', LEASE_TTL_MS))!;
  const { monotonic, setTimer } = timers;
  return { timers, store, keeper: keepLease({ store: wrap(store), key: KEY, lease, monotonic, sentAt, setTimer }) };
}

const unavailable = new HoldfastError({ code: 'StoreUnavailable', source: 'system', message: 'no answer' });
const lost = expect.objectContaining({ code: 'LeaseLost', object: KEY });

it('keeps a lease for as long as the work takes', async () => {
  const { timers, store, keeper } = await begin();
  for (let minute = 0; minute < 30; minute += 1) {
    await timers.pass(60_000);
    keeper.guard();
    expect(keeper.timeLeft()).toBeGreaterThan(20_000);
    expect(await store.take(KEY, 'other', LEASE_TTL_MS)).toBeUndefined();
  }
  expect(keeper.signal.aborted).toBe(false);
});

it('renews nothing after it was stopped, and lets nothing be written', async () => {
  const { timers, store, keeper } = await begin();
  await timers.pass(20_000);
  await keeper.stop();
  expect(timers.pending()).toBe(0);
  await timers.pass(LEASE_TTL_MS);
  expect(await store.take(KEY, 'other', LEASE_TTL_MS)).toBeDefined();
  expect(keeper.guard).toThrow(lost);
  expect(keeper.timeLeft()).toBe(0);
  expect(keeper.signal.aborted).toBe(false);
});

it('waits at its end for a renewal that is under way, and forgives one that fails', async () => {
  let answer = (): void => {};
  const { timers, keeper } = await begin(() => ({
    renew: async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      throw unavailable;
    },
  }));
  await timers.pass(15_000);
  const order: string[] = [];
  const stopped = keeper.stop().then(() => order.push('stopped'));
  await Promise.resolve();
  await Promise.resolve();
  order.push('answered');
  answer();
  await stopped;
  expect(order).toEqual(['answered', 'stopped']);
  expect(timers.pending()).toBe(0);
});

it('stops a process that was paused: its next guard throws, though no timer has run yet', async () => {
  const { timers, store, keeper } = await begin();
  timers.freeze(2 * LEASE_TTL_MS);
  expect(await store.take(KEY, 'other', LEASE_TTL_MS)).toBeDefined();
  expect(keeper.guard).toThrow(lost);
  expect(keeper.signal.aborted).toBe(true);
  expect(keeper.signal.reason).toEqual(lost);
});

it('gives up before anybody else could take over', async () => {
  const { timers, store, keeper } = await begin();
  timers.freeze(40_000);
  expect(keeper.guard).toThrow(lost);
  expect(await store.take(KEY, 'other', LEASE_TTL_MS)).toBeUndefined();
});

it('says so at once when a renewal finds another holder', async () => {
  const { timers, store, keeper } = await begin((real) => ({
    renew: async () => (await real.read(KEY))?.lease?.holder === 'me',
  }));
  timers.freeze(LEASE_TTL_MS + 1);
  await store.take(KEY, 'other', LEASE_TTL_MS);
  await timers.pass(0);
  expect(keeper.signal.aborted).toBe(true);
  expect(timers.pending()).toBe(0);
});

it('outlasts a store that does not answer for half a minute', async () => {
  let down = true;
  const { timers, store, keeper } = await begin((real) => ({
    renew: async (...call) => {
      if (down) throw unavailable;
      return await real.renew(...call);
    },
  }));
  await timers.pass(35_000);
  keeper.guard();
  down = false;
  await timers.pass(4_000);
  await timers.pass(30_000);
  keeper.guard();
  expect(await store.take(KEY, 'other', LEASE_TTL_MS)).toBeUndefined();
  expect(keeper.signal.aborted).toBe(false);
});

it('gives up on a store that stays away, and aborts what is waiting', async () => {
  const { timers, keeper } = await begin(() => ({ renew: () => Promise.reject(unavailable) }));
  await timers.pass(39_999);
  keeper.guard();
  expect(keeper.signal.aborted).toBe(false);
  await timers.pass(1);
  expect(keeper.signal.aborted).toBe(true);
  expect(keeper.guard).toThrow(lost);
});

it('gives up on a store that never comes back with an answer', async () => {
  const { timers, keeper } = await begin(() => ({ renew: () => new Promise<boolean>(() => {}) }));
  await timers.pass(40_000);
  expect(keeper.signal.aborted).toBe(true);
});

it('counts a renewal from when it was sent, not from when it was answered', async () => {
  let answer: ((renewed: boolean) => void) | undefined;
  const { timers, keeper } = await begin(() => ({ renew: () => new Promise((resolve) => (answer = resolve)) }));
  await timers.pass(15_000);
  await timers.pass(10_000);
  answer?.(true);
  await timers.pass(0);
  timers.freeze(29_999);
  keeper.guard();
  timers.freeze(1);
  expect(keeper.guard).toThrow(lost);
});
