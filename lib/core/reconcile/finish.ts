// How a run ends: its line of history, the failure that is remembered, and when to try again.
import type { Failure } from '../errors.ts';
import type { Health } from '../plan/target.ts';
import { retryAfter } from './backoff.ts';
import type { Decision, Facts } from './facts.ts';
import { withEvent } from './outbox.ts';
import type { AppState, OutboxEvent, Outcome, RunRecord, RunState } from './state.ts';
import { restingSync } from './status.ts';

export interface Ending {
  readonly outcome: Outcome;
  readonly message: string;
  readonly failure?: Failure;
  readonly health?: Health;
  /** Some objects of this try were written. */
  readonly partial?: boolean;
}

/** Ends a run. What was applied is decided before, by the phase that applied it. */
export function finishRun(state: AppState, run: RunState, facts: Facts, given: Ending): Decision {
  const ending: Ending = { ...given, partial: given.partial === true || run.partial === true };
  const health = ending.health ?? state.health;
  const record: RunRecord = {
    v: 1,
    id: run.id,
    app: facts.source?.app.name ?? '',
    mode: run.mode,
    trigger: run.trigger,
    ...(run.note === undefined ? {} : { note: run.note }),
    revision: run.revision,
    inputsKey: run.inputsKey,
    outcome: ending.outcome,
    ...(ending.failure === undefined ? {} : { failure: ending.failure }),
    health,
    message: ending.message,
    startedAt: run.startedAt,
    durationMs: Math.max(0, facts.now - run.startedAt),
    ...(run.plan === undefined ? {} : { plan: run.plan }),
    applied: run.applied ?? 0,
    deleted: run.deleted ?? 0,
    ...(run.desired === undefined ? {} : { desired: run.desired }),
    ...(run.desiredDigest === undefined ? {} : { desiredDigest: run.desiredDigest }),
    cost: run.cost,
  };
  const failed = rememberFailure(state, run, facts, ending);
  const ended: AppState = { ...state, run: undefined, lastRun: record, failed, health, message: ending.message };
  const good = ending.outcome === 'succeeded' || ending.outcome === 'unhealthy';
  return {
    state: {
      ...ended,
      sync: good ? restingSync(ended, facts) : ending.outcome === 'superseded' ? state.sync : syncAfter(ending, state),
      outbox: withEvent(state.outbox, outcomeEvent(record, facts)),
    },
    effect: { kind: 'settle', record },
  };
}

function syncAfter(ending: Ending, state: AppState): AppState['sync'] {
  // A target that cannot be read says nothing about sync: unknown is not good, but it is not a difference either.
  return ending.failure?.source === 'remote' && ending.partial !== true && state.applied !== undefined
    ? 'Unknown'
    : 'OutOfSync';
}

function rememberFailure(state: AppState, run: RunState, facts: Facts, ending: Ending): AppState['failed'] {
  if (ending.outcome === 'succeeded' || ending.outcome === 'unhealthy') return undefined;
  if (ending.outcome === 'superseded') return run.partial === true ? halfDone(state, run, facts) : state.failed;
  if (ending.failure === undefined) return state.failed;
  const before = state.failed;
  const attempts = (before?.inputsKey === run.inputsKey ? before.attempts : 0) + 1;
  const wait = retryAfter(ending.failure, attempts, facts.jitter);
  return {
    inputsKey: run.inputsKey,
    seq: run.seq,
    failure: ending.failure,
    outcome: ending.outcome,
    attempts,
    partial: ending.partial === true || before?.partial === true,
    ...(wait === undefined ? {} : { retryAt: facts.now + wait }),
  };
}

/** A run that was given up after a worker stopped in the middle of it: what it wrote is still there, even if Git goes back. */
function halfDone(state: AppState, run: RunState, facts: Facts): AppState['failed'] {
  const failure: Failure = {
    code: 'Interrupted',
    source: 'system',
    message: 'Stopped before everything was written, then overtaken',
    retryable: true,
  };
  const { inputsKey, seq } = run;
  const found = { inputsKey, seq, failure, outcome: 'superseded' as const, attempts: 1, retryAt: facts.now };
  return { ...found, ...state.failed, partial: true };
}

function outcomeEvent(record: RunRecord, facts: Facts): OutboxEvent {
  return {
    id: `run-${record.id}`,
    type: 'Holdfast Run Outcome',
    app: record.app,
    at: facts.now,
    detail: {
      schemaVersion: 1,
      app: record.app,
      target: facts.source?.app.target ?? '',
      run: record.id,
      mode: record.mode,
      trigger: record.trigger,
      revision: record.revision,
      outcome: record.outcome,
      health: record.health,
      message: record.message,
      applied: record.applied,
      deleted: record.deleted,
      durationMs: record.durationMs,
      ...(record.failure === undefined ? {} : { failure: record.failure }),
    },
  };
}
