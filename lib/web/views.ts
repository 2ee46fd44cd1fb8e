// What the API answers, and what it needs to be told: the JSON shapes that scripts rely on, and the readers behind them.
import type { Failure } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { PlanSummary } from '../core/plan/model.ts';
import type { DriftItem, Health, SyncStatus } from '../core/plan/target.ts';
import type { FieldChange } from '../core/plan/model.ts';
import type { Cost, Outcome, Phase, RunMode } from '../core/reconcile/state.ts';
import type { DeadLetter } from '../core/reconcile/store.ts';
import type { TriggerKind } from '../core/trigger/model.ts';

/** A run in one line. Times are ISO 8601 in UTC. */
export interface RunLine {
  readonly id: string;
  readonly trigger: TriggerKind;
  readonly outcome: Outcome;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly cost: Cost;
}

export interface AppStatus {
  readonly name: string;
  readonly target: string;
  readonly sync: SyncStatus;
  readonly health: Health;
  /** What Git wants; null before the first look. */
  readonly revision: string | null;
  /** What was last applied completely; null when nothing was. */
  readonly appliedRevision: string | null;
  readonly message: string;
  readonly lastRun: RunLine | null;
  /** True when the target is the embedded one: every status line says so. */
  readonly sandbox?: boolean;
  readonly suspended?: boolean;
  /** Run that a rollback pinned the application to. */
  readonly pin?: string;
  /** What to do or type next, when the last try did not end well and says so. */
  readonly next?: string;
  /** Names of applications it waits for. */
  readonly waitingFor?: readonly string[];
  /** The run in progress. */
  readonly run?: { readonly id: string; readonly phase: Phase; readonly startedAt: string };
}

/** `holdfast status -o json`. */
export interface StatusDocument {
  readonly schemaVersion: 1;
  readonly apps: readonly AppStatus[];
  /** What is wrong with the repository or its configuration, each in one line; the state in force is said in it. */
  readonly problems?: readonly string[];
  /** On AWS: when the schedule last ran, ISO 8601; null before the first time. */
  readonly lastTick?: string | null;
}

/** A run in full. */
export interface RunView extends RunLine {
  readonly mode: RunMode;
  readonly note?: string;
  readonly revision: string;
  readonly health: Health;
  readonly message: string;
  readonly summary?: PlanSummary;
  readonly applied: number;
  readonly deleted: number;
  readonly failure?: Failure;
  /** Whether `rollback --to` this run is possible. */
  readonly canRollback: boolean;
}

/** `holdfast history APP -o json`, newest first. */
export interface HistoryDocument {
  readonly schemaVersion: 1;
  readonly app: string;
  readonly runs: readonly RunView[];
}

export interface DriftLine {
  /** `Deployment/prod/web`, `stack network: Vpc (AWS::EC2::VPC)`. */
  readonly subject: string;
  readonly kind: DriftItem['kind'];
  /** Field manager, or `CloudFormation drift`. */
  readonly owner: string;
  /** Masked. */
  readonly fields: readonly FieldChange[];
}

/** `holdfast drift [APP] -o json`. */
export interface DriftDocument {
  readonly schemaVersion: 1;
  readonly apps: readonly {
    readonly name: string;
    readonly target: string;
    /** When the live state was last compared; null before the first time. */
    readonly checkedAt: string | null;
    readonly items: readonly DriftLine[];
  }[];
}

/** `holdfast dlq list -o json`. */
export interface DeadLetterDocument {
  readonly schemaVersion: 1;
  readonly letters: readonly DeadLetter[];
}

/** Answer to `sync`, `suspend`, `resume`, `rollback` and `redrive`: the word was written down. */
export interface VerbDocument {
  readonly schemaVersion: 1;
  readonly app?: string;
  /** Of `redrive`: it was an event, and the message says what became of it. */
  readonly event?: true;
  readonly message: string;
}

/** Every answer that is not what was asked for. */
export interface ErrorDocument {
  /** Stable, UpperCamelCase. */
  readonly code: string;
  readonly message: string;
  /** What to do or type next. */
  readonly hint?: string;
  readonly docs?: string;
}

/** One event of the feed. */
export interface FeedEvent {
  /** For `Last-Event-ID`. */
  readonly id: string;
  /** Stable name: `run-started`, `plan`, `run-ended`, `drift-report`, … `gap` = events were missed, read the status again. */
  readonly event: string;
  readonly at: number;
  readonly message: string;
  readonly app?: string;
  readonly run?: string;
  readonly data?: Json;
}

/** An application as people name it. */
export interface AppName {
  /** `<alias>/<name>` or `<alias>/<name>@<target>`. */
  readonly id: string;
  readonly name: string;
}

/** Which stored run a rollback goes to, or why there is none. */
export type RollbackChoice =
  | { readonly kind: 'run'; readonly run: string; readonly revision: string }
  | { readonly kind: 'none'; readonly message: string; readonly hint?: string };

/** What the routes read. They never write through it. */
export interface Views {
  /** Every application with a row, by name. */
  apps(): Promise<readonly AppName[]>;
  /** Of the applications with these ids; of all, and with the problems, when `ids` is absent. */
  status(ids?: readonly string[]): Promise<StatusDocument>;
  history(id: string, limit: number): Promise<HistoryDocument>;
  drift(ids?: readonly string[]): Promise<DriftDocument>;
  /** The run to go back to: `to` when it is one of this application's own, else the last good one before the current. */
  rollbackChoice(id: string, to: string | undefined): Promise<RollbackChoice>;
  /** Aliases of the repositories that have an application which follows this image repository (written without tag). */
  imageFollowers(imageRepository: string): Promise<readonly string[]>;
  /** Events after the given id, then each as it happens, until the signal aborts. */
  events(after: string | undefined, signal: AbortSignal): AsyncIterable<FeedEvent>;
}
