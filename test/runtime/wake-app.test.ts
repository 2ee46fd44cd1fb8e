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
  // Every half minute it would be 720.
  expect(asked - first).toBeLessThan(60);
});

test('a bus that refuses is asked once in each wake, whatever there is to tell, and keeps no more than it has to', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  const worker = sim.addWorker();
  let asked = 0;
  Object.assign(worker.home, {
    notifier: {
      send: async () => {
        asked += 1;
        throw new HoldfastError({ code: 'EventsRefused', source: 'user', message: 'no' });
      },
    },
  });
  for (let n = 1; n <= 60; n += 1) {
    sim.push({ apps: { a: { objects: { x: String(n) } } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
    await sim.wake(worker, 'repo/root');
    const before = asked;
    await sim.wake(worker, 'app/root/a');
    expect(asked - before).toBe(1);
  }
  const outbox = (await sim.state('a'))?.outbox ?? [];
  expect(outbox).toHaveLength(50);
  expect(outbox[0]?.detail['dropped']).toBe(10);
});

/** A worker that dies while it renders, without a word. */
async function dyingWorkers(sim: Simulation, key: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) {
    const worker = sim.addWorker();
    // The take is its only write.
    worker.dieAfter = 0;
    worker.late = true;
    await sim.wake(worker, key);
    expect(worker.dead).toBe(true);
    sim.clock.advance(61_000);
  }
}

test('an application whose work ends its worker is left alone after five times, and says so', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.wake(sim.addWorker(), 'repo/root');
  const key = 'app/root/a';
  await dyingWorkers(sim, key, 5);
  await sim.wake(sim.addWorker(), key);
  expect(sim.cluster.writes).toEqual([]);
  expect(await sim.state('a')).toMatchObject({
    sync: 'Unknown',
    message: expect.stringContaining('The worker ended 5 times in the middle of this application'),
    killed: { failure: { code: 'WorkerKilled' } },
  });
  const row = await sim.store.read(key);
  expect([row?.due, row?.wanted]).toEqual([sim.clock.now() + 1_800_000, row?.handled]);
  // A hint that changes nothing is no reason to try.
  await sim.store.hint(key, { kind: 'drift', at: sim.clock.now() });
  await sim.wake(sim.addWorker(), key);
  expect(await sim.state('a')).toMatchObject({ killed: { times: 5 } });
  // Each later time it is tried once.
  sim.clock.advance(1_800_000);
  await dyingWorkers(sim, key, 1);
  await sim.wake(sim.addWorker(), key);
  expect(await sim.state('a')).toMatchObject({ killed: { times: 6 } });
  expect(sim.cluster.writes).toEqual([]);
  sim.clock.advance(1_800_000);
  await sim.wake(sim.addWorker(), key);
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced' });
  expect((await sim.state('a'))?.killed).toBeUndefined();
});

test.each(['push', 'sync'])('what was left alone is tried again by a %s', async (what) => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.wake(sim.addWorker(), 'repo/root');
  await dyingWorkers(sim, 'app/root/a', 5);
  await sim.wake(sim.addWorker(), 'app/root/a');
  if (what === 'sync') await sim.store.intend('app/root/a', { sync: 1 }, { kind: 'manual', at: sim.clock.now() });
  else {
    sim.push({ apps: { a: { objects: { x: '2' } } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
    await sim.wake(sim.addWorker(), 'repo/root');
  }
  await sim.wake(sim.addWorker(), 'app/root/a');
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  expect((await sim.state('a'))?.killed).toBeUndefined();
});

test.each(['repo/root', 'target/sandbox'])('%s is left alone for a while when it ends its workers', async (key) => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  await sim.store.hint(key, { kind: 'config', at: sim.clock.now() });
  await dyingWorkers(sim, key, 5);
  await sim.wake(sim.addWorker(), key);
  const row = await sim.store.read(key);
  expect([row?.due, row?.wanted]).toEqual([sim.clock.now() + 1_800_000, row?.handled]);
  expect(sim.events.at(-1)).toMatchObject({ event: 'worker-failed' });
  sim.clock.advance(1_800_000);
  await sim.wake(sim.addWorker(), key);
  expect((await sim.store.read(key))?.takes).toBeUndefined();
});

test('a row that always throws is left alone for longer each time, half an hour at most', async () => {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.wake(sim.addWorker(), 'repo/root');
  const worker = sim.addWorker();
  Object.assign(worker.home, {
    newId: () => {
      throw new TypeError('a mistake of ours');
    },
  });
  const waits: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    await expect(sim.wake(worker, 'app/root/a')).rejects.toThrow(TypeError);
    const due = (await sim.store.read('app/root/a'))?.due ?? 0;
    waits.push((due - sim.clock.now()) / 60_000);
    sim.clock.advance(due - sim.clock.now());
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
  await sim.wake(sim.addWorker(), 'app/root/a');
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced' });
  expect((await sim.store.read('app/root/a'))?.failures).toBeUndefined();
});
