// How a Git host signs and words its webhooks: what the receiver needs to know of it.

/** What a verified delivery says. */
export type WebhookReading =
  | { readonly kind: 'push'; readonly delivery: string; readonly ref: string; readonly after: string }
  | { readonly kind: 'ping' }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'malformed'; readonly reason: string };

export interface WebhookScheme {
  /** Whether one of the secrets signed exactly these bytes. Never throws. */
  verified(headers: Headers, body: Uint8Array, secrets: readonly string[]): boolean;
  /** Reads a delivery that was verified. Never throws. */
  read(headers: Headers, body: Uint8Array): WebhookReading;
}
