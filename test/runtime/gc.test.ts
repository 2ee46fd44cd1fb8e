// What is kept and what goes, after many commits of a working engine.
import { expect, test } from 'vitest';
import { collectGarbage } from '../../lib/runtime/gc.ts';
import { Simulation } from '../support/simulation.ts';

const later = 11 * 60_000;

/** An engine that applied this many commits, one after the other. */
async function applied(commits: number): Promise<Simulation> {
  const sim = new Simulation(1);
  for (let i = 0; i < commits; i += 1) {
    sim.push({ apps: { a: { objects: { x: String(i) } } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
    await sim.drain(1_000);
  }
  return sim;
}

const parts = (sim: Simulation) => ({ store: sim.store, blobs: sim.blobs, now: () => sim.clock.now() });
const count = async (sim: Simulation, prefix: string): Promise<number> => (await sim.blobs.list(prefix)).length;

test('the last ten completed runs can be gone back to; nothing else of the past is kept', async () => {
  const sim = await applied(15);
  expect(await count(sim, 'desired/')).toBe(15);
  expect(await collectGarbage(parts(sim)), 'first only noted').toBe(0);
  sim.clock.advance(later);
  expect(await collectGarbage(parts(sim))).toBeGreaterThan(0);
  const runs = await sim.runs('a');
  const kept = await Promise.all(runs.map(async (run) => await sim.blobs.has(run.desired ?? '')));
  expect(kept).toEqual([...Array<boolean>(10).fill(true), ...Array<boolean>(5).fill(false)]);
  expect([await count(sim, 'bundle/'), await count(sim, 'inventory/'), await count(sim, 'catalogue/')]).toEqual([
    1, 1, 1,
  ]);
});

test('the engine works on with what is left', async () => {
  const sim = await applied(3);
  await collectGarbage(parts(sim));
  sim.clock.advance(later);
  await collectGarbage(parts(sim));
  sim.push({ apps: { a: { objects: { z: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  expect(sim.live('a')).toEqual({ z: '1' });
});

test('what was unused and is used again by the next pass stays', async () => {
  const sim = await applied(1);
  await sim.blobs.put('bundle/returns', new Uint8Array());
  await collectGarbage(parts(sim));
  const row = await sim.store.read('app/root/a');
  await sim.store.assign('app/root/a', { ...row?.source, seq: 99, bundle: 'bundle/returns' }, { kind: 'push', at: 0 });
  sim.clock.advance(later);
  await collectGarbage(parts(sim));
  expect(await sim.blobs.has('bundle/returns')).toBe(true);
});

test('the state that a rollback is pinned to stays, however old it is', async () => {
  const sim = await applied(14);
  const oldest = (await sim.runs('a')).at(-1);
  await sim.store.intend('app/root/a', { pin: oldest?.id }, { kind: 'manual', at: sim.clock.now() });
  await collectGarbage(parts(sim));
  sim.clock.advance(later);
  await collectGarbage(parts(sim));
  expect(await sim.blobs.has(oldest?.desired ?? '')).toBe(true);
  await sim.drain(1_000);
  expect(sim.live('a')).toEqual({ x: '0' });
});

test('a lost bundle is made again, and a lost rendering rendered again', async () => {
  const sim = await applied(1);
  for (const prefix of ['bundle/', 'rendered/', 'desired/'])
    for (const key of await sim.blobs.list(prefix)) await sim.blobs.delete(key);
  await sim.store.intend('app/root/a', { sync: 1 }, { kind: 'manual', at: sim.clock.now() });
  await sim.drain(30_000);
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  expect(await count(sim, 'bundle/')).toBe(1);
});
