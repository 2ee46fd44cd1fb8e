// `holdfast apply`: rows, leases, runs and inventory exactly as in the server, driven from this process until every application rests.
import type { Application, Catalogue, Problem } from '../core/config/model.ts';
import { HoldfastError, type Failure } from '../core/errors.ts';
import type { Plan } from '../core/plan/model.ts';
import { emptyPlan } from '../core/plan/digest.ts';
import type { Health } from '../core/plan/target.ts';
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import { type Cost, noCost, type Outcome } from '../core/reconcile/state.ts';
import type { Tree } from '../core/source/tree.ts';
import { CostMeter, metered } from './cost.ts';
import type { Home } from './home.ts';
import { lookShared, mapLimit, renderAll, type Candidate, type Ready } from './one-shot.ts';
import type { SharedLook } from './perform.ts';
import { wakeApp } from './reconcile.ts';
import { fanOut } from './repository.ts';
import { appKey, appSource, appState, asJson, repoKey, repoState } from './rows.ts';
import { refusal, selectApps } from './select.ts';

export interface ApplyOptions {
  /** Names; empty = all. */
  readonly apps: readonly string[];
  readonly signal: AbortSignal;
  readonly wait: boolean;
  readonly prune?: { readonly enabled: boolean; readonly confirmed: boolean };
}

/** How it went for one application. */
export interface AppliedApp {
  readonly app: Application;
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly runId?: string;
  readonly health: Health;
  readonly message: string;
  readonly failure?: Failure;
  readonly cost: Cost;
}

export interface Applied {
  readonly apps: readonly AppliedApp[];
  /** Entries of the config that could not be used. */
  readonly problems: readonly Problem[];
  /** Of the work shared by all applications: reading, lists. */
  readonly cost: Cost;
}

/** Enough applications at once to keep the target's connections busy: each has little to send per wave. */
const appsTogether = 48;

/** Applies applications at one commit (or working tree) and waits as told. */
export async function applyApps(home: Home, tree: Tree, options: ApplyOptions): Promise<Applied> {
  const meter = new CostMeter();
  return await metered(meter, async () => {
    const { catalogue, problems } = await timed(home, meter, 'read', () => assignAll(home, tree, options));
    const apps = selectApps(catalogue, options.apps);
    const candidates = await readCandidates(home, apps);
    const ready = await timed(home, meter, 'render', () => renderAll(home, candidates, options.signal));
    const looks = await timed(home, meter, 'observe', () =>
      lookShared(home, ready, { depth: 'apply', signal: options.signal, prune: options.prune }),
    );
    const results = await drive(home, ready, looks, options);
    return { apps: results, problems, cost: meter.addTo(noCost) };
  });
}

async function timed<T>(home: Home, meter: CostMeter, phase: string, work: () => Promise<T>): Promise<T> {
  const began = home.monotonic();
  const result = await work();
  meter.time(phase, home.monotonic() - began);
  return result;
}

/** Writes the rows of what changed, under the repository's lease like any other observation. */
async function assignAll(
  home: Home,
  tree: Tree,
  options: ApplyOptions,
): Promise<{ readonly catalogue: Catalogue; readonly problems: readonly Problem[] }> {
  const key = repoKey(home.root.alias);
  const trigger = { kind: 'manual' as const, at: home.now(), note: 'holdfast apply' };
  if ((await home.store.read(key)) === undefined) await home.store.hint(key, trigger);
  for (;;) {
    const taken = await home.store.take(key, home.holder, LEASE_TTL_MS);
    if (taken === undefined) {
      await pause(options.signal, 100);
      continue;
    }
    const before = repoState(taken.row);
    const fanned = await fanOut(
      home,
      before,
      tree,
      trigger,
      options.apps.length === 0 ? undefined : options.apps,
    ).catch(async (error: unknown) => {
      await home.store.release(key, taken.lease, { seen: taken.row.wanted, state: asJson(before) });
      throw error;
    });
    await home.store.release(key, taken.lease, {
      seen: taken.row.wanted,
      state: asJson(fanned.catalogue === undefined ? before : fanned.state),
    });
    if (fanned.catalogue === undefined) throw refusal(fanned.problems);
    return { catalogue: fanned.catalogue, problems: fanned.problems };
  }
}

async function readCandidates(home: Home, apps: readonly Application[]): Promise<readonly Candidate[]> {
  const rows = new Map((await home.store.list(`app/${home.root.alias}/`)).map((row) => [row.key, row]));
  return apps.flatMap((app) => {
    const row = rows.get(appKey(app.id));
    const source = row === undefined ? undefined : appSource(row);
    return row === undefined || source === undefined ? [] : [{ source, state: appState(row) }];
  });
}

