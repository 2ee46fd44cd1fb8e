// The step function, first half: stored state and facts -> the next effect. Pure; nothing here remembers how it got here.
import type { Trigger, TriggerKind } from '../trigger/model.ts';
import type { Decision, Effect, Facts } from './facts.ts';
import { finishRun } from './finish.ts';
import type { AppSource, AppState, RunMode, RunState } from './state.ts';
import { noCost } from './state.ts';

/** The next effect for an application. */
export function decide(state: AppState, facts: Facts): Decision {
  const { source } = facts;
  if (source === undefined) return { state, effect: { kind: 'rest' } };
  if (source.removed === true) return removed(state, facts);
  if (state.run !== undefined) return carryOn(state, state.run, facts, source);
  const start = wantedRun(state, facts, source);
  if (start.kind === 'run') return carryOn({ ...start.state, run: start.run }, start.run, facts, source);
  if (shouldLook(start.state, facts)) return { state: start.state, effect: { kind: 'look' } };
  return { state: start.state, effect: rest(start.state, facts, start.due) };
}

function removed(state: AppState, facts: Facts): Decision {
  const message = 'Removed from the configuration; its objects were left as they are';
  if (state.run !== undefined) return finishRun(state, state.run, facts, { outcome: 'superseded', message });
  return { state: { ...state, message, sync: 'Unknown', waitingFor: [] }, effect: { kind: 'rest' } };
}

function carryOn(state: AppState, run: RunState, facts: Facts, source: AppSource): Decision {
  const stop = overtaken(state, run, facts, source);
  if (stop !== undefined) return finishRun(state, run, facts, { outcome: 'superseded', message: stop });
  return { state, effect: { kind: run.phase } };
}

/** Why a run in progress should end early; never while a target is carrying it out. */
function overtaken(state: AppState, run: RunState, facts: Facts, source: AppSource): string | undefined {
  if (run.phase === 'act') return undefined;
  if (run.phase === 'follow' && (facts.intent.sync ?? 0) > state.synced) return 'A person asked for a new run';
  if (facts.intent.suspended === true && run.phase !== 'follow') return 'Suspended';
  if (run.mode === 'heal') return healOvertaken(state, run, facts, source);
  if (run.mode === 'rollback') {
    if (facts.intent.pin === run.note) return undefined;
    return facts.intent.pin === undefined ? 'The rollback was taken back' : 'Another rollback is wanted';
  }
  if (facts.intent.pin !== undefined) return 'A rollback is wanted';
  if (source.held !== undefined) return source.held.message;
  return source.inputsKey === run.inputsKey ? undefined : `Overtaken by ${source.revision.slice(0, 8)}`;
}

/** A heal puts back what is applied, a pinned state too. Only its wait for health ends early for something new. */
function healOvertaken(state: AppState, run: RunState, facts: Facts, source: AppSource): string | undefined {
  const { pin } = facts.intent;
  if (pin !== undefined) return pin === state.pinned ? undefined : 'A rollback is wanted';
  const next = run.phase === 'follow' && source.app.sync.auto && source.held === undefined;
  return next && source.inputsKey !== run.inputsKey ? `Overtaken by ${source.revision.slice(0, 8)}` : undefined;
}

type Start =
  | { readonly kind: 'run'; readonly state: AppState; readonly run: RunState }
  | { readonly kind: 'none'; readonly state: AppState; readonly due?: number };

interface Wish {
  /** A person asked since the last run. */
  readonly manual: boolean;
  /** What is applied is not what Git wants. */
  readonly changed: boolean;
}

/** Whether a run should start, and if not, what to say and when to look again. */
function wantedRun(state: AppState, facts: Facts, source: AppSource): Start {
  const { intent } = facts;
  if (intent.pin !== undefined) return wantedRollback(state, facts, source, intent.pin);
  const unpinned: AppState = { ...state, pinned: undefined, waitingFor: [] };
  const wish: Wish = {
    manual: (intent.sync ?? 0) > state.synced,
    changed: state.applied?.inputsKey !== source.inputsKey || state.pinned !== undefined,
  };
  const stop = blocked(unpinned, facts, source, wish);
  if (stop !== undefined) return stop;
  const failed = state.failed;
  if (!wish.manual && failed?.inputsKey === source.inputsKey) return retryFailed(unpinned, facts, source, failed);
  // Back at what is applied: nothing to write, unless the failed try left something half done.
  if (!wish.changed && !wish.manual && failed?.partial !== true) {
    return none({ ...unpinned, failed: undefined }, { sync: 'Unknown' });
  }
  if (!wish.manual && !source.app.sync.auto) {
    return none(unpinned, {
      sync: 'OutOfSync',
      message: `Automatic sync is off: \`holdfast sync ${source.app.name}\``,
    });
  }
  const trigger = wish.manual ? 'manual' : newest(facts.triggers);
  return startRun({ ...unpinned, synced: intent.sync ?? state.synced }, facts, source, { mode: 'sync', trigger });
}

/** What keeps a run from starting whatever it is for. */
function blocked(state: AppState, facts: Facts, source: AppSource, wish: Wish): Start | undefined {
  if (source.held !== undefined) {
    return none(state, { sync: 'OutOfSync', message: source.held.message });
  }
  if (!wish.changed && !wish.manual && state.failed === undefined) {
    // What stood in the way of another revision is gone with it: a look says how things are.
    return none(state, state.sync === 'OutOfSync' && state.drift === undefined ? { sync: 'Unknown' } : {});
  }
  if (facts.intent.suspended === true) {
    return none(state, wish.changed ? { sync: 'OutOfSync', message: 'Suspended: `holdfast resume` to apply' } : {});
  }
  if (facts.waitingFor.length === 0) return undefined;
  const message = `Waits for ${facts.waitingFor.join(', ')}`;
  return none({ ...state, waitingFor: facts.waitingFor }, { sync: 'OutOfSync', message });
}

