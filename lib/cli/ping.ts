// A signed ping of our own to a webhook: proves that the address is reachable and that the secret is the one the receiver has.
import { randomUUID } from 'node:crypto';
import { callFunctionUrl } from '../adapters/aws/function-url.ts';
import { signBody } from '../adapters/webhook/verify.ts';
import { asFailure } from '../core/errors.ts';

export type OwnPing = { readonly kind: 'seen' } | { readonly kind: 'failed'; readonly reason: string };

const timeoutMs = 15_000;

/** Sends it. Never throws. */
export async function sendPing(address: string, secret: string): Promise<OwnPing> {
  const body = JSON.stringify({ zen: 'Holdfast asks whether it hears itself' });
  try {
    const answer = await callFunctionUrl({
      url: new URL(address),
      method: 'POST',
      body,
      headers: {
        'x-github-event': 'ping',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': signBody(Buffer.from(body), secret),
      },
      timeoutMs,
    });
    if (answer.status >= 200 && answer.status < 300) return { kind: 'seen' };
    return { kind: 'failed', reason: reasonOf(answer.status) };
  } catch (error) {
    return { kind: 'failed', reason: asFailure(error).message };
  }
}

function reasonOf(status: number): string {
  if (status === 401) return 'the receiver does not know this secret (401); it reads a new one within minutes';
  if (status === 403) return 'the webhook is not open to the Internet (403): npx cdk deploy puts that right';
  if (status === 429) return 'the webhook has more calls than it may answer at once (429)';
  return `the webhook answered ${status}`;
}
