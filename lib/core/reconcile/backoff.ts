// Exponential backoff with full jitter over the upper half, and a cap.

const firstMs = 5_000;
const capMs = 5 * 60_000;

/** Milliseconds to wait after the n-th failed attempt (n from 1). `jitter` is 0 to 1. Never under half of the step, so that a retry storm cannot start at zero. */
export function backoff(attempts: number, jitter: number): number {
  const step = Math.min(capMs, firstMs * 2 ** Math.min(Math.max(attempts, 1) - 1, 16));
  return Math.round(step / 2 + (step / 2) * jitter);
}