/** The same inputs failed before: again only when that may help, and only when its time has come. */
function retryFailed(state: AppState, facts: Facts, source: AppSource, failed: NonNullable<AppState['failed']>): Start {
  if (failed.retryAt === undefined) return none(state, {});
  if (facts.now < failed.retryAt) return { ...none(state, {}), due: failed.retryAt };
  return startRun(state, facts, source, { mode: 'sync', trigger: 'retry' });
}

function wantedRollback(state: AppState, facts: Facts, source: AppSource, pin: string): Start {
  if (state.pinned === pin && state.failed === undefined) return none(state, {});
  const key = rollbackKey(pin);
  if (state.failed?.inputsKey === key && (state.failed.retryAt === undefined || facts.now < state.failed.retryAt)) {
    return { ...none(state, {}), ...(state.failed.retryAt === undefined ? {} : { due: state.failed.retryAt }) };
  }
  if (facts.intent.suspended === true) return none(state, { message: 'Suspended: `holdfast resume` to apply' });
  return startRun(state, facts, { ...source, inputsKey: key }, { mode: 'rollback', trigger: 'manual', note: pin });
}

/** The inputs key of a rollback: it must never equal the key of a revision. */
export function rollbackKey(pin: string): string {
  return `pin:${pin}`;
}

interface Why {
  readonly mode: RunMode;
  readonly trigger: TriggerKind;
  readonly note?: string;
}

function startRun(state: AppState, facts: Facts, source: AppSource, why: Why): Start {
  const trigger = facts.triggers.findLast((hint) => hint.kind === why.trigger);
  const note = why.note ?? trigger?.note;
  const run: RunState = {
    id: facts.newRunId,
    mode: why.mode,
    trigger: why.trigger,
    ...(note === undefined ? {} : { note }),
    revision: source.revision,
    seq: source.seq,
    inputsKey: source.inputsKey,
    phase: 'render',
    startedAt: facts.now,
    cost: noCost,
  };
  const message = why.mode === 'rollback' ? 'Rolling back' : `Applying ${source.revision.slice(0, 8)}`;
  return { kind: 'run', run, state: { ...state, runs: state.runs + 1, waitingFor: [], sync: 'OutOfSync', message } };
}

/** A run that puts back what drifted; the desired state is the one last applied. */
export function startHeal(state: AppState, facts: Facts, applied: NonNullable<AppState['applied']>): AppState {
  const run: RunState = {
    id: facts.newRunId,
    mode: 'heal',
    trigger: 'drift',
    revision: applied.revision,
    seq: applied.seq,
    inputsKey: applied.inputsKey,
    phase: 'observe',
    startedAt: facts.now,
    desired: applied.desired,
    desiredDigest: applied.desiredDigest,
    cost: noCost,
  };
  return { ...state, run, runs: state.runs + 1 };
}

function none(state: AppState, patch: Partial<AppState>): Start & { kind: 'none' } {
  return { kind: 'none', state: { ...state, ...patch } };
}

function newest(triggers: readonly Trigger[]): TriggerKind {
  return triggers.at(-1)?.kind ?? 'poll';
}

/** Something was applied, and the last look at it failed. */
function unseen(state: AppState): boolean {
  return state.sync === 'Unknown' && state.applied !== undefined;
}

/** A dependency rings when it is ready, and a sweep when a target can be seen again; should that be lost, this finds it. */
const waitingLookMs = 60_000;

/** A look is only meaningful at rest: something was applied completely and no newer try is half done. */
function shouldLook(state: AppState, facts: Facts): boolean {
  if (facts.looked || state.applied === undefined || state.failed?.partial === true) return false;
  if (state.lookToken !== undefined) return true;
  if (facts.triggers.some((hint) => hint.kind === 'drift' || hint.kind === 'manual' || hint.kind === 'stack-event'))
    return true;
  return state.sync === 'Unknown' || unsettledLook(state, facts.now) === 0;
}

function rest(state: AppState, facts: Facts, due: number | undefined): Effect {
  const wait = unsettledLook(state, facts.now);
  const times = [
    ...(due === undefined ? [] : [due]),
    ...(wait === undefined ? [] : [facts.now + Math.max(wait, 1_000)]),
    ...(state.waitingFor.length === 0 && !unseen(state) ? [] : [facts.now + waitingLookMs]),
  ];
  return times.length === 0 ? { kind: 'rest' } : { kind: 'rest', due: Math.min(...times) };
}

/** Milliseconds until health that is not settled is looked at again; gaps grow from 30 s to 10 min. Undefined = settled. */
function unsettledLook(state: AppState, now: number): number | undefined {
  const last = state.lastRun;
  if (last === undefined || state.applied === undefined) return undefined;
  if (state.health === 'Healthy' || state.health === 'Suspended' || state.health === 'Unknown') return undefined;
  const age = now - (last.startedAt + last.durationMs);
  const gap = Math.min(Math.max(age / 2, 30_000), 600_000);
  const since = now - (state.lookedAt ?? last.startedAt + last.durationMs);
  return Math.max(0, gap - since);
}
