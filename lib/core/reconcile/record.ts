// The step function, second half: the result of an effect -> the new state, or the end of the run. Pure.
import { problemsFailure, type Problem } from '../config/model.ts';
import type { Failure } from '../errors.ts';
import type { Plan } from '../plan/model.ts';
import { subjectText, summarise } from '../plan/model.ts';
import type { ActResult, DriftItem, HealthReport, Step } from '../plan/target.ts';
import { startHeal } from './decide.ts';
import type { Decision, Facts } from './facts.ts';
import { finishRun } from './finish.ts';
import { withEvent } from './outbox.ts';
import type { AppState, DriftState, Reversal, RunState } from './state.ts';
import { restingSync } from './status.ts';

/** What recording leads to: go on deciding, wait until `due`, or a settled run. */
export type Recorded =
  | { readonly kind: 'on'; readonly state: AppState }
  | { readonly kind: 'wait'; readonly state: AppState; readonly due: number }
  | { readonly kind: 'end'; readonly decision: Decision };

export type RenderOutcome =
  /** `revision`: of what is gone back to, when it is not the one the run started with. */
  | { readonly kind: 'desired'; readonly key: string; readonly digest: string; readonly revision?: string }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | { readonly kind: 'failed'; readonly failure: Failure };

export interface ObserveSummary {
  readonly inSync: boolean;
  readonly health: HealthReport;
  readonly drift: readonly DriftItem[];
  readonly compared: number;
}

export interface PrepareSummary {
  readonly plan: Plan;
  readonly holds: readonly Failure[];
}

const hourMs = 3_600_000;
/** Reversals of one field within an hour after which self-heal stops and says who fights. */
const fightLimit = 3;

const on = (state: AppState, run: RunState, patch: Partial<RunState>): Recorded => ({
  kind: 'on',
  state: { ...state, run: { ...run, token: undefined, ...patch } },
});

function waiting(
  state: AppState,
  run: RunState,
  facts: Facts,
  step: { afterMs: number; token: string; note?: string },
): Recorded {
  const next = {
    ...state,
    run: { ...run, token: step.token },
    ...(step.note === undefined ? {} : { message: step.note }),
  };
  return { kind: 'wait', state: next, due: facts.now + step.afterMs };
}

function failed(state: AppState, run: RunState, facts: Facts, failure: Failure, partial = false): Recorded {
  const unknown = failure.source === 'remote' && !partial;
  const ending = {
    outcome: 'failed' as const,
    message: failureText(failure),
    failure,
    partial,
    ...(unknown ? { health: 'Unknown' as const } : {}),
  };
  return { kind: 'end', decision: finishRun(state, run, facts, ending) };
}

/** `object: message (reason); next` on one line. */
export function failureText(failure: Failure): string {
  const about = failure.object === undefined || failure.message.includes(failure.object) ? '' : `${failure.object}: `;
  const reason = failure.reason === undefined || failure.message.includes(failure.reason) ? '' : ` (${failure.reason})`;
  return `${about}${failure.message}${reason}`;
}

export function rendered(state: AppState, run: RunState, facts: Facts, result: RenderOutcome): Recorded {
  if (result.kind === 'desired') {
    const { key, digest, revision = run.revision } = result;
    return on(state, run, { phase: 'observe', desired: key, desiredDigest: digest, revision });
  }
  if (result.kind === 'failed') return failed(state, run, facts, result.failure);
  const failure = problemsFailure(result.problems, `holdfast render ${facts.source?.app.name ?? 'APP'}`);
  return {
    kind: 'end',
    decision: finishRun(state, run, facts, { outcome: 'refused', message: failure.message, failure }),
  };
}

export function observed(state: AppState, run: RunState, facts: Facts, step: Step<ObserveSummary>): Recorded {
  if (step.status === 'wait') return waiting(state, run, facts, step);
  if (step.status === 'failed') return failed(state, run, facts, step.cause);
  const cost = { ...run.cost, objects: run.cost.objects + step.value.compared };
  if (!step.value.inSync) {
    const { drift } = step.value;
    // A run that overwrites a change by hand says so first; a heal was told by the look that started it.
    const told =
      drift.length === 0 || run.mode === 'heal' ? state.outbox : withEvent(state.outbox, driftEvent(facts, drift));
    return on({ ...state, outbox: told }, run, { phase: 'prepare', cost });
  }
  // Proven equal: nothing to plan. What is applied is what this run wanted.
  return on(markApplied({ ...state, health: step.value.health.health, drift: undefined }, run, facts), run, {
    phase: 'follow',
    cost,
    followingSince: facts.now,
  });
}

