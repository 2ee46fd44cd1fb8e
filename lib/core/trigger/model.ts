// Triggers: why an application or a repository is looked at. A trigger is a hint, never the truth.

export type TriggerKind =
  | 'push'
  | 'image'
  | 'poll'
  | 'drift'
  | 'stack-event'
  | 'pull-request'
  | 'manual'
  | 'retry'
  | 'dependency'
  | 'config';

/** One hint as it is kept in a row until it is handled. */
export interface Trigger {
  readonly kind: TriggerKind;
  /** Milliseconds since the epoch, the store's clock. */
  readonly at: number;
  /** Who or what: a delivery id, an image reference, a user name. Never a secret. */
  readonly note?: string;
}
