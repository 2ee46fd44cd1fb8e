// GitHub's way to sign and word webhooks, which the built-in Git host uses too.
import type { DeliveryResult } from '../../core/trigger/github.ts';
import { readGithubDelivery } from '../../core/trigger/github.ts';
import { verifySignature } from './verify.ts';

/** What the receiver of webhooks needs to know of GitHub. */
export const githubWebhooks = {
  /** Whether one of the secrets signed exactly these bytes. Never throws. */
  verified: (headers: Headers, body: Uint8Array, secrets: readonly string[]): boolean =>
    verifySignature(body, headers.get('x-hub-signature-256') ?? undefined, secrets) === 'valid',
  /** Reads a delivery that was verified. Never throws. */
  read: (headers: Headers, body: Uint8Array): DeliveryResult =>
    readGithubDelivery({
      event: headers.get('x-github-event') ?? undefined,
      delivery: headers.get('x-github-delivery') ?? undefined,
      body,
    }),
};
