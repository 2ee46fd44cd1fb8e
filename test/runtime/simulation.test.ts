// Whatever is lost, doubled, killed, frozen or refused: when the faults stop, the cluster is what Git says, and nothing was done twice or by two.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Failure } from '../../lib/core/errors.ts';
import type { RowKey, StoredRun } from '../../lib/core/reconcile/store.ts';
import { appKey } from '../../lib/runtime/rows.ts';
import { editByHand, type Write } from '../support/fake-target.ts';
import { type AppContent, type Content, Simulation, type Worker } from '../support/simulation.ts';

const apps = ['a', 'b', 'c'] as const;
type App = (typeof apps)[number];
const names = ['x', 'y', 'z'] as const;
const keys: readonly RowKey[] = [...apps.map((app) => appKey(`root/${app}`)), 'repo/root', 'target/sandbox'];

type Step =
  | { readonly do: 'push'; readonly app: App; readonly name: string; readonly value: string | undefined }
  | { readonly do: 'break' | 'mend'; readonly app: App | 'config' }
  | { readonly do: 'leave' | 'join'; readonly app: App }
  | { readonly do: 'ring'; readonly key: RowKey }
  | { readonly do: 'wake' }
  | { readonly do: 'crash'; readonly writes: number; readonly late: boolean }
  | { readonly do: 'together' }
  | { readonly do: 'freeze'; readonly writes: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'fail'; readonly app: App; readonly retryable: boolean }
  | { readonly do: 'work' | 'git-fails' | 'git-works' }
  | { readonly do: 'edit'; readonly app: App; readonly name: string; readonly value: string | undefined }
  | { readonly do: 'suspend' | 'resume' | 'sync' | 'rollback'; readonly app: App };

const app = fc.constantFrom(...apps);
const name = fc.constantFrom(...names);
const value = fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined, freq: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), app, name, value }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('break' as const, 'mend' as const),
      app: fc.oneof(app, fc.constant('config' as const)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('leave' as const, 'join' as const), app }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ring' as const), key: fc.constantFrom(...keys) }) },
  { weight: 8, arbitrary: fc.constant({ do: 'wake' as const }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('crash' as const), writes: fc.nat(14), late: fc.boolean() }) },
  { weight: 3, arbitrary: fc.constant({ do: 'together' as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('freeze' as const), writes: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(100, 3_000, 61_000, 600_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), app, retryable: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('work' as const, 'git-fails' as const, 'git-works' as const) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), app, name, value }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('suspend' as const, 'resume' as const, 'sync' as const, 'rollback' as const),
      app,
    }),
  },
);

const failure = (retryable: boolean): Failure => ({ code: 'Down', source: 'remote', message: 'not now', retryable });

class Scenario {
  readonly sim: Simulation;
  readonly failing = new Map<string, boolean>();
  /** What went wrong although it never may; looked at at the end, because what is thrown inside a worker is its own failure. */
  readonly wrong: string[] = [];
  #frozen: (() => Promise<void>) | undefined;

  constructor(seed: number) {
    this.sim = new Simulation(seed);
    const { cluster, random } = this.sim;
    cluster.slow = () => random() < 0.2;
    cluster.patience = () => random() < 0.3;
    cluster.fault = async (moment, id, worker) => {
      const retryable = this.failing.get(id);
      return retryable !== undefined && moment !== 'follow' && worker !== '' ? failure(retryable) : undefined;
    };
    cluster.onWrite = async (write) => await this.#seen(write);
    this.sim.beforePut = async () => {
      await this.#standStill();
    };
    const objects = { x: '1', y: '1' };
    this.sim.push({ apps: { a: prefixed('a', objects), b: prefixed('b', objects), c: prefixed('c', objects) } });
    void this.sim.addWorker();
  }

  async start(): Promise<void> {
    await this.sim.store.hint('repo/root', { kind: 'poll', at: this.sim.clock.now() });
  }