export function prepared(state: AppState, run: RunState, facts: Facts, step: Step<PrepareSummary>): Recorded {
  if (step.status === 'wait') return waiting(state, run, facts, step);
  if (step.status === 'failed') return failed(state, run, facts, step.cause);
  const { plan, holds } = step.value;
  const planned: RunState = { ...run, plan: { digest: plan.digest, summary: summarise(plan) } };
  const hold = holds[0];
  if (hold !== undefined) {
    const more = holds.length > 1 ? ` (and ${holds.length - 1} more)` : '';
    return {
      kind: 'end',
      decision: finishRun(state, planned, facts, {
        outcome: 'held',
        message: `${failureText(hold)}${more}`,
        failure: hold,
      }),
    };
  }
  return on(state, planned, { phase: 'act' });
}

export function acted(state: AppState, run: RunState, facts: Facts, step: Step<ActResult>): Recorded {
  if (step.status === 'wait') return waiting(state, run, facts, step);
  // A stack goes back by itself; of objects nobody knows how many were written before the failure.
  if (step.status === 'failed') return failed(state, run, facts, step.cause, facts.source?.app.stack === undefined);
  const { applied, deleted, failures } = step.value;
  const done: RunState = { ...run, applied, deleted };
  const first = failures[0];
  if (first !== undefined) {
    const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : '';
    const failure = { ...first, message: `${failureText(first)}${more}` };
    return failed({ ...state, sync: 'OutOfSync' }, done, facts, failure, applied + deleted > 0);
  }
  return on(markApplied(state, done, facts), done, { phase: 'follow', followingSince: facts.now });
}

/** The worker that made the plan is gone, perhaps in the middle of carrying it out: look and plan again. */
export function planLost(state: AppState, run: RunState): Recorded {
  return on(state, run, { phase: 'observe', partial: true });
}

/** Everything the run wanted is written: from now on drift is measured against it. */
function markApplied(state: AppState, run: RunState, facts: Facts): AppState {
  if (run.desired === undefined || run.desiredDigest === undefined) return state;
  const { desired, desiredDigest, revision, seq, inputsKey } = run;
  return {
    ...state,
    applied: { revision, seq, inputsKey, desired, desiredDigest, runId: run.id, at: facts.now },
    failed: undefined,
    drift: undefined,
    sync: 'Synced',
    ...(run.mode === 'rollback' && run.note !== undefined ? { pinned: run.note } : {}),
    ...(run.mode === 'heal' ? {} : { reversals: [] }),
  };
}

export function followed(state: AppState, run: RunState, facts: Facts, step: Step<HealthReport>): Recorded {
  if (step.status === 'failed') return failed(state, run, facts, step.cause);
  const since = run.followingSince ?? facts.now;
  if (step.status === 'wait') {
    const message = step.note ?? state.message;
    const next: AppState = { ...state, health: 'Progressing', message };
    if (!facts.waitForHealth) {
      const written = { outcome: 'succeeded' as const, message: doneText(run), health: 'Progressing' as const };
      return { kind: 'end', decision: finishRun(next, run, facts, written) };
    }
    if (facts.now - since < facts.followLimitMs) return waiting(next, { ...run, followingSince: since }, facts, step);
    const text = `Not healthy after ${Math.round(facts.followLimitMs / 1000)} s: ${message}`;
    return {
      kind: 'end',
      decision: finishRun(next, run, facts, { outcome: 'unhealthy', message: text, health: 'Progressing' }),
    };
  }
  const { health, message } = step.value;
  const outcome = health === 'Degraded' || health === 'Missing' ? 'unhealthy' : 'succeeded';
  const text = outcome === 'unhealthy' || health === 'Unknown' || health === 'Progressing' ? message : doneText(run);
  return { kind: 'end', decision: finishRun(state, run, facts, { outcome, message: text, health }) };
}

function doneText(run: RunState): string {
  const counts = run.plan?.summary;
  const what = run.mode === 'heal' ? 'Healed' : run.mode === 'rollback' ? 'Rolled back to' : 'Applied';
  const changes =
    counts === undefined
      ? 'nothing to change'
      : `+${counts.create + counts.adopt} ~${counts.update + counts.replace} -${counts.delete}`;
  return `${what} ${run.revision.slice(0, 8)}: ${changes}`;
}

