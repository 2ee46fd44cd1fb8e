// Work on a row under its lease: taken, kept while the work goes on, and given back with what was learned.
import { KILLED_RETRY_MS, KILLS_ALLOWED, workersLost } from '../core/reconcile/killed.ts';
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import type { Lease, Row, RowKey } from '../core/reconcile/store.ts';
import { giveBack } from './give-back.ts';
import type { Home } from './home.ts';
import { keepLease } from './lease-keeper.ts';
import { stopped } from './perform.ts';
import { asJson } from './rows.ts';

/** What a look left behind, and when to look again. */
export interface Looked {
  readonly state: object;
  readonly due?: number;
}

/**
 * Does the work again until no hint came in meanwhile, and answers when to look again. Somebody else having the row is no failure.
 * Throws `LeaseLost`, `Stopped`, and what the work and the store throw.
 */
export async function leased(
  home: Home,
  key: RowKey,
  signal: AbortSignal,
  work: (row: Row, guard: () => void) => Promise<Looked>,
): Promise<number | undefined> {
  const { store } = home;
  const sentAt = home.monotonic();
  const taken = await store.take(key, home.holder, LEASE_TTL_MS);
  if (taken === undefined) return undefined;
  const keeper = keepLease({ store, key, lease: taken.lease, monotonic: home.monotonic, sentAt });
  let { row } = taken;
  try {
    if (workersLost(row) >= KILLS_ALLOWED) return await leaveAlone(home, row, taken.lease);
    for (;;) {
      keeper.guard();
      const result = await work(row, keeper.guard);
      const due = result.due === undefined ? {} : { due: result.due };
      const answer = await store.release(key, taken.lease, { seen: row.wanted, state: asJson(result.state), ...due });
      if (answer.kind === 'released') return result.due;
      row = answer.row;
      if (signal.aborted) throw stopped();
    }
  } catch (error) {
    await giveBack(home, row, taken.lease, error);
    throw error;
  } finally {
    await keeper.stop();
  }
}

/** Workers end in the middle of this row's work again and again. What is hinted now is left to the next look; a later hint tries again. */
async function leaveAlone(home: Home, row: Row, lease: Lease): Promise<number> {
  const due = home.now() + KILLED_RETRY_MS;
  const message = `The worker ended ${workersLost(row)} times in the middle of ${row.key}, most likely out of memory; it is tried again in ${KILLED_RETRY_MS / 60_000} minutes`;
  home.emit({ event: 'worker-failed', at: home.now(), message });
  await home.store.release(row.key, lease, { seen: row.wanted, due });
  return due;
}