  async #seen(write: Write): Promise<void> {
    const { sim } = this;
    const frozen = await this.#standStill();
    const worker = sim.workers.find((one) => one.name === write.worker);
    if (worker?.dead === true) throw new Error('the dead write nothing');
    const row = await sim.store.read(appKey(write.app));
    if (!frozen && row?.lease?.holder !== write.worker) this.wrong.push(`${write.worker} wrote without the lease`);
    if (write.kind !== 'delete') return;
    const run = (row?.state as { run?: { revision: string; mode: string; note?: string } } | undefined)?.run;
    const pinned = run?.mode === 'rollback' ? await sim.store.run(run.note ?? '') : undefined;
    const applied = row === undefined ? undefined : (row.state as { applied?: { runId: string } }).applied;
    const healed = run?.mode === 'heal' ? await sim.store.run(applied?.runId ?? '') : undefined;
    const revision = await this.#wantedRevision(run?.revision ?? '', pinned ?? healed);
    const content = sim.content(revision)?.apps[short(write.app)];
    if (content === undefined || content.broken === true || Object.keys(content.objects).includes(write.name))
      this.wrong.push(`${write.name} deleted although ${revision} does not drop it`);
  }

  /** The revision whose content a run carries: its own, or that of the run it goes back to. */
  async #wantedRevision(own: string, of: StoredRun | undefined): Promise<string> {
    let run = of?.record as { mode: string; note?: string; revision: string } | undefined;
    while (run?.mode === 'rollback')
      run = (await this.sim.store.run(run.note ?? ''))?.record as
        | { mode: string; note?: string; revision: string }
        | undefined;
    return run?.revision ?? own;
  }

  /** Whether the worker that asks stood still, perhaps for longer than its lease. */
  async #standStill(): Promise<boolean> {
    const thaw = this.#frozen;
    this.#frozen = undefined;
    await thaw?.();
    return thaw !== undefined;
  }

  async take(one: Step): Promise<void> {
    const { sim } = this;
    const at = sim.clock.now();
    switch (one.do) {
      case 'push':
        return this.#change(one.app, (content) => {
          const { [`${one.app}-${one.name}`]: _old, ...others } = content.objects;
          const objects = one.value === undefined ? others : { ...others, [`${one.app}-${one.name}`]: one.value };
          return { ...content, objects };
        });
      case 'break':
      case 'mend':
        if (one.app === 'config') return sim.push({ ...sim.latest, broken: one.do === 'break' });
        return this.#change(one.app, (content) => ({ ...content, broken: one.do === 'break' }));
      case 'leave': {
        const { [one.app]: _gone, ...others } = sim.latest.apps;
        return sim.push({ ...sim.latest, apps: others });
      }
      case 'join':
        return this.#change(one.app, (content) => content);
      case 'ring':
        if ((await sim.store.read(one.key)) !== undefined) await sim.store.hint(one.key, { kind: 'drift', at });
        return;
      case 'wake':
        return await this.#wake(sim.reliable());
      case 'crash': {
        const worker = sim.addWorker();
        worker.dieAfter = one.writes;
        worker.late = one.late;
        await this.#wake(worker);
        worker.dieAfter = worker.dead ? worker.dieAfter : undefined;
        return;
      }
      case 'together': {
        const due = await sim.due();
        const workers = [sim.addWorker(), sim.addWorker(), sim.addWorker()];
        await Promise.all(workers.flatMap((worker) => due.map((key) => sim.wake(worker, key))));
        return;
      }
      case 'freeze':
        return await this.#freeze(one.writes);
      case 'pass':
        return sim.clock.advance(one.ms);
      case 'fail':
        this.failing.set(`root/${one.app}`, one.retryable);
        return;
      case 'work':
        return this.failing.clear();
      case 'git-fails':
      case 'git-works':
        sim.gitFails = one.do === 'git-fails';
        return;
      case 'edit':
        editByHand(
          sim.cluster,
          `${one.app}-${one.name}`,
          one.value === undefined ? undefined : JSON.stringify({ value: `hand ${one.value}` }),
        );
        return;
      default:
        return await this.#intend(one.app, one.do);
    }
  }

  #change(which: App, change: (content: AppContent) => AppContent): void {
    const { latest } = this.sim;
    const content = latest.apps[which] ?? prefixed(which, { x: '1' });
    this.sim.push({ ...latest, apps: { ...latest.apps, [which]: change(content) } });
  }

  async #intend(which: App, verb: 'suspend' | 'resume' | 'sync' | 'rollback'): Promise<void> {
    const { store, clock } = this.sim;
    const key = appKey(`root/${which}`);
    const row = await store.read(key);
    if (row === undefined) return;
    const state = row.state as { synced?: number } | undefined;
    const completed = (await this.sim.runs(which)).filter((run) => run.outcome === 'succeeded');
    const pin = completed.at(Math.floor(this.sim.random() * completed.length))?.id;
    const change = {
      suspend: { suspended: true },
      resume: { suspended: undefined, pin: undefined },
      sync: { sync: Math.max(row.intent.sync ?? 0, state?.synced ?? 0) + 1, pin: undefined },
      rollback: pin === undefined ? {} : { pin },
    }[verb];
    await store.intend(key, change, { kind: 'manual', at: clock.now() });
  }

  async #wake(worker: Worker): Promise<void> {
    for (const key of await this.sim.due()) await this.sim.wake(worker, key);
  }

  /** A worker stands still before a write, for longer than its lease, while another one works; then it goes on. */
  async #freeze(writes: number): Promise<void> {
    const { sim } = this;
    const sleeper = sim.addWorker();
    let left = writes;
    const arm = async (): Promise<void> => {
      if ((left -= 1) >= 0) {
        this.#frozen = arm;
        return;
      }
      sim.clock.advance(61_000);
      for (const key of await sim.due()) await sim.wake(sim.addWorker(), key);
    };
    this.#frozen = arm;
    await this.#wake(sleeper);
    this.#frozen = undefined;
  }

  /** Nothing that was made is forgotten, at any moment. */
  async checkInventory(): Promise<void> {
    for (const one of apps) {
      const inventory = await this.sim.inventory(one);
      const lost = Object.keys(this.sim.live(one)).filter((object) => !inventory.has(object));
      if (lost.length > 0) this.wrong.push(`not in the inventory of ${one}: ${lost.join(', ')}`);
    }
  }

  /** Faults stop, people let go, and everything comes to rest. */
  async settle(): Promise<void> {
    const { sim } = this;
    this.failing.clear();
    sim.gitFails = false;
    sim.cluster.slow = () => false;
    sim.cluster.patience = () => false;
    const { broken: _config, ...latest } = sim.latest;
    const mended = Object.fromEntries(
      Object.entries(latest.apps).map(([key, content]) => [key, { objects: filled(key, content.objects) }]),
    );
    sim.push({ ...latest, apps: mended });
    for (const one of apps) await this.#intend(one, 'resume');
    await sim.drain(900_000);
    // What a machine may not decide waits for a person: a refusal that will not go away by itself, and a fight about a field.
    for (const one of apps) {
      const state = await sim.state(one);
      const fights = (state?.reversals.length ?? 0) >= 3 && state?.drift !== undefined;
      if (fights || (state?.failed !== undefined && state.failed.retryAt === undefined))
        await this.#intend(one, 'sync');
    }
    await sim.drain(900_000);
  }
}

