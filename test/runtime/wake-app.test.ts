// A wake that cannot go on: what it leaves behind must hold nobody up, and must not be tried without end.
import { expect, test } from 'vitest';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { Home } from '../../lib/runtime/home.ts';
import { wakeApp } from '../../lib/runtime/reconcile.ts';
import { asJson } from '../../lib/runtime/rows.ts';
import { Simulation } from '../support/simulation.ts';

const { signal } = new AbortController();

test('a row of a newer version is given back at once, so that a newer worker can have it', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  const key = 'app/root/a';
  const newer = (await sim.store.take(key, 'newer', 60_000))!;
  const state = asJson({ ...(newer.row.state as object), v: 99 });
  await sim.store.release(key, newer.lease, { seen: newer.row.wanted, state });
  const { home } = sim.addWorker();
  await expect(wakeApp(home, 'root/a', { signal })).rejects.toMatchObject({ code: 'StateTooNew' });
  expect((await sim.store.read(key))?.state).toMatchObject({ v: 99 });
  expect(await sim.store.take(key, 'newer', 60_000)).toBeDefined();
});

test('an inventory of a newer version is not read, and nothing is written or pruned by it', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1', z: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  const key = (await sim.state('a'))?.inventory ?? '';
  await sim.blobs.put(key, new TextEncoder().encode(JSON.stringify({ v: 2, entries: [], more: {} })));
  const writes = sim.cluster.writes.length;
  sim.push({ apps: { a: { objects: { x: '2' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  expect(sim.cluster.writes).toHaveLength(writes);
  expect((await sim.state('a'))?.inventory).toBe(key);
  expect((await sim.state('a'))?.failed?.failure).toMatchObject({ code: 'StateTooNew' });
});

test('events that nobody takes are sent again at longer and longer intervals', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  let asked = 0;
  const refuse: Home['notifier'] = {
    send: async () => {
      asked += 1;
      throw new HoldfastError({ code: 'EventsRefused', source: 'user', message: 'no' });
    },
  };
  const worker = sim.addWorker();
  Object.assign(worker.home, { notifier: refuse });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(60_000);
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced' });
  expect((await sim.state('a'))?.outbox.length).toBeGreaterThan(0);
  const first = asked;
  await sim.drain(6 * 3_600_000, 5_000);
  expect(asked).toBeGreaterThan(first);
  // Each wake asks twice; every half minute it would be 1,440.
  expect(asked - first).toBeLessThan(60);
});