/** A look at rest: health and drift against what was last applied; the start of a heal when that is wanted. */
export function lookedAt(before: AppState, facts: Facts, step: Step<ObserveSummary>, report: string): Recorded {
  if (step.status === 'wait')
    return { kind: 'wait', state: { ...before, lookToken: step.token }, due: facts.now + step.afterMs };
  const state: AppState = { ...before, lookedAt: facts.now, lookToken: undefined };
  if (step.status === 'failed') {
    const message = `Cannot look: ${failureText(step.cause)}`;
    return { kind: 'on', state: { ...state, sync: 'Unknown', health: 'Unknown', message } };
  }
  const { drift, health } = step.value;
  const rested = restingSync(state, facts);
  if (drift.length === 0) {
    const message =
      health.health === 'Healthy' || health.health === 'Suspended' ? restingMessage(state, facts) : health.message;
    return { kind: 'on', state: { ...state, drift: undefined, sync: rested, health: health.health, message } };
  }
  return drifted({ ...state, health: health.health }, facts, drift, report);
}

function restingMessage(state: AppState, facts: Facts): string {
  if (state.failed !== undefined) return failureText(state.failed.failure);
  if (facts.source?.held !== undefined) return facts.source.held.message;
  if (restingSync(state, facts) === 'OutOfSync') return state.message;
  const pinned =
    facts.intent.pin === undefined
      ? ''
      : ` (rolled back; \`holdfast resume ${facts.source?.app.name ?? 'APP'}\` follows Git again)`;
  return `In sync with ${state.applied?.revision.slice(0, 8) ?? 'nothing'}${pinned}`;
}

function drifted(state: AppState, facts: Facts, drift: readonly DriftItem[], report: string): Recorded {
  const first = drift[0];
  const summary = first === undefined ? '' : driftText(first);
  const found: DriftState = { at: facts.now, count: drift.length, report, summary };
  const news = state.drift?.report !== report;
  const reported: AppState = {
    ...state,
    sync: 'OutOfSync',
    drift: found,
    message: `Drift: ${summary}${drift.length > 1 ? ` (and ${drift.length - 1} more)` : ''}`,
    outbox: news ? withEvent(state.outbox, driftEvent(facts, drift)) : state.outbox,
  };
  const heals =
    facts.source?.app.sync.selfHeal === true && facts.intent.suspended !== true && state.failed === undefined;
  if (!heals || state.applied === undefined) return { kind: 'on', state: reported };
  const recent = state.reversals.filter((reversal) => facts.now - reversal.at < hourMs);
  const again = reversalsOf(drift, facts.now);
  const fight = again.find((reversal) => recent.filter((past) => past.field === reversal.field).length >= fightLimit);
  if (fight !== undefined) {
    const message = `${fight.owner} keeps changing ${fight.field}: put back ${fightLimit} times within an hour, not any more; agree on one owner, then \`holdfast sync ${facts.source?.app.name ?? 'APP'}\``;
    return { kind: 'on', state: { ...reported, reversals: recent, message } };
  }
  return { kind: 'on', state: startHeal({ ...reported, reversals: [...recent, ...again] }, facts, state.applied) };
}

function reversalsOf(drift: readonly DriftItem[], at: number): Reversal[] {
  return drift.flatMap((item) => {
    const paths = item.fields.length === 0 ? [item.kind] : item.fields.map((field) => field.path);
    return paths.map((path) => ({ field: `${subjectText(item.subject)} ${path}`, owner: item.owner, at }));
  });
}

/** `Deployment/prod/web spec.replicas changed by kubectl-edit` */
export function driftText(item: DriftItem): string {
  const what = subjectText(item.subject);
  if (item.kind === 'missing') return `${what} is gone`;
  if (item.kind === 'extra') return `${what} is not in Git`;
  const paths = item.fields.map((field) => field.path);
  const more = paths.length > 3 ? ` and ${paths.length - 3} more fields` : '';
  return `${what} ${paths.slice(0, 3).join(', ')}${more} changed by ${item.owner}`;
}

function driftEvent(facts: Facts, drift: readonly DriftItem[]): AppState['outbox'][number] {
  return {
    id: `drift-${facts.newRunId}`,
    type: 'Holdfast Drift Report',
    app: facts.source?.app.name ?? '',
    at: facts.now,
    detail: {
      schemaVersion: 1,
      app: facts.source?.app.name ?? '',
      target: facts.source?.app.target ?? '',
      selfHeal: facts.source?.app.sync.selfHeal ?? false,
      items: drift.map((item) => ({
        subject: subjectText(item.subject),
        kind: item.kind,
        owner: item.owner,
        fields: item.fields,
      })),
    },
  };
}