const short = (id: string): string => id.slice('root/'.length);
const prefixed = (which: string, objects: Readonly<Record<string, string>>): AppContent => ({
  objects: Object.fromEntries(Object.entries(objects).map(([key, text]) => [`${which}-${key}`, text])),
});
/** An application with no object at all is refused, which is another test's business. */
const filled = (which: string, objects: Content['apps'][string]['objects']): Record<string, string> =>
  Object.keys(objects).length === 0 ? { [`${which}-x`]: '1' } : { ...objects };

async function play(seed: number, steps: readonly Step[]): Promise<Scenario> {
  const scenario = new Scenario(seed);
  await scenario.start();
  for (const one of steps) {
    await scenario.take(one);
    await scenario.checkInventory();
  }
  await scenario.settle();
  await scenario.checkInventory();
  return scenario;
}

test('any schedule of faults ends with what Git says, and breaks no promise on the way', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(step, { maxLength: 40 }), async (seed, steps) => {
      const { sim, wrong } = await play(seed, steps);
      expect(wrong).toEqual([]);
      for (const one of apps) {
        const content = sim.latest.apps[one];
        if (content === undefined) continue;
        expect(sim.live(one), `objects of ${one}`).toEqual(content.objects);
        const state = await sim.state(one);
        expect(state, `state of ${one}`).toMatchObject({ sync: 'Synced', health: 'Healthy' });
        expect(state?.run).toBeUndefined();
      }
      for (const one of await sim.applications()) {
        const runs = await sim.runs(one);
        const told = sim.events.filter((event) => event.event === 'run-outcome' && event.app === one);
        const ids = new Set(told.map((event) => (event.data as { detail: { run: string } }).detail.run));
        expect(
          runs.filter((run) => !ids.has(run.id)).map((run) => run.id),
          'runs nobody was told of',
        ).toEqual([]);
        const written = new Set(
          sim.cluster.writes.filter((write) => write.app === `root/${one}`).map((write) => write.run),
        );
        const known = new Set(runs.map((run) => run.id));
        expect(
          [...written].filter((run) => !known.has(run)),
          'runs that wrote and are not in history',
        ).toEqual([]);
      }
    }),
    { numRuns: Number(process.env['SIMULATIONS'] ?? 150) },
  );
});

