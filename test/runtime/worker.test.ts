// The workers of one process: doorbells, the tick, what throws, and the end.
import { expect, onTestFinished, test } from 'vitest';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { Store } from '../../lib/core/reconcile/store.ts';
import type { Home } from '../../lib/runtime/home.ts';
import { Workers } from '../../lib/runtime/worker.ts';
import { eventually } from '../support/eventually.ts';
import { Simulation } from '../support/simulation.ts';

interface Running {
  readonly sim: Simulation;
  readonly home: Home;
  readonly workers: Workers;
}

/** Workers on a simulated home. `store` changes some of its calls. */
function running(
  options: { readonly tickMs?: number; readonly store?: Partial<Store>; readonly concurrency?: number } = {},
): Running {
  const sim = new Simulation(3);
  const { home: base } = sim.addWorker();
  const home: Home = {
    ...base,
    queue: memoryQueue({ clock: sim.clock }),
    store: { ...base.store, ...options.store },
  };
  const settings = { concurrency: options.concurrency ?? 4, tickMs: options.tickMs ?? 10, visibilityMs: 180_000 };
  const workers = new Workers(home, settings);
  onTestFinished(async () => await workers.stop());
  return { sim, home, workers };
}

const rest = async (sim: Simulation): Promise<boolean> =>
  (await sim.store.list('')).every((row) => row.lease === undefined);

test('a row that nobody rang for is found by the tick', async () => {
  const { sim, workers } = running();
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  workers.start();
  await sim.store.hint('repo/root', { kind: 'poll', at: 0 });
  await eventually(() => sim.live('a')['x'] === '1');
  expect(await eventually(() => rest(sim))).toBe(true);
});

test('a doorbell does not wait for the tick, and one that cannot be read is put aside', async () => {
  const { sim, home, workers } = running({ tickMs: 60_000 });
  sim.push({ apps: { a: { objects: { x: '1' } } } });
  workers.start();
  await home.queue.send('source', '{"v":9}');
  await sim.store.hint('repo/root', { kind: 'poll', at: 0 });
  await home.queue.send('source', 'repo/root');
  workers.ring();
  await eventually(() => sim.live('a')['x'] === '1');
  expect(await home.queue.deadLetters(10)).toMatchObject([{ body: '{"v":9}', reason: 'not the key of a row' }]);
});

test('a row that throws is given back and looked at later, not at once and not after its lease', async () => {
  let reads = 0;
  const broken = new HoldfastError({ code: 'StoreUnavailable', source: 'system', message: 'gone', retryable: true });
  const { sim, workers } = running({
    store: {
      list: async () => {
        reads += 1;
        throw broken;
      },
    },
  });
  await sim.store.hint('target/sandbox', { kind: 'config', at: 0 });
  workers.start();
  await eventually(() => sim.events.some((event) => event.event === 'worker-failed'));
  await eventually(() => rest(sim));
  const before = reads;
  const row = await sim.store.read('target/sandbox');
  expect(row?.due).toBeGreaterThan(sim.clock.now());
  expect(row?.due).toBeLessThan(sim.clock.now() + 60_000);
  workers.ring();
  await eventually(async () => (await sim.store.read('target/sandbox'))?.lease === undefined);
  expect(reads).toBe(before);
});

test('a store that does not answer is said once, not at every tick', async () => {
  let asked = 0;
  const { sim, workers } = running({
    tickMs: 1,
    store: {
      due: async () => {
        asked += 1;
        throw new HoldfastError({ code: 'StoreUnavailable', source: 'system', message: 'gone', retryable: true });
      },
    },
  });
  workers.start();
  await eventually(() => asked > 5);
  expect(sim.events.filter((event) => event.event === 'store-failed')).toHaveLength(1);
});

test('stopped in the middle of a run, the run is neither failed nor lost: the next workers finish it', async () => {
  const { sim, workers } = running();
  let reached = false;
  let stop: Promise<void> | undefined;
  sim.cluster.onWrite = async () => {
    reached = true;
    stop ??= workers.stop();
  };
  sim.push({ apps: { a: { objects: { x: '1', z: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'poll', at: 0 });
  workers.start();
  await eventually(() => reached);
  await stop;
  expect(await rest(sim)).toBe(true);
  expect((await sim.runs('a')).filter((run) => run.outcome === 'failed')).toEqual([]);
  sim.cluster.onWrite = async () => undefined;
  await sim.drain(10_000);
  expect(sim.live('a')).toEqual({ x: '1', z: '1' });
  expect(await sim.runs('a')).toMatchObject([{ outcome: 'succeeded' }]);
});

test('applications whose target does not answer do not hold up the others', async () => {
  const { sim, workers } = running({ concurrency: 2 });
  const hanging = new AbortController();
  onTestFinished(() => hanging.abort());
  let hung = 0;
  sim.cluster.fault = async (_moment, app) => {
    if (app === 'root/e') return undefined;
    hung += 1;
    if (!hanging.signal.aborted) await new Promise((resolve) => hanging.signal.addEventListener('abort', resolve));
    return undefined;
  };
  sim.push({ apps: { a: { objects: { x: '1' } }, b: { objects: { z: '1' } }, d: { objects: { w: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'poll', at: 0 });
  workers.start();
  await eventually(() => hung === 2);
  sim.push({ apps: { ...sim.latest.apps, e: { objects: { v: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: 0 });
  sim.clock.advance(3_000);
  await eventually(() => hung === 3);
  sim.clock.advance(3_000);
  await eventually(() => sim.live('e')['v'] === '1');
  hanging.abort();
  expect(await eventually(() => rest(sim))).toBe(true);
  expect(sim.live('d')).toEqual({ w: '1' });
});
