// What is stored of an application between two looks: the run in progress, what was last applied, and why it is not more.
import type { Application, Problem, TargetSpec } from '../config/model.ts';
import type { Failure } from '../errors.ts';
import type { PlanSummary } from '../plan/model.ts';
import type { Health, SyncStatus } from '../plan/target.ts';
import type { RendererKind, Roots } from '../render/model.ts';
import type { Trigger, TriggerKind } from '../trigger/model.ts';

/** What `source` observed for one application; kept in the row's `source`. */
export interface AppSource {
  /** Order of observations of the repository; commits have none after a force-push. */
  readonly seq: number;
  readonly revision: string;
  /** Decides "affected", the render cache, and "this failed already". */
  readonly inputsKey: string;
  /** Blob key of the inputs bundle. */
  readonly bundle: string;
  readonly roots: Roots;
  readonly renderer: RendererKind;
  /** Blob of what the renderer is told of the target's cluster; absent when it does not care, or nothing is known yet. */
  readonly cluster?: string;
  readonly app: Application;
  readonly target: TargetSpec;
  /** Problems found while following inputs: the application is refused at this revision. */
  readonly problems: readonly Problem[];
  /** The entry in the config cannot be used now; what was applied stays, and is watched. */
  readonly held?: Failure;
  /** Gone from a valid catalogue: its objects are orphaned, never pruned. */
  readonly removed?: boolean;
}

export type RunMode = 'sync' | 'heal' | 'rollback';
export type Phase = 'render' | 'observe' | 'prepare' | 'act' | 'follow';
export type Outcome = 'succeeded' | 'unhealthy' | 'refused' | 'held' | 'failed' | 'superseded';

/** What one run cost. */
export interface Cost {
  /** Milliseconds by phase. */
  readonly ms: Readonly<Record<string, number>>;
  /** Requests by target and verb. */
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly gitBytes: number;
  /** Objects compared. */
  readonly objects: number;
}

export const noCost: Cost = { ms: {}, requests: {}, gitBytes: 0, objects: 0 };

/** The run in progress. */
export interface RunState {
  readonly id: string;
  readonly mode: RunMode;
  readonly trigger: TriggerKind;
  readonly note?: string;
  readonly revision: string;
  readonly seq: number;
  readonly inputsKey: string;
  readonly phase: Phase;
  readonly startedAt: number;
  /** Token of a step that waits (change set, stack update, rollout). */
  readonly token?: string;
  /** When the wait for health began; bounds it. */
  readonly followingSince?: number;
  readonly desired?: string;
  readonly desiredDigest?: string;
  readonly plan?: { readonly digest: string; readonly summary: PlanSummary };
  readonly applied?: number;
  readonly deleted?: number;
  /** A worker stopped while it acted, so some of this run's objects may be written. */
  readonly partial?: boolean;
  readonly cost: Cost;
}

/** One line of history. */
export interface RunRecord {
  readonly v: 1;
  readonly id: string;
  readonly app: string;
  readonly mode: RunMode;
  readonly trigger: TriggerKind;
  readonly note?: string;
  readonly revision: string;
  readonly inputsKey: string;
  readonly outcome: Outcome;
  readonly failure?: Failure;
  readonly health: Health;
  readonly message: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly plan?: { readonly digest: string; readonly summary: PlanSummary };
  readonly applied: number;
  readonly deleted: number;
  /** Blob of the desired state it carried; present when a rollback to it is possible. */
  readonly desired?: string;
  readonly desiredDigest?: string;
  readonly cost: Cost;
}

/** One time that Holdfast put a field back. */
export interface Reversal {
  /** `Deployment/prod/web spec.replicas` */
  readonly field: string;
  readonly owner: string;
  readonly at: number;
}

export interface DriftState {
  readonly at: number;
  /** Number of drifted objects. */
  readonly count: number;
  /** Blob of the report. */
  readonly report: string;
  /** `Deployment/prod/web spec.replicas (kubectl-edit)` */
  readonly summary: string;
}

export interface AppState {
  readonly v: 1;
  readonly run?: RunState;
  readonly runs: number;
  /** The revision that was last applied completely. */
  readonly applied?: {
    readonly revision: string;
    readonly seq: number;
    readonly inputsKey: string;
    readonly desired: string;
    readonly desiredDigest: string;
    readonly runId: string;
    readonly at: number;
  };
  /** The last try that did not end well; the same inputs are not tried again unless it is retryable. */
  readonly failed?: {
    readonly inputsKey: string;
    readonly seq: number;
    readonly failure: Failure;
    readonly outcome: Outcome;
    readonly attempts: number;
    readonly retryAt?: number;
    /** True when some objects of the try were written. */
    readonly partial: boolean;
  };
  /** Workers ended in the middle of this application again and again: it is left alone until `retryAt`, or until something else is wanted. */
  readonly killed?: {
    /** Inputs, rollback and manual sync that were wanted then. */
    readonly wish: string;
    readonly times: number;
    readonly failure: Failure;
    readonly retryAt: number;
    readonly was: Pick<AppState, 'sync' | 'health' | 'message'>;
  };
  /** Target the inventory belongs to. */
  readonly target?: string;
  readonly inventory?: string;
  readonly inventorySize: number;
  readonly sync: SyncStatus;
  readonly health: Health;
  readonly message: string;
  /** When the live state was last looked at, at rest. */
  readonly lookedAt?: number;
  /** Token of a look that waits: a drift detection under way. */
  readonly lookToken?: string;
  /** Intent counters that were carried out. */
  readonly synced: number;
  readonly pinned?: string;
  readonly drift?: DriftState;
  readonly reversals: readonly Reversal[];
  readonly lastRun?: RunRecord;
  /** Ids of applications this one waits for. */
  readonly waitingFor: readonly string[];
  /** Events to send, with stable ids; emptied after they were sent. */
  readonly outbox: readonly OutboxEvent[];
}

/** What is told to the outside: shaped like an EventBridge event's detail-type and detail. */
export interface OutboxEvent {
  readonly id: string;
  readonly type: 'Holdfast Run Outcome' | 'Holdfast Drift Report';
  readonly app: string;
  readonly at: number;
  readonly detail: { readonly [key: string]: unknown };
}

export const newAppState: AppState = {
  v: 1,
  runs: 0,
  inventorySize: 0,
  sync: 'Unknown',
  health: 'Unknown',
  message: 'Not looked at yet',
  synced: 0,
  reversals: [],
  waitingFor: [],
  outbox: [],
};

/** What is stored of a repository. */
export interface RepoState {
  readonly v: 1;
  /** Last number given to an observation. */
  readonly seq: number;
  /** Head that was fanned out completely. */
  readonly revision?: string;
  /** Blob key of the catalogue in force. */
  readonly catalogue?: string;
  readonly catalogueRevision?: string;
  /** Why the newest commit or the remote cannot be used; the catalogue in force stays. */
  readonly failure?: Failure;
  readonly problems: readonly Problem[];
  readonly attempts: number;
  readonly polledAt: number;
  /** Image hints that wait for quiet before they become one commit. */
  readonly images?: readonly Trigger[];
}

export const newRepoState: RepoState = { v: 1, seq: 0, problems: [], attempts: 0, polledAt: 0 };
