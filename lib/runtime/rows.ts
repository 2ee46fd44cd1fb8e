// Rows as the runner reads them: typed views on what the store keeps as JSON, with the version check of contracts §8.
import type { Catalogue } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { Inventory } from '../core/plan/target.ts';
import { emptyInventory } from '../core/plan/target.ts';
import { stateTooNew } from '../core/reconcile/rows.ts';
import { type AppSource, type AppState, newAppState, newRepoState, type RepoState } from '../core/reconcile/state.ts';
import type { Blobs, Row } from '../core/reconcile/store.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Alias of the root repository. */
export const rootAlias = 'root';

export const appKey = (id: string): string => `app/${id}`;
export const repoKey = (alias: string): string => `repo/${alias}`;
export const targetKey = (name: string): string => `target/${name}`;

/** The JSON form of a state that has only JSON members. */
export function asJson(value: object): Json {
  return value as unknown as Json;
}

function versioned<T extends { readonly v: number }>(value: Json | undefined, empty: T, what: string): T {
  if (value === undefined) return empty;
  const state = value as unknown as T;
  if (state.v > empty.v) throw stateTooNew(what, state.v, empty.v);
  return state;
}

function checkReadable({ key, newer }: Row): void {
  if (newer !== undefined) throw stateTooNew(key, newer, 1);
}

/** Why nothing can be said of this application here: a newer version wrote its row, or the state in it. */
export function whyUnreadable(row: Row): HoldfastError | undefined {
  try {
    appState(row);
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'StateTooNew') return error;
    throw error;
  }
}

/** The state of an application's row. Throws `StateTooNew`, and so does `appSource`. */
export function appState(row: Row): AppState {
  checkReadable(row);
  return versioned(row.state, newAppState, row.key);
}

/** What the repository's last observation says of an application, if it was ever observed. */
export function appSource(row: Row): AppSource | undefined {
  checkReadable(row);
  return row.source === undefined ? undefined : (row.source as unknown as AppSource);
}

/** The state of a repository's row. */
export function repoState(row: Row | undefined): RepoState {
  return versioned(row?.state, newRepoState, row?.key ?? 'repo');
}

/** Reads a blob that holds JSON; undefined when it is not there. */
export async function readJson<T>(blobs: Blobs, key: string): Promise<T | undefined> {
  const bytes = await blobs.get(key);
  return bytes === undefined ? undefined : (JSON.parse(decoder.decode(bytes)) as T);
}

/** The format of blobs that `readVersioned` reads; one without a version is of this. */
const blobFormat = 1;

/** Reads a blob that holds JSON of a format that may change; undefined when it is not there. Throws `StateTooNew`. */
export async function readVersioned<T extends object>(blobs: Blobs, key: string): Promise<T | undefined> {
  const value = await readJson<T & { readonly v?: number }>(blobs, key);
  const found = value?.v ?? blobFormat;
  if (found > blobFormat) throw stateTooNew(key, found, blobFormat);
  return value;
}

/** Writes what `readVersioned` reads. */
export async function writeVersioned(blobs: Blobs, key: string, value: object): Promise<void> {
  await writeJson(blobs, key, { v: blobFormat, ...value });
}

/** Writes a blob that holds JSON. */
export async function writeJson(blobs: Blobs, key: string, value: unknown): Promise<void> {
  await blobs.put(key, encoder.encode(JSON.stringify(value)));
}

/** The inventory a row points at; empty when there is none yet. */
export async function readInventory(blobs: Blobs, key: string | undefined): Promise<Inventory> {
  if (key === undefined) return emptyInventory;
  const inventory = await readJson<Inventory>(blobs, key);
  if (inventory !== undefined) return versioned<Inventory>(inventory as unknown as Json, emptyInventory, key);
  throw new HoldfastError({
    code: 'InventoryMissing',
    source: 'system',
    message: `The inventory ${key} is gone; nothing is written or pruned without it`,
    object: key,
    next: 'Restore it: the data directory from its backup, or the version before the deletion in the S3 bucket',
  });
}

/** The catalogue a repository's row points at. */
export async function readCatalogueBlob(blobs: Blobs, state: RepoState): Promise<Catalogue | undefined> {
  return state.catalogue === undefined ? undefined : await readVersioned<Catalogue>(blobs, state.catalogue);
}
