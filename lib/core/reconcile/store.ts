// The store port: rows are the truth, queues are doorbells, blobs are immutable. Contracts §1 and §8.
import type { Json } from '../json.ts';
import type { Trigger } from '../trigger/model.ts';

/** `repo/<alias>`, `app/<application id>`, `target/<name>`. */
export type RowKey = string;

/** One worker's claim on a row. */
export interface Lease {
  /** Process id, start time and a random part, so that a dead local process is recognised. */
  readonly holder: string;
  /** Fencing number: +1 at each take. Condition of every write of run state. */
  readonly fence: number;
  /** Store's clock, milliseconds. */
  readonly until: number;
}

/** What a person asked for; written by the API and the CLI without the lease. */
export interface Intent {
  readonly suspended?: boolean;
  /** Run whose stored desired state is wanted instead of the head. */
  readonly pin?: string;
  /** Counter that rises with each manual sync: asks for a run even when nothing changed. */
  readonly sync?: number;
  /** `sync --prune`: the deletes of the next plan are confirmed. */
  readonly prune?: boolean;
  readonly approval?: readonly string[];
}

/** A row. `source` is written by whoever observes the repository, `intent` by people, `state` by the lease holder only. */
export interface Row {
  readonly v: 1;
  readonly key: RowKey;
  /** Only in lists: the format of a row that a newer version wrote. Nothing else of it is known here. */
  readonly newer?: number;
  /** +1 by every hint. */
  readonly wanted: number;
  /** The `wanted` that was seen by the last finished look, also after a failure. */
  readonly handled: number;
  /** Next time to look, store's clock in milliseconds. */
  readonly due?: number;
  /** Hints since the last look, newest last, at most 20. */
  readonly reasons: readonly Trigger[];
  readonly lease?: Lease;
  /** Takes since the last release: more than one says that a worker ended in the middle of its work. Absent = 0. */
  readonly takes?: number;
  /** Releases in a row that followed a failure of the work itself. Absent = 0. */
  readonly failures?: number;
  /** The last fencing number given out. */
  readonly fence: number;
  readonly source?: { readonly seq: number } & { readonly [key: string]: Json | undefined };
  readonly intent: Intent;
  readonly state?: Json;
}

/** What a release leaves behind. */
export interface Release {
  /** `wanted` as it was when the worker looked. */
  readonly seen: number;
  readonly due?: number;
  readonly state?: Json;
  /** The work threw: counted until a release that does not say so. */
  readonly failed?: true;
}

/** One line of history. */
export interface StoredRun {
  readonly v: 1;
  readonly id: string;
  readonly app: string;
  /** Order of runs of one application; not time. */
  readonly seq: number;
  readonly record: Json;
}

/** A message that could not be handled. */
export interface DeadLetter {
  readonly id: string;
  /** `events`: an event that a function failed on, or that never reached one. On AWS only. */
  readonly queue: QueueName | 'events';
  readonly body: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly attempts: number;
}

/** What a new delivery asks for. */
export interface DeliveryHint {
  readonly key: RowKey;
  readonly trigger: Trigger;
}

