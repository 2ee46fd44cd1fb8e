// What the routes are given by the home they run in.
import type { Context } from 'hono';
import type { Hash } from '../core/json.ts';
import type { Queue, Store } from '../core/reconcile/store.ts';
import type { WebhookScheme } from './scheme.ts';
import type { Views } from './views.ts';

export interface WebOptions {
  readonly store: Store;
  readonly queue: Queue;
  readonly views: Views;
  /** Bearer token of `/api/*` and `/events`. */
  readonly token: string;
  /** Secrets of the webhook of an alias, the current one first; two during a rotation, none when there is no such alias. */
  readonly webhookSecrets: (alias: string) => Promise<readonly string[]>;
  readonly scheme: WebhookScheme;
  readonly hash: Hash;
  /** Wall clock, milliseconds. */
  readonly now: () => number;
  /** Who sends a request, for the limit on wrong signatures; '' when it cannot be told. */
  readonly sender?: (c: Context) => string;
  /** Hears of every error that is answered with 500 or 503. */
  readonly onError?: (error: unknown, route: string) => void;
  /** Largest webhook body, bytes. */
  readonly webhookLimit?: number;
  /** Aborted when the server is about to stop: open event streams end. */
  readonly stopping?: AbortSignal;
  /** How often an idle event stream says that it is alive, milliseconds. */
  readonly heartbeatMs?: number;
}
