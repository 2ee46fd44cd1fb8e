// Signatures of webhooks, over the raw bytes of their bodies, before anything else looks at them.
import { createHmac, timingSafeEqual } from 'node:crypto';

export type Signature = 'valid' | 'missing' | 'malformed' | 'wrong';

const signaturePattern = /^sha256=([0-9a-f]{64})$/;

/** The value of `X-Hub-Signature-256` for these bytes. */
export function signBody(body: Uint8Array, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** Checks `X-Hub-Signature-256` against every secret that is valid now (two during a rotation), in constant time. */
export function verifySignature(
  body: Uint8Array,
  header: string | readonly string[] | undefined,
  secrets: readonly string[],
): Signature {
  if (header === undefined) return 'missing';
  const hex = typeof header === 'string' ? signaturePattern.exec(header)?.[1] : undefined;
  if (hex === undefined) return 'malformed';
  const given = Buffer.from(hex, 'hex');
  let valid = false;
  for (const secret of secrets) {
    // An empty secret would let anybody sign.
    if (secret === '') continue;
    const expected = createHmac('sha256', secret).update(body).digest();
    // All are compared, so that the time does not tell which one fits.
    if (timingSafeEqual(given, expected)) valid = true;
  }
  return valid ? 'valid' : 'wrong';
}
