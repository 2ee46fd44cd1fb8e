// When a request is sent again, and after how long.
import type { KubeErrorCode } from './errors.ts';

export interface RetryPolicy {
  /** Requests for one call at most, the first included. Default 5. */
  readonly attempts: number;
  /** First upper bound of the wait, doubled each time, in milliseconds. Default 200. */
  readonly baseMs: number;
  /** The wait is never longer, whatever the server asks for. Default 10,000. */
  readonly maxMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, baseMs: 200, maxMs: 10_000 };

/** What went wrong with one attempt. */
export interface FailedAttempt {
  readonly code: KubeErrorCode;
  readonly status: number;
  readonly retryAfterMs: number | undefined;
}

/** Whether the same request may be sent again: `safe` ones have the same effect twice as once. */
export function mayRetry(failed: FailedAttempt, safe: boolean): boolean {
  // Refused before anything was done.
  if (failed.code === 'TooManyRequests') return true;
  if (!safe) return false;
  if (failed.code === 'ClusterUnreachable') return true;
  if (failed.code === 'ClusterFault' || failed.code === 'ClusterTimeout') return failed.status >= 500;
  return failed.code === 'WebhookDown';
}

/** Milliseconds to wait before attempt number `attempt` + 1: full jitter, but never less than the server asks for. */
export function retryDelay(policy: RetryPolicy, attempt: number, failed: FailedAttempt, random: () => number): number {
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  const jittered = random() * bound;
  return Math.min(policy.maxMs, (failed.retryAfterMs ?? 0) + jittered);
}
