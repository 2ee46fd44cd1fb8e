// Whether what was applied is what is wanted, when no drift is known.
import type { SyncStatus } from '../plan/target.ts';
import type { AppSource, AppState } from './state.ts';
import type { Intent } from './store.ts';

/** Sync status at rest: against the pin if there is one, else against what Git wants. */
export function restingSync(
  state: AppState,
  facts: { readonly source: AppSource | undefined; readonly intent: Intent },
): SyncStatus {
  if (state.failed !== undefined || facts.source?.held !== undefined) return 'OutOfSync';
  if (facts.intent.pin !== undefined) return state.pinned === facts.intent.pin ? 'Synced' : 'OutOfSync';
  return state.applied?.inputsKey === facts.source?.inputsKey ? 'Synced' : 'OutOfSync';
}