/** All of it is atomic per call. Throws HoldfastError `StoreUnavailable`, `LeaseLost`, `StateTooNew`. */
export interface Store {
  /** The store's clock, milliseconds since the epoch. */
  now(): Promise<number>;
  read(key: RowKey): Promise<Row | undefined>;
  /** All rows whose key begins with `prefix`, by key. One of a newer version is there with `newer`, and does not stand in the way of the others. */
  list(prefix: string): Promise<readonly Row[]>;
  /** wanted + 1; makes the row when missing. */
  hint(key: RowKey, trigger: Trigger): Promise<void>;
  /** Replaces `source` if `source.seq` is higher than the stored one, and raises `wanted` in the same write. False = an older observation, nothing done. */
  assign(key: RowKey, source: NonNullable<Row['source']>, trigger: Trigger): Promise<boolean>;
  /** Merges `intent` (undefined members remove) and raises `wanted`. */
  intend(key: RowKey, intent: { readonly [K in keyof Intent]: Intent[K] | undefined }, trigger: Trigger): Promise<void>;
  /** The lease if it is free, expired, or its local process is gone; undefined when somebody has it. */
  take(key: RowKey, holder: string, ttlMs: number): Promise<{ readonly row: Row; readonly lease: Lease } | undefined>;
  /** Longer lease; false when it was lost. */
  renew(key: RowKey, lease: Lease, ttlMs: number): Promise<boolean>;
  /** Fenced write of `state`. Throws `LeaseLost`. */
  save(key: RowKey, lease: Lease, state: Json): Promise<void>;
  /** Gives the lease back, sets `handled` = seen and `due`. `again` when `wanted` rose meanwhile: the lease is kept and the row returned for another round. */
  release(
    key: RowKey,
    lease: Lease,
    release: Release,
  ): Promise<{ readonly kind: 'released' } | { readonly kind: 'again'; readonly row: Row }>;
  /** Keys with `due` <= now, or wanted > handled, and no live lease; oldest due first. */
  due(now: number, limit: number): Promise<readonly RowKey[]>;
  /** Removes a row; false when it is leased. */
  remove(key: RowKey): Promise<boolean>;
  /** Keeps a run, or replaces what was kept of it. Run n of an application removes its runs n - 200 and before, except the one that is pinned. */
  putRun(run: StoredRun): Promise<void>;
  /** Newest first. */
  runs(app: string, limit: number): Promise<readonly StoredRun[]>;
  run(id: string): Promise<StoredRun | undefined>;
  /**
   * Webhook deliveries: `new`, `duplicate` (same id and digest), or `mismatch` (same id, other body). Kept 7 days.
   * With `hint`, a new delivery raises `wanted` of that row in the same write: a crash can not record the one without the other.
   */
  delivery(id: string, digest: string, hint?: DeliveryHint): Promise<'new' | 'duplicate' | 'mismatch'>;
  /** Small named values: installation, port, catalogue pointers. */
  getValue(name: string): Promise<Json | undefined>;
  /** Compare and set; `expected` undefined = must be absent. False when it is something else. */
  setValue(name: string, value: Json, expected: Json | undefined): Promise<boolean>;
  /** The image repositories whose pushes the repository `alias` wants to hear of, instead of those it named before. */
  setFollows(alias: string, images: readonly string[]): Promise<void>;
  /** Aliases that follow an image repository, sorted. May be late by a moment: an image event is a hint, and the poll finds the rest. */
  followers(image: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type QueueName = 'source' | 'reconcile';

export interface Message {
  readonly id: string;
  readonly queue: QueueName;
  /** The row key, or for `source` a hint as JSON. */
  readonly body: string;
  /** How often it was handed out, this time included. */
  readonly attempts: number;
  /** Opaque; acking needs it. */
  readonly receipt: string;
}

/** A standard queue: may lose, double and reorder; nothing depends on it. */
export interface Queue {
  send(queue: QueueName, body: string, delayMs?: number): Promise<void>;
  /** Up to `max` messages, hidden for `visibilityMs`. */
  receive(queue: QueueName, max: number, visibilityMs: number): Promise<readonly Message[]>;
  ack(message: Message): Promise<void>;
  /** Visible again after `delayMs`; dead-lettered after 5 attempts. */
  retry(message: Message, reason: string, delayMs: number): Promise<void>;
  /** Straight to the dead letters. */
  bury(message: Message, reason: string): Promise<void>;
  deadLetters(limit: number): Promise<readonly DeadLetter[]>;
  /** Sends a dead letter again as a fresh message; false when there is no such id. */
  redrive(id: string): Promise<boolean>;
}

/** Immutable content under a key that says what it is. Never served by the API. */
export interface Blobs {
  /** Writing the same key twice is harmless. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  get(key: string): Promise<Uint8Array | undefined>;
  has(key: string): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix`. */
  list(prefix: string): Promise<readonly string[]>;
}
