// Work that kills its worker (out of memory, a crash of the runtime) leaves no error behind, only a take that no release followed.
import type { Failure } from '../errors.ts';
import type { Facts } from './facts.ts';
import type { AppState } from './state.ts';

/** Workers that may end in the middle of one row's work, one after the other, before it is left alone for a while. */
export const KILLS_ALLOWED = 5;
/** How long it is then left alone, unless something new is wanted. */
export const KILLED_RETRY_MS = 30 * 60_000;

/** Workers that ended in the middle of a row's work since it was last given back; `takes` includes the one of now. */
export function workersLost(row: { readonly takes?: number }): number {
  return Math.max(0, (row.takes ?? 0) - 1);
}

/** Whether to work at all: `go` with this state, or `hold` until `due`. */
export type AfterKills =
  | { readonly kind: 'go'; readonly state: AppState }
  | { readonly kind: 'hold'; readonly state: AppState; readonly due: number; readonly news: boolean };

/** Looks at what became of the workers before this one. Other inputs, another rollback or another `holdfast sync` are tried anew. */
export function afterKills(state: AppState, facts: Facts, lost: number): AfterKills {
  const { source, intent, now } = facts;
  if (source === undefined || source.removed === true) return { kind: 'go', state };
  const wish = `${source.inputsKey} ${intent.pin ?? ''} ${intent.sync ?? 0}`;
  const before = state.killed?.wish === wish ? state.killed : undefined;
  if (before !== undefined && lost === 0 && now < before.retryAt)
    return { kind: 'hold', state, due: before.retryAt, news: false };
  // One that was held is tried once each time.
  if (lost < (before === undefined ? KILLS_ALLOWED : 1)) return { kind: 'go', state: resumed(state) };
  const times = (before?.times ?? 0) + lost;
  const failure = workerKilled(source.app.name, times);
  const { sync, health, message } = state.killed?.was ?? state;
  const killed = { wish, times, failure, retryAt: now + KILLED_RETRY_MS, was: { sync, health, message } };
  const held: AppState = {
    ...state,
    killed,
    sync: 'Unknown',
    health: 'Unknown',
    message: failure.message,
  };
  return { kind: 'hold', state: held, due: killed.retryAt, news: true };
}

/** As it was before it was held; what was in sync then is to be looked at. */
function resumed(state: AppState): AppState {
  if (state.killed === undefined) return state;
  const { sync, health, message } = state.killed.was;
  return { ...state, health, message, sync: sync === 'Synced' ? 'Unknown' : sync };
}

function workerKilled(app: string, times: number): Failure {
  return {
    code: 'WorkerKilled',
    source: 'system',
    message: `The worker ended ${times} times in the middle of this application, most likely out of memory (WorkerKilled); it is tried again in ${KILLED_RETRY_MS / 60_000} minutes`,
    retryable: true,
    object: app,
    next: `make it smaller or give the worker more memory, then \`holdfast sync ${app}\``,
  };
}
