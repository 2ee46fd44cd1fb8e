// One wake of any row: an application, a repository, or a target. Who calls it, and when, is the home's business.
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import type { Row, RowKey } from '../core/reconcile/store.ts';
import { giveBack } from './give-back.ts';
import type { Home } from './home.ts';
import { keepLease } from './lease-keeper.ts';
import { stopped } from './perform.ts';
import { wakeApp } from './reconcile.ts';
import { asJson, repoState, targetKey } from './rows.ts';
import { newTargetState, sweepTarget, type TargetState } from './sweep.ts';
import { wakeRepository } from './wake-repository.ts';

/**
 * Works on a row until it has nothing to do now, and answers when to look again, if at all. Somebody else having it is no
 * failure. Throws `LeaseLost`, `Stopped`, and what the store throws.
 */
export async function workOn(home: Home, key: RowKey, signal: AbortSignal): Promise<number | undefined> {
  if (key.startsWith('app/')) {
    const wake = await wakeApp(home, key.slice('app/'.length), { signal });
    return wake.kind === 'rest' ? wake.due : undefined;
  }
  if (key.startsWith('repo/'))
    return await leased(home, key, signal, (row, guard) =>
      wakeRepository(home, repoState(row), row, { signal, guard }),
    );
  const name = key.slice(targetKey('').length);
  return await leased(home, key, signal, (row) =>
    sweepTarget(home, name, (row.state as unknown as TargetState | undefined) ?? newTargetState, signal),
  );
}

/** What a look left behind, and when to look again. */
interface Looked {
  readonly state: object;
  readonly due?: number;
}

async function leased(
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
    keeper.stop();
  }
}
