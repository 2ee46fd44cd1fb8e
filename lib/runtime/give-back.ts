// Releases a row after an exception: nobody should wait for a lease to run out.
import { asFailure, HoldfastError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import type { Lease, Release, Row } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';

/** How long a row that cannot be worked on is left alone: twice as long each time, up to the second. */
const brokenRow = { firstMs: 60_000, lastMs: 30 * 60_000 };

/** Errors after which the row was given back: its `due` brings it again, whoever hears of them need not. */
const returned = new WeakSet<object>();

/** Whether the row that `error` was about was given back, to be looked at again when it is due. */
export function wasGivenBack(error: unknown): boolean {
  return typeof error === 'object' && error !== null && returned.has(error);
}

/**
 * Gives a row back after `error`, to be looked at again after a while, or at once when this process was only asked to stop: then
 * with `state`. Otherwise what is stored counts. What was seen is handled, so that a row that always throws does not come at
 * once again.
 */
export async function giveBack(home: Home, row: Row, lease: Lease, error: unknown, state?: Json): Promise<void> {
  const { code } = asFailure(error);
  if (code === 'LeaseLost') return;
  const stop = code === 'Stopped';
  const wait = stop ? 0 : retryAfter(row, error, home.random());
  const how = stop ? (state === undefined ? {} : { state }) : { failed: true as const };
  const release: Omit<Release, 'seen'> = { due: home.now() + wait, ...how };
  try {
    const answer = await home.store.release(row.key, lease, { ...release, seen: row.wanted });
    // Hints that came meanwhile: `due` brings the row back for them too.
    if (answer.kind === 'again') await home.store.release(row.key, lease, { ...release, seen: answer.row.wanted });
    if (typeof error === 'object' && error !== null) returned.add(error);
  } catch {
    // The store does not answer: the lease runs out by itself.
    return;
  }
}

/** Only what says that it may pass by itself is tried again soon; a mistake of ours does not say so. */
function retryAfter({ failures = 0 }: Row, error: unknown, jitter: number): number {
  if (error instanceof HoldfastError && error.retryable) return backoff(failures + 1, jitter);
  return Math.min(brokenRow.lastMs, brokenRow.firstMs * 2 ** Math.min(failures, 16));
}
