// What is not asked for twice, and what is asked for side by side: on AWS every request costs its way there and back.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { Blobs } from '../../lib/core/reconcile/store.ts';
import { collectGarbage } from '../../lib/runtime/gc.ts';
import { Simulation } from '../support/simulation.ts';

const later = 11 * 60_000;

async function pushed(sim: Simulation, apps: Parameters<Simulation['push']>[0]['apps']): Promise<void> {
  sim.push({ apps });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
}

/** Keys with this prefix that were read or written, in order. */
function keysOf(sim: Simulation, call: 'get' | 'put', prefix: string): () => readonly string[] {
  const spy = vi.spyOn(sim.blobs, call);
  return () => spy.mock.calls.map(([key]) => key).filter((key) => key.startsWith(prefix));
}

test('a push that leaves the configuration alone does not write the catalogue again', async () => {
  const sim = new Simulation(1);
  const put = keysOf(sim, 'put', 'catalogue/');
  await pushed(sim, { a: { objects: { x: '1' } } });
  await pushed(sim, { a: { objects: { x: '2' } } });
  expect(sim.live('a')).toEqual({ x: '2' });
  expect(put()).toHaveLength(1);
});

test('one wake reads a desired state once, and no inventory that it has just written', async () => {
  const sim = new Simulation(1);
  const [desired, inventory] = [keysOf(sim, 'get', 'desired/'), keysOf(sim, 'get', 'inventory/')];
  await pushed(sim, { a: { objects: { x: '1' } } });
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced' });
  expect(desired()).toHaveLength(1);
  expect(inventory()).toEqual([]);
});

/** Counts how many answers are waited for at once. */
function crowd(blobs: Blobs): () => number {
  const get = blobs.get.bind(blobs);
  let underWay = 0;
  let most = 0;
  vi.spyOn(blobs, 'get').mockImplementation(async (key) => {
    most = Math.max(most, ++underWay);
    await turn();
    underWay -= 1;
    return await get(key);
  });
  return () => most;
}

test('what many applications still use is found out side by side', async () => {
  const sim = new Simulation(1);
  const apps = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`a${at}`, { objects: { x: '1' } }]));
  await pushed(sim, apps);
  const most = crowd(sim.blobs);
  await collectGarbage({ store: sim.store, blobs: sim.blobs, now: () => sim.clock.now() });
  expect(most()).toBe(12);
  sim.clock.advance(later);
});
