// Releases a row after an exception: nobody should wait for a lease to run out.
import { asFailure } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import type { Lease, Release, Row } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';

/** How long a row that cannot be worked on is left alone. */
const brokenRowMs = 60_000;

/**
 * Gives a row back after `error`, to be looked at again after a while, or at once when this process was only asked to stop: then
 * with `state`. Otherwise what is stored counts. What was seen is handled, so that a row that always throws does not come at
 * once again.
 */
export async function giveBack(home: Home, row: Row, lease: Lease, error: unknown, state?: Json): Promise<void> {
  const { retryable, code } = asFailure(error);
  if (code === 'LeaseLost') return;
  const stop = code === 'Stopped';
  const wait = stop ? 0 : retryable ? backoff(1, home.random()) : brokenRowMs;
  const release: Omit<Release, 'seen'> = { due: home.now() + wait, ...(stop && state !== undefined ? { state } : {}) };
  try {
    const answer = await home.store.release(row.key, lease, { ...release, seen: row.wanted });
    // Hints that came meanwhile: `due` brings the row back for them too.
    if (answer.kind === 'again') await home.store.release(row.key, lease, { ...release, seen: answer.row.wanted });
  } catch {
    // The store does not answer: the lease runs out by itself.
    return;
  }
}
