// Exponential backoff with full jitter over the upper half, and a cap.
import type { Failure } from '../errors.ts';

const firstMs = 5_000;
const capMs = 5 * 60_000;
/** Rights and clusters are mended by people, who sleep: looked at again soon at first, and then seldom. */
const mendedCapMs = 30 * 60_000;
/** What a person mends outside of Git, so that no push says when it is done. */
const mendedElsewhere: ReadonlySet<string> = new Set([
  'RoleRefused',
  'Unauthorized',
  'Forbidden',
  'ClusterMissing',
  'ClusterNotReady',
  'AwsForbidden',
  'AwsCredentials',
  'StackForbidden',
  'StackCredentials',
  'InventoryMissing',
]);

/** Milliseconds to wait after the n-th failed attempt (n from 1). `jitter` is 0 to 1. Never under half of the step, so that a retry storm cannot start at zero. */
export function backoff(attempts: number, jitter: number, longest = capMs): number {
  const step = Math.min(longest, firstMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 16));
  return Math.round(step / 2 + (step / 2) * jitter);
}

/** Milliseconds until the same inputs are tried again after a failure; undefined when only other inputs can help. */
export function retryAfter(
  failure: Pick<Failure, 'code' | 'retryable'>,
  attempts: number,
  jitter: number,
): number | undefined {
  if (failure.retryable) return backoff(attempts, jitter);
  return mendedElsewhere.has(failure.code) ? backoff(attempts, jitter, mendedCapMs) : undefined;
}
