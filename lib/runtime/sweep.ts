// The drift sweep: work of a target, not of its applications. One set of shared lists, and only what differs is woken.
import type { TargetSpec } from '../core/config/model.ts';
import { asFailure } from '../core/errors.ts';
import type { Observation, ObserveRequest, TargetContext } from '../core/plan/target.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import type { AppSource, AppState } from '../core/reconcile/state.ts';
import type { Home } from './home.ts';
import { requestFor } from './perform.ts';
import { appKey, appSource, appState } from './rows.ts';

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
}

export const newTargetState: TargetState = { v: 1, attempts: 0 };

export interface Sweep {
  readonly state: TargetState;
  readonly due?: number;
}

/** Observes all applications at rest on one target and rings those that differ. */
export async function sweepTarget(home: Home, name: string, before: TargetState, signal: AbortSignal): Promise<Sweep> {
  const on = await onTarget(home, name);
  // Nothing is on this target any more: a catalogue that uses it again rings.
  if (on.length === 0) return { state: newTargetState };
  const every = Math.min(...on.map((one) => one.source.app.drift.everyMs));
  const now = home.now();
  const sweptAt = Math.min(before.sweptAt ?? now + firstDelay(home, name, every) - every, now);
  // Rung before its time, by a new catalogue or twice: the interval is what counts.
  const due = sweptAt + every;
  if (before.token === undefined && before.attempts === 0 && now < due) return { state: { ...before, sweptAt }, due };
  const all = on.filter(atRest);
  try {
    const waits = await observeAll(home, all, before.token, signal);
    if (waits !== undefined) return { state: { ...before, token: waits.token }, due: home.now() + waits.afterMs };
    return { state: { v: 1, sweptAt: home.now(), attempts: 0 }, due: home.now() + every };
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = asFailure(error);
    home.emit({ event: 'sweep-failed', at: home.now(), message: `Target ${name} cannot be swept: ${failure.message}` });
    // The applications say for themselves that they cannot be seen: unknown is not good.
    for (const one of all) await ring(home, one.source.app.id, 'cannot be swept');
    return {
      state: { ...before, attempts: before.attempts + 1 },
      due: home.now() + Math.max(every, backoff(before.attempts + 1, home.random())),
    };
  }
}

/** Targets start at different points of the interval, so that they do not all sweep at once. */
function firstDelay(home: Home, name: string, every: number): number {
  return Number.parseInt(home.hash(name).slice(0, 8), 16) % every;
}

/** Applications that go to this target. */
async function onTarget(home: Home, name: string): Promise<readonly Watched[]> {
  return (await home.store.list('app/')).flatMap((row) => {
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
    const requests: ObserveRequest[] = [];
    for (const one of group)
      requests.push(await requestFor({ home, source: one.source, overrides: {} }, one.state, 'check'));
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
