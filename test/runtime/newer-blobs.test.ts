// Blobs of a newer version are not half read.
import { expect, test } from 'vitest';
import { unusableRoot } from '../../lib/runtime/lambda/source.ts';
import { readClusterFacts } from '../../lib/runtime/clusters.ts';
import { readCatalogueBlob, repoState } from '../../lib/runtime/rows.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
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
