// What a decision may depend on, what it leads to: the vocabulary of the step function.
import type { Trigger } from '../trigger/model.ts';
import type { AppSource, AppState, RunRecord } from './state.ts';
import type { Intent } from './store.ts';

/** Everything a decision may depend on besides the stored state. */
export interface Facts {
  /** Milliseconds since the epoch, the store's clock. */
  readonly now: number;
  readonly source: AppSource | undefined;
  readonly intent: Intent;
  /** Hints since the last look. */
  readonly triggers: readonly Trigger[];
  /** Names of applications in `dependsOn` that are not settled and healthy. */
  readonly waitingFor: readonly string[];
  /** Id to use if a run starts now. */
  readonly newRunId: string;
  /** 0 to 1, for backoff. */
  readonly jitter: number;
  /** How long health may take before the run is called unhealthy, milliseconds. */
  readonly followLimitMs: number;
  /** Whether this wake has looked at the live state already. */
  readonly looked: boolean;
  /** False: a run ends when everything is written, whatever health says (`apply --no-wait`). */
  readonly waitForHealth: boolean;
}

export type Effect =
  | { readonly kind: 'render' }
  | { readonly kind: 'observe' }
  | { readonly kind: 'prepare' }
  | { readonly kind: 'act' }
  | { readonly kind: 'follow' }
  /** Look at the live state at rest: drift and health against what was last applied. */
  | { readonly kind: 'look' }
  /** A run ended: keep its line of history, tell the world, ring the dependents. */
  | { readonly kind: 'settle'; readonly record: RunRecord }
  /** Nothing to do until `due` (or the next hint). */
  | { readonly kind: 'rest'; readonly due?: number };

export interface Decision {
  readonly state: AppState;
  readonly effect: Effect;
}
