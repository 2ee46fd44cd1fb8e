// Where an inventory belongs, and how it goes to an application's new name: never deleted, never in two hands.
import type { AppSource, AppState } from '../core/reconcile/state.ts';
import type { Inventory } from '../core/plan/target.ts';
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Home } from './home.ts';
import { appKey, appSource, appState, asJson } from './rows.ts';

/** The target and kind that an inventory was made in: it says nothing about any other. */
export function inventoryPlace(source: Pick<AppSource, 'app'>): string {
  return source.app.stack === undefined ? source.app.target : `${source.app.target} (stacks)`;
}

/** Writes an inventory; answers its key. A key is used once, so that what nobody points at can be removed without asking who is about to. */
export async function keepInventory(home: Home, state: AppState, place: string, inventory: Inventory): Promise<string> {
  const text = JSON.stringify(inventory);
  const name = `inventory/${home.hash(text).slice(0, 40)}`;
  if (state.target === place && state.inventory?.startsWith(name) === true) return state.inventory;
  const key = `${name}-${home.newId()}`;
  await home.blobs.put(key, new TextEncoder().encode(text));
  return key;
}

/** The inventory of another target is not pruned in this one: its objects are nobody's from now on, and a person should hear it. */
export function sayLeftBehind(home: Home, source: AppSource, { target, inventorySize }: AppState): void {
  if (target === undefined || target === inventoryPlace(source) || inventorySize === 0) return;
  home.emit({
    event: 'objects-left',
    at: home.now(),
    app: source.app.name,
    message: `${inventorySize} object${inventorySize === 1 ? '' : 's'} of target ${target} stay there and are not looked after any more`,
    data: { target, objects: inventorySize },
  });
}

type Handed = Pick<AppState, 'inventory' | 'inventorySize' | 'target'>;

/**
 * Takes the inventory of the former name. `keep` saves it in the new row before the old row forgets it, so that a crash in
 * between leaves it in both and never in none. Answers the former id; undefined when there is nothing to take.
 * Throws `FormerNameBusy` while the former application is still being worked on.
 */
export async function takeOver(
  home: Home,
  source: AppSource,
  keep: (handed: Handed) => Promise<void>,
): Promise<string | undefined> {
  for (const id of formerIds(source)) {
    const key = appKey(id);
    const known = await home.store.read(key);
    const former = known === undefined ? undefined : appSource(known);
    if (known === undefined || former === undefined || former.removed !== true) continue;
    if (inventoryPlace(former) !== inventoryPlace(source)) continue;
    const taken = await home.store.take(key, home.holder, LEASE_TTL_MS);
    if (taken === undefined) throw busy(id);
    const state = appState(taken.row);
    const { inventory, inventorySize, target } = state;
    if (inventory !== undefined && target === inventoryPlace(source)) await keep({ inventory, inventorySize, target });
    const empty: AppState = { ...state, inventory: undefined, inventorySize: 0, applied: undefined };
    const release = { seen: taken.row.wanted, state: asJson(empty), due: home.now() };
    const answer = await home.store.release(key, taken.lease, release);
    if (answer.kind === 'again') await home.store.release(key, taken.lease, { ...release, seen: answer.row.wanted });
    return inventory === undefined ? undefined : id;
  }
  return undefined;
}

function formerIds({ app }: AppSource): readonly string[] {
  const { alias, movedFrom, target } = app;
  if (movedFrom === undefined) return [];
  return [`${alias}/${movedFrom}@${target}`, `${alias}/${movedFrom}`];
}

function busy(id: string): HoldfastError {
  return new HoldfastError({
    code: 'FormerNameBusy',
    source: 'system',
    message: `The last run under the former name ${id} is not finished yet`,
    object: id,
    retryable: true,
  });
}
