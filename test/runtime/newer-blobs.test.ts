// What a newer version wrote is not half read, and holds up nothing else.
import { expect, test } from 'vitest';
import { unusableRoot } from '../../lib/runtime/lambda/source.ts';
import { readClusterFacts } from '../../lib/runtime/clusters.ts';
import { readCatalogueBlob, repoState } from '../../lib/runtime/rows.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import { newerRow } from '../../lib/core/reconcile/rows.ts';
import { Simulation } from '../support/simulation.ts';

async function applied(): Promise<Simulation> {
  const sim = new Simulation(1);
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  return sim;
}

const tooNew = expect.objectContaining({ code: 'StateTooNew' });

async function raise(sim: Simulation, key: string, v: number): Promise<void> {
  const blob = JSON.parse(new TextDecoder().decode(await sim.blobs.get(key))) as object;
  await sim.blobs.put(key, new TextEncoder().encode(JSON.stringify({ ...blob, v })));
}

test('a catalogue says its version, and one of a newer version is refused', async () => {
  const sim = await applied();
  const state = repoState(await sim.store.read('repo/root'));
  expect(await readCatalogueBlob(sim.blobs, state)).toMatchObject({ v: 1 });
  await raise(sim, state.catalogue ?? '', 2);
  await expect(readCatalogueBlob(sim.blobs, state)).rejects.toEqual(tooNew);
});

test('what is known of a cluster is refused when a newer version wrote it', async () => {
  const sim = await applied();
  await sim.blobs.put('cluster/x', new TextEncoder().encode(JSON.stringify({ v: 2, kubernetes: 'v9' })));
  await expect(readClusterFacts({ blobs: sim.blobs }, 'cluster/x')).rejects.toEqual(tooNew);
});

test('a plan that a newer version kept for a waiting step is not carried out', async () => {
  const sim = await applied();
  sim.cluster.slow = () => true;
  sim.push({ apps: { a: { objects: { x: '2' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  const worker = sim.reliable();
  await sim.wake(worker, 'repo/root');
  await sim.wake(worker, 'app/root/a');
  const [key] = await sim.blobs.list('prepared/');
  expect(JSON.parse(new TextDecoder().decode(await sim.blobs.get(key ?? '')))).toMatchObject({ v: 1 });
  await raise(sim, key ?? '', 2);
  sim.clock.advance(3_000);
  await sim.wake(worker, 'app/root/a');
  expect(sim.live('a')).toEqual({ x: '1' });
  expect((await sim.state('a'))?.failed?.failure).toMatchObject({ code: 'StateTooNew' });
});

test('a repository that cannot be opened says why, and is looked at again', async () => {
  const sim = await applied();
  const worker = sim.addWorker();
  const error = new HoldfastError({ code: 'GitUrlInvalid', source: 'user', message: 'not a URL' });
  Object.assign(worker.home, { root: unusableRoot({ branch: 'main' }, error) });
  await sim.store.hint('repo/root', { kind: 'poll', at: sim.clock.now() });
  await sim.wake(worker, 'repo/root');
  expect(await sim.repository()).toMatchObject({ failure: { code: 'GitUrlInvalid' }, attempts: 1 });
  expect((await sim.store.read('repo/root'))?.due).toBeGreaterThan(sim.clock.now());
});

test('a row of a newer version holds its own application only, and is looked at again', async () => {
  const sim = new Simulation(1);
  const push = async (x: string): Promise<void> => {
    sim.push({ apps: { a: { objects: { 'a-x': x } }, b: { objects: { 'b-x': x } } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  };
  await push('1');
  await sim.drain(1_000);
  await push('2');
  const worker = sim.addWorker();
  const whole = worker.home.store;
  const store = {
    ...whole,
    list: async (prefix: string) =>
      (await whole.list(prefix)).map((row) => (row.key === 'app/root/a' ? newerRow(row.key, 2) : row)),
  };
  Object.assign(worker.home, { store });
  await sim.wake(worker, 'repo/root');
  expect(await sim.due()).toEqual(['app/root/b']);
  await sim.wake(worker, 'app/root/b');
  await sim.wake(worker, 'target/sandbox');
  expect([sim.live('a'), sim.live('b')]).toEqual([{ 'a-x': '1' }, { 'b-x': '2' }]);
  // The version that can read it follows at the next look, without another commit.
  await sim.drain(120_000);
  expect([sim.live('a'), sim.live('b')]).toEqual([{ 'a-x': '2' }, { 'b-x': '2' }]);
});