/** Wakes applications until each is settled; those that wait for others come again when the others are done. */
async function drive(
  home: Home,
  ready: readonly Ready[],
  looks: ReadonlyMap<string, SharedLook | Failure>,
  options: ApplyOptions,
): Promise<readonly AppliedApp[]> {
  const results = new Map<string, AppliedApp>();
  let pending = [...ready];
  while (pending.length > 0) {
    const settled = await mapLimit(pending, appsTogether, async (one) => ({
      one,
      result: await applyOne(home, one, looks.get(one.candidate.source.app.id), options),
    }));
    const blocked: Ready[] = [];
    for (const { one, result } of settled) {
      if (result === 'blocked') blocked.push(one);
      else results.set(one.candidate.source.app.id, result);
    }
    if (blocked.length === pending.length) {
      for (const one of blocked) results.set(one.candidate.source.app.id, await stillBlocked(home, one));
      break;
    }
    pending = blocked;
  }
  return ready.flatMap((one) => results.get(one.candidate.source.app.id) ?? []);
}

async function applyOne(
  home: Home,
  one: Ready,
  look: SharedLook | Failure | undefined,
  options: ApplyOptions,
): Promise<AppliedApp | 'blocked'> {
  const { source, state } = one.candidate;
  const { app } = source;
  if (look !== undefined && 'code' in look) return failedLook(app, source.revision, look, home);
  if (
    one.kind === 'ready' &&
    look !== undefined &&
    atRest(one.candidate) &&
    look.observation.inSync &&
    look.observation.health.health === 'Healthy'
  ) {
    const plan = emptyPlan(app, source.revision, look.observation.compared, home.hash);
    return {
      app,
      plan,
      outcome: 'succeeded',
      health: 'Healthy',
      message: 'In sync',
      cost: { ...noCost, objects: look.observation.compared },
    };
  }
  let plan: Plan | undefined;
  const began = state.runs;
  for (;;) {
    const wake = await wakeApp(home, app.id, {
      signal: options.signal,
      manual: true,
      wait: options.wait,
      onPlan: (made) => (plan = made),
      overrides: {
        ...(look === undefined ? {} : { shared: look }),
        ...(options.prune === undefined ? {} : { prune: options.prune }),
      },
    });
    if (wake.kind === 'busy') {
      await pause(options.signal, 100);
      continue;
    }
    if (wake.state.run === undefined && wake.state.waitingFor.length > 0) return 'blocked';
    const record = wake.state.lastRun;
    if (wake.state.run === undefined && wake.state.runs > began && record !== undefined) {
      const made = plan ?? emptyPlan(app, source.revision, record.cost.objects, home.hash);
      const { outcome, health, message, cost } = record;
      return {
        app,
        plan: made,
        outcome,
        runId: record.id,
        health,
        message,
        cost,
        ...(record.failure === undefined ? {} : { failure: record.failure }),
      };
    }
    if (wake.state.run === undefined) return notStarted(home, app, source.revision, wake.state.message);
    await pause(options.signal, Math.max(20, (wake.due ?? home.now()) - home.now()));
  }
}

function atRest(candidate: Candidate): boolean {
  const { source, state } = candidate;
  return (
    state.run === undefined &&
    state.failed === undefined &&
    state.applied?.inputsKey === source.inputsKey &&
    source.held === undefined &&
    state.pinned === undefined
  );
}

function failedLook(app: Application, revision: string, failure: Failure, home: Home): AppliedApp {
  return {
    app,
    plan: emptyPlan(app, revision, 0, home.hash),
    outcome: 'failed',
    health: 'Unknown',
    message: failure.message,
    failure,
    cost: noCost,
  };
}

function notStarted(home: Home, app: Application, revision: string, message: string): AppliedApp {
  const failure: Failure = {
    code: 'NotApplied',
    source: 'user',
    message,
    retryable: false,
    object: app.name,
    next: `holdfast status ${app.name}`,
  };
  return failedLook(app, revision, failure, home);
}

async function stillBlocked(home: Home, one: Ready): Promise<AppliedApp> {
  const row = await home.store.read(appKey(one.candidate.source.app.id));
  return notStarted(
    home,
    one.candidate.source.app,
    one.candidate.source.revision,
    row === undefined ? 'Waits for another application' : appState(row).message,
  );
}

/** Waits, or throws `Interrupted` when the person does not want to wait any more. */
async function pause(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) throw interrupted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(interrupted());
      },
      { once: true },
    );
  });
}

function interrupted(): HoldfastError {
  return new HoldfastError({
    code: 'Interrupted',
    source: 'user',
    message: 'Stopped; what was written is recorded',
    next: 'holdfast apply',
  });
}
