// The drift sweep: work of a target, not of its applications. One set of shared lists, and only what differs is woken.
import type { TargetSpec } from '../core/config/model.ts';
import { asFailure } from '../core/errors.ts';
import type { Observation, TargetContext } from '../core/plan/target.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import type { AppSource, AppState } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import { takesClusterFacts } from '../core/render/cluster-facts.ts';
import { isRecorded, learnCluster, type RecordedCluster } from './clusters.ts';
import type { Home } from './home.ts';
import { requestFor } from './perform.ts';
import { appKey, appSource, appState, repoKey, targetKey, whyUnreadable } from './rows.ts';
import { together } from './together.ts';

/** Inventories that are read at a time: one after the other, those of a thousand applications would take most of a sweep. */
const inventoriesAtOnce = 32;

interface Watched {
  readonly source: AppSource;
  readonly state: AppState;
}

/** What is stored of a target between sweeps. */
export interface TargetState {
  readonly v: 1;
  readonly sweptAt?: number;
  readonly token?: string;
  readonly attempts: number;
  /** What is known of the cluster, when charts go to it. */
  readonly cluster?: RecordedCluster;
  /** The repository has not been rung for what is recorded. */
  readonly tell?: true;
}

export const newTargetState: TargetState = { v: 1, attempts: 0 };

/** What a target's row says. */
export function targetState(row: Row): TargetState {
  return (row.state as unknown as TargetState | undefined) ?? newTargetState;
}

export interface Sweep {
  readonly state: TargetState;
  readonly due?: number;
}

/** Observes all applications at rest on one target and rings those that differ. */
export async function sweepTarget(home: Home, name: string, before: TargetState, signal: AbortSignal): Promise<Sweep> {
  const on = await onTarget(home, name);
  // Nothing is on this target any more: a catalogue that uses it again rings.
  if (on.length === 0) return { state: newTargetState };
  const { tell, ...known } = before;
  if (tell === true) await ringRepository(home, name);
  const every = Math.min(...on.map((one) => one.source.app.drift.everyMs));
  const now = home.now();
  const sweptAt = Math.min(known.sweptAt ?? now + firstDelay(home, name, every) - every, now);
  // Rung before its time, by a new catalogue or twice: the interval is what counts.
  const due = sweptAt + every;
  if (known.token === undefined && known.attempts === 0 && now < due) {
    // New charts do not wait for the first sweep.
    const learned = await learn(home, on, known, { signal, again: false });
    return { state: { ...known, sweptAt, ...learned }, due };
  }
  const all = on.filter(atRest);
  try {
    const waits = await observeAll(home, all, known.token, signal);
    if (waits !== undefined) return { state: { ...known, token: waits.token }, due: home.now() + waits.afterMs };
    const learned = await learn(home, on, known, { signal, again: true });
    return { state: { v: 1, sweptAt: home.now(), attempts: 0, ...learned }, due: home.now() + every };
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = asFailure(error);
    home.emit({ event: 'sweep-failed', at: home.now(), message: `Target ${name} cannot be swept: ${failure.message}` });
    // The applications say for themselves that they cannot be seen: unknown is not good.
    for (const one of all) await ring(home, one.source.app.id, 'cannot be swept');
    return {
      state: { ...known, attempts: known.attempts + 1 },
      due: home.now() + Math.max(every, backoff(known.attempts + 1, home.random())),
    };
  }
}

/** Targets start at different points of the interval, so that they do not all sweep at once. */
function firstDelay(home: Home, name: string, every: number): number {
  return Number.parseInt(home.hash(name).slice(0, 8), 16) % every;
}

