// How long a lease lasts and when its holder may still write: numbers and one local check, no clock of its own.

/** How long a lease lasts after it was taken or renewed. */
export const LEASE_TTL_MS = 60_000;
/** How often a holder renews. */
export const RENEW_EVERY_MS = 15_000;
/** How long after a renewal failed to reach the store the next try comes. */
export const RENEW_RETRY_MS = 3_000;
/** A holder writes only while its last successful renewal was sent less than this long ago. */
export const WRITE_WINDOW_MS = 40_000;

/**
 * Whether a write may begin. Both times are monotonic milliseconds of one process. Counted from when the renewal was *sent*,
 * because the store counts from when it arrived, which is later: so the holder always gives up first.
 */
export function mayWrite(sentAt: number, now: number): boolean {
  return now >= sentAt && now - sentAt < WRITE_WINDOW_MS;
}

/** Milliseconds that a write begun now may take before somebody else could hold the lease; 0 when none may begin. */
export function writeTimeLeft(sentAt: number, now: number): number {
  return mayWrite(sentAt, now) ? LEASE_TTL_MS - (now - sentAt) : 0;
}

/** The longest lease a store gives. A deadline further away than this was set before the machine was started again. */
export const LEASE_MAX_MS = 600_000;

/** Whether a lease that ends at `deadline` still runs at `now`, both on the machine's monotonic clock, which a set wall clock does not move. */
export function leaseRuns(deadline: number, now: number): boolean {
  return now < deadline && deadline - now <= LEASE_MAX_MS;
}
