// The port to a target: observe -> prepare -> act -> follow -> discard. A worker never waits inside a step: a step that is
// not finished answers `wait` with a token, and is asked again with it.
import type { Application } from '../config/model.ts';
import type { Failure } from '../errors.ts';
import type { Hash, Hmac } from '../json.ts';
import type { ObjectId } from '../kubernetes/object.ts';
import type { SeenCluster } from '../render/cluster-facts.ts';
import type { Desired } from '../render/model.ts';
import type { FieldChange, Plan, Subject } from './model.ts';

/** Answer of a step. `token` is opaque to the engine, saved in the row, and handed back on the next call. */
export type Step<T> =
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'wait'; readonly afterMs: number; readonly token: string; readonly note?: string }
  | { readonly status: 'failed'; readonly cause: Failure };

export type Health = 'Healthy' | 'Progressing' | 'Suspended' | 'Missing' | 'Degraded' | 'Unknown';
export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';

/** One thing we made (or adopted) for an application and have not yet seen gone. Stored: contracts §6. */
export interface InventoryEntry {
  readonly id: ObjectId | { readonly stack: string };
  /** apiVersion it was last applied with. */
  readonly apiVersion?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly origin: 'created' | 'adopted';
  /** Digest of the desired object it was last applied with; absent between intent and result. */
  readonly digest?: string;
  /** HMAC of our managed paths and their live values; absent = unknown, so the server must judge. */
  readonly baseline?: string;
  /** Short hashes of our managed paths: tells a hand edit of our field from a field that we never had. */
  readonly owned?: string;
  /** Found by its marks after the inventory was lost: deleted only when a person confirms. */
  readonly rebuilt?: boolean;
}

export interface Inventory {
  readonly v: 1;
  readonly entries: readonly InventoryEntry[];
  /** The target's own digest of the application's settings that the entries were written under; another one = look closely. */
  readonly settings?: string;
}

export const emptyInventory: Inventory = { v: 1, entries: [] };

/** Requests counted by verb. */
export type RequestCounts = Readonly<Record<string, number>>;

/** One live difference from what was last applied. */
export interface DriftItem {
  readonly subject: Subject;
  /** `modified`, `missing` (deleted by hand) or `extra` (in our name but not desired). */
  readonly kind: 'modified' | 'missing' | 'extra';
  /** Field manager, or `CloudFormation drift`. */
  readonly owner: string;
  readonly fields: readonly FieldChange[];
}

/** Health of one object, worst first in reports. */
export interface ObjectHealth {
  readonly subject: Subject;
  readonly health: Health;
  readonly message: string;
}

export interface HealthReport {
  readonly health: Health;
  /** One sentence that says why, naming the worst object: `Deployment/prod/web: 1 of 3 replicas ready`. */
  readonly message: string;
  readonly objects: readonly ObjectHealth[];
}

/** What to look at. `desired` is lazy: the fast path answers from inventory and lists without opening the blob. */
export interface ObserveRequest {
  readonly app: Application;
  readonly revision: string;
  /** Digest of the desired state; equal to the applied one means "only drift is possible". */
  readonly desiredDigest: string;
  readonly desired: () => Promise<Desired>;
  readonly inventory: Inventory;
  /** Digest of the desired state that was last applied completely, if any. */
  readonly appliedDigest?: string;
  /** `check`: may answer from baselines. `full`: dry-run everything that exists (plan, previews). `apply`: as check, and proven creates are not dry-run. */
  readonly depth: 'check' | 'apply' | 'full';
  /** The caller's inventory was lost and rebuilt from marks: nothing may be pruned. */
  readonly pruneHeld: boolean;
  /** Overrides of the application's policy for this run. */
  readonly prune?: { readonly enabled: boolean; readonly confirmed: boolean };
  /** Id of another application of this installation, on the same target, that wants the object: it is handed over, never deleted. */
  readonly wantedBy?: (id: ObjectId) => string | undefined;
}

/** What a target says about one application. `live` is the target's own business. */
export interface Observation {
  readonly app: string;
  /** True only when proven: every baseline equal, nothing missing, nothing extra, desired digest unchanged. */
  readonly inSync: boolean;
  readonly health: HealthReport;
  /** Only meaningful at rest (last run settled): live against what was last applied. */
  readonly drift: readonly DriftItem[];
  /** How much was compared, for the cost of a run. */
  readonly compared: number;
  readonly live: unknown;
}

/** A plan with what acting on it needs. `execution` is opaque and JSON: resource versions, waves, change-set ARN. */
export interface Prepared {
  readonly plan: Plan;
  readonly execution: unknown;
  /** Why the plan may not be acted on now (prune budget, stateful replacement, foreign owner …). Empty = go. */
  readonly holds: readonly Failure[];
}

export interface ActResult {
  /** Inventory after acting: everything that exists or may exist. */
  readonly inventory: Inventory;
  readonly applied: number;
  readonly deleted: number;
  /** What was refused, one each; empty = all done. */
  readonly failures: readonly Failure[];
}

/** What every step gets from the engine. */
export interface TargetContext {
  readonly installation: string;
  /** Id of the run; operation tokens derive from it. */
  readonly runId: string;
  readonly hash: Hash;
  readonly hmac: Hmac;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Aborted at the end of the slice, on lease loss and on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Call before each write: throws HoldfastError `LeaseLost` when this worker may no longer write. */
  readonly guard: () => void;
  /** Fenced write of the inventory: old ∪ new before the first write, shrunk only after absence was seen. */
  readonly saveInventory: (inventory: Inventory) => Promise<void>;
  /** Progress for a person, one short line: `Deployment/prod/web configured`. Already masked. */
  readonly report: (line: string) => void;
}

/** A target adapter. All methods are idempotent by looking again. */
export interface Target {
  readonly kind: 'kubernetes' | 'cloudformation';
  /** Answers for many applications from shared lists: requests follow kinds, not applications. Same order as asked. */
  observe(
    requests: readonly ObserveRequest[],
    context: TargetContext,
    token?: string,
  ): Promise<Step<readonly Observation[]>>;
  /** Live and desired -> plan. */
  prepare(
    request: ObserveRequest,
    observation: Observation,
    context: TargetContext,
    token?: string,
  ): Promise<Step<Prepared>>;
  /** Carries out exactly `prepared`; what changed meanwhile is refused there, and planned again. */
  act(request: ObserveRequest, prepared: Prepared, context: TargetContext, token?: string): Promise<Step<ActResult>>;
  /** Health until it is settled: `wait` while Progressing. */
  follow(request: ObserveRequest, context: TargetContext, token?: string): Promise<Step<HealthReport>>;
  /** Removes what a plan that is not executed left behind (change set, empty stack). */
  discard(prepared: Prepared, context: TargetContext): Promise<void>;
  /** Version and API list of the cluster behind the target; absent where there is none. Throws HoldfastError. */
  cluster?(context: TargetContext): Promise<SeenCluster>;
  /** Requests sent since this target was made, by verb. */
  requests(): RequestCounts;
  /** Closes connections. */
  close(): Promise<void>;
}