/** Asks the cluster what charts are told of it, if any go there. News are recorded first, and told by the next look at this row. */
async function learn(
  home: Home,
  on: readonly Watched[],
  { cluster: before }: TargetState,
  { signal, again }: { readonly signal: AbortSignal; readonly again: boolean },
): Promise<Pick<TargetState, 'cluster' | 'tell'>> {
  const kept = before === undefined ? {} : { cluster: before };
  const chart = on.find(({ source }) => takesClusterFacts(source.renderer) && source.problems.length === 0)?.source;
  if (chart === undefined || (!again && isRecorded(home, chart.target, before))) return kept;
  const learned = await learnCluster(home, chart, before, sweepContext(home, signal));
  if (learned === undefined) return kept;
  if (!learned.news) return { cluster: learned.cluster };
  await home.store.hint(targetKey(chart.target.name), { kind: 'config', at: home.now(), note: 'cluster changed' });
  return { cluster: learned.cluster, tell: true };
}

/** Charts for this target are rendered again by whoever reads the repository. */
async function ringRepository(home: Home, name: string): Promise<void> {
  const key = repoKey(home.root.alias);
  await home.store.hint(key, { kind: 'config', at: home.now(), note: `version or APIs of target ${name} changed` });
  await home.queue.send('source', key);
}

/** Applications that go to this target. */
async function onTarget(home: Home, name: string): Promise<readonly Watched[]> {
  return (await home.store.list('app/')).flatMap((row) => {
    // It is watched by whoever can read it.
    if (whyUnreadable(row) !== undefined) return [];
    const source = appSource(row);
    return source === undefined || source.removed === true || source.app.target !== name
      ? []
      : [{ source, state: appState(row) }];
  });
}

/** Drift is only meaningful where something was applied completely and no run is under way. */
function atRest({ state }: Watched): boolean {
  return state.applied !== undefined && state.run === undefined && state.failed?.partial !== true;
}

async function observeAll(
  home: Home,
  all: readonly Watched[],
  token: string | undefined,
  signal: AbortSignal,
): Promise<{ afterMs: number; token: string } | undefined> {
  for (const group of byKind(all)) {
    const first = group[0];
    if (first === undefined) continue;
    const target = await home.targets.get(first.source.target, first.source.app);
    const requests = await together(
      inventoriesAtOnce,
      group,
      async ({ source, state }) => await requestFor({ home, source, overrides: {} }, state, 'check'),
    );
    const answer = await target.observe(requests, sweepContext(home, signal), token);
    if (answer.status === 'wait') return { afterMs: answer.afterMs, token: answer.token };
    if (answer.status === 'failed') {
      for (const one of group) await ring(home, one.source.app.id, answer.cause.message);
      continue;
    }
    for (const [index, one] of group.entries()) {
      const observation = answer.value[index];
      if (observation === undefined || differs(observation, one.state)) await ring(home, one.source.app.id, 'sweep');
    }
  }
  return undefined;
}

/** A sandbox target takes both kinds; each kind has an adapter of its own. */
function byKind(all: readonly Watched[]): readonly (readonly Watched[])[] {
  return [
    all.filter((one) => one.source.app.stack === undefined),
    all.filter((one) => one.source.app.stack !== undefined),
  ];
}

function differs(observation: Observation, state: AppState): boolean {
  return (
    !observation.inSync ||
    observation.drift.length > 0 ||
    observation.health.health !== state.health ||
    state.drift !== undefined
  );
}

async function ring(home: Home, id: string, note: string): Promise<void> {
  await home.store.hint(appKey(id), { kind: 'drift', at: home.now(), note });
  await home.queue.send('reconcile', appKey(id));
}

/** A sweep only reads: a write through this context is a mistake in an adapter. */
function sweepContext(home: Home, signal: AbortSignal): TargetContext {
  const refuse = (): never => {
    throw new TypeError('a sweep must not write');
  };
  return {
    installation: home.installation,
    runId: 'sweep',
    hash: home.hash,
    hmac: home.hmac,
    now: home.now,
    signal,
    guard: refuse,
    saveInventory: async () => refuse(),
    report: () => undefined,
  };
}

/** The targets that a catalogue uses: they get rows of their own. */
export function targetsInUse(
  targets: readonly TargetSpec[],
  apps: readonly { readonly target: string }[],
): readonly string[] {
  const used = new Set(apps.map((app) => app.target));
  return targets.map((target) => target.name).filter((name) => used.has(name));
}
