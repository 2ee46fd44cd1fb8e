// `sync --prune`: a person's word about deletes is for the run that they asked for, and for its retries.
import type { RunRecord, RunState } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';

/** Whether a run is one that a person asked for, or a retry of it. */
export function isAskedFor(run: Pick<RunState, 'mode' | 'trigger'> | undefined): boolean {
  return run?.mode === 'sync' && (run.trigger === 'manual' || run.trigger === 'retry');
}

/** Forgets the word when its run has ended; answers the row as it is then. Said again meanwhile, it is for the next run. */
export async function forgetPrune(home: Home, row: Row, record: RunRecord): Promise<Row> {
  const { intent, key } = row;
  const again = record.outcome === 'failed' && record.failure?.retryable === true;
  if (intent.prune !== true || !isAskedFor(record) || again) return row;
  const now = await home.store.read(key);
  if (now?.intent.sync === intent.sync) {
    const trigger = { kind: 'manual', at: home.now(), note: 'prune done' } as const;
    await home.store.intend(key, { prune: undefined }, trigger);
  }
  return { ...row, intent: { ...intent, prune: undefined } };
}
