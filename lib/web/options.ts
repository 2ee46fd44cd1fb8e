// What the routes are given by the home they run in.
import type { Context } from 'hono';
import type { Delivery } from '../core/trigger/delivery.ts';
import type { Hash } from '../core/json.ts';
import type { DeadLetter, Queue, Store } from '../core/reconcile/store.ts';
import type { WebhookScheme } from './scheme.ts';
import type { Views } from './views.ts';

/** What every set of routes needs. */
export interface BaseOptions {
  /** Hears of every error that is answered with 500 or 503. */
  readonly onError?: (error: unknown, route: string) => void;
}

/** What the receiver of webhooks needs: on AWS it has nothing else. */
export interface ReceiverOptions extends BaseOptions {
  /**
   * Secrets of the webhook of an alias, the current one first; two during a rotation, none when there is no such alias.
   * With `fresh` not those that were kept, as far as they may be asked for again.
   */
  readonly webhookSecrets: (alias: string, fresh?: boolean) => Promise<readonly string[]>;
  readonly scheme: WebhookScheme;
  readonly hash: Hash;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Who sends a request, for the limit on wrong signatures; '' when it cannot be told. */
  readonly sender?: (c: Context) => string;
  /** Largest webhook body, bytes. */
  readonly webhookLimit?: number;
  /** Keeps a delivery. `queued`: whether it is new is found out later. */
  readonly receive: (delivery: Delivery) => Promise<'new' | 'duplicate' | 'mismatch' | 'queued'>;
}

/** What the API needs. */
export interface ApiOptions extends BaseOptions {
  readonly store: Store;
  readonly queue: Queue;
  readonly views: Views;
  readonly hash: Hash;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Bearer token of `/api/*` and `/events`; absent where whoever calls has been checked before. */
  readonly token?: string;
  /** Events that functions failed on; absent where no event comes through a function. */
  readonly failedEvents?: {
    readonly list: (limit: number) => Promise<readonly DeadLetter[]>;
    /** What became of it, in one line; undefined when there is none with that id. */
    readonly redrive: (id: string) => Promise<string | undefined>;
  };
  /** Which repository is followed, where that can be said while it runs. */
  readonly repositories?: Repositories;
  /** Aborted when the server is about to stop: open event streams end. */
  readonly stopping?: AbortSignal;
  /** How often an idle event stream says that it is alive, milliseconds. */
  readonly heartbeatMs?: number;
}

/** The root repository as the API says and takes it. */
export interface RepositoryDocument {
  readonly schemaVersion: 1;
  readonly alias: 'root';
  readonly url: string;
  readonly branch: string;
  readonly host?: string;
}

/** The followed repository, read and written. */
export interface Repositories {
  /** Given when the stack was deployed: then it is changed there. */
  readonly fixed: boolean;
  readonly get: () => Promise<RepositorySettings | undefined>;
  readonly set: (settings: RepositorySettings) => Promise<void>;
}

export interface RepositorySettings {
  readonly v: 1;
  readonly url: string;
  readonly branch: string;
  readonly host?: string;
}

/** What a home needs that serves everything. */
export interface WebOptions extends ReceiverOptions, ApiOptions {}
