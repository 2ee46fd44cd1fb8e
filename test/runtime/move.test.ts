// A renamed application: what the former name made goes to the new one, whatever dies in between.
import { expect, test } from 'vitest';
import { Simulation } from '../support/simulation.ts';

const objects = { 'app-x': '1', 'app-y': '1' };

/** An engine at rest in which `former` made two objects. */
async function settled(): Promise<Simulation> {
  const sim = new Simulation(7);
  sim.push({ apps: { former: { objects } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  return sim;
}

const uids = (sim: Simulation): readonly string[] => [...sim.cluster.objects.values()].map(({ uid }) => uid);

const crashes = Array.from({ length: 24 }, (_, writes) => [false, true].map((late) => ({ writes, late }))).flat();

test.for(crashes)(
  'killed at write $writes (after it: $late), the new name has everything and nothing was deleted',
  async ({ writes, late }) => {
    const sim = await settled();
    const before = uids(sim);
    sim.push({ apps: { renamed: { objects, movedFrom: 'former' } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
    const doomed = sim.addWorker();
    doomed.dieAfter = writes;
    doomed.late = late;
    for (let round = 0; round < 3; round += 1) for (const key of await sim.due()) await sim.wake(doomed, key);
    await sim.drain(60_000);
    expect(sim.live('renamed')).toEqual({ 'app-x': '1', 'app-y': '1' });
    expect(uids(sim)).toEqual(before);
    expect(sim.cluster.writes.filter((write) => write.kind === 'delete')).toEqual([]);
    expect([...(await sim.inventory('renamed'))].sort()).toEqual(['app-x', 'app-y']);
  },
);

test('the former name stays as it is while nobody says that it moved', async () => {
  const sim = await settled();
  sim.push({ apps: { other: { objects: { 'app-z': '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(60_000);
  expect(sim.live('former')).toEqual(objects);
  expect([...(await sim.inventory('former'))].sort()).toEqual(['app-x', 'app-y']);
});
