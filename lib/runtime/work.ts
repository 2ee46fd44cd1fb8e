// One wake of any row: an application, a repository, or a target. Who calls it, and when, is the home's business.
import type { RowKey } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';
import { leased } from './leased.ts';
import { wakeApp } from './reconcile.ts';
import { repoState, targetKey } from './rows.ts';
import { sweepTarget, targetState } from './sweep.ts';
import { wakeRepository } from './wake-repository.ts';

/**
 * Works on a row until it has nothing to do now, and answers when to look again, if at all. Somebody else having it is no
 * failure. Throws `LeaseLost`, `Stopped`, and what the store throws.
 */
export async function workOn(home: Home, key: RowKey, signal: AbortSignal): Promise<number | undefined> {
  return key.startsWith('repo/') ? await workOnRepository(home, key, signal) : await workOnTargets(home, key, signal);
}

/** A repository's row: needs Git, and no target. */
export async function workOnRepository(home: Home, key: RowKey, signal: AbortSignal): Promise<number | undefined> {
  return await leased(home, key, signal, (row, guard) => wakeRepository(home, repoState(row), row, { signal, guard }));
}

/** An application's or a target's row: needs targets, and no Git. */
export async function workOnTargets(home: Home, key: RowKey, signal: AbortSignal): Promise<number | undefined> {
  if (key.startsWith('app/')) {
    const wake = await wakeApp(home, key.slice('app/'.length), { signal });
    return wake.kind === 'rest' ? wake.due : undefined;
  }
  const name = key.slice(targetKey('').length);
  return await leased(home, key, signal, (row) => sweepTarget(home, name, targetState(row), signal));
}