test('a create that its worker stood still before is not sent after another worker dropped the object', async () => {
  const { wrong } = await play(12, [
    { do: 'freeze', writes: 3 },
    { do: 'ring', key: 'app/root/b' },
    { do: 'push', app: 'c', name: 'x', value: undefined },
    { do: 'pass', ms: 600_000 },
    { do: 'wake' },
    { do: 'freeze', writes: 0 },
  ]);
  expect(wrong).toEqual([]);
});

test('an application that waits for another is rung when that one is ready, not only found later', async () => {
  const sim = new Simulation(5);
  sim.push({ apps: { a: { objects: { x: '1' } }, c: { objects: { z: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  await sim.drain(1_000);
  expect(await sim.state('c')).toMatchObject({ sync: 'Synced', waitingFor: [] });
});

test('health that comes after its run was given up rings the applications that wait for it, too', async () => {
  const sim = new Simulation(5);
  sim.cluster.patience = () => true;
  sim.push({ apps: { a: { objects: { x: '1' } }, c: { objects: { z: '1' } } } });
  await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  while ((await sim.state('a'))?.lastRun?.outcome !== 'unhealthy') await sim.drain(1_000, 2_000);
  expect(await sim.state('c')).toMatchObject({ waitingFor: ['a'] });
  sim.cluster.patience = () => false;
  await sim.store.hint('app/root/a', { kind: 'drift', at: sim.clock.now() });
  await sim.drain(1_000);
  expect(await sim.state('a')).toMatchObject({ health: 'Healthy' });
  expect(await sim.state('c')).toMatchObject({ sync: 'Synced', waitingFor: [] });
});

test('a worker that stood still while it read a commit assigns nothing of it any more', async () => {
  const sim = new Simulation(5);
  const push = async (x: string): Promise<void> => {
    sim.push({ apps: { a: { objects: { x } } } });
    await sim.store.hint('repo/root', { kind: 'push', at: sim.clock.now() });
  };
  await push('1');
  await sim.drain(1_000);
  await push('2');
  const sleeper = sim.addWorker();
  sim.beforePut = async () => {
    sim.beforePut = async () => undefined;
    sim.clock.advance(61_000);
    await push('1');
    await sim.wake(sim.addWorker(), 'repo/root');
  };
  await sim.wake(sleeper, 'repo/root');
  await sim.drain(1_000);
  expect(sim.live('a')).toEqual({ x: '1' });
  expect(await sim.state('a')).toMatchObject({ sync: 'Synced' });
});
