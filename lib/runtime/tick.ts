// The tick: finds what no doorbell rang for. It looks at little: rows that are due, and now and then what is left over.
import { asFailure } from '../core/errors.ts';
import type { Blobs, Queue, Row, RowKey, Store } from '../core/reconcile/store.ts';
import { collectGarbage } from './gc.ts';
import { readCatalogueBlob, repoKey, repoState, rootAlias } from './rows.ts';

export interface TickParts {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly queue: Queue;
  readonly now: () => number;
  /** Whether a repository is connected: without one there is nothing to poll. */
  readonly connected: () => Promise<boolean>;
}

export interface Ticked {
  /** Rows that were rung for. */
  readonly rung: number;
  /** Age in milliseconds of the oldest hint that nobody has looked at; 0 when there is none. */
  readonly oldestMs: number;
  readonly collected: number;
}

/** Rows rung for in one tick; the rest is found by the next. */
const most = 1_000;
/** The oldest rows are looked at for their age; those behind them are younger. */
const aged = 10;
/** Events of registries are best effort: what they missed is asked for this often. */
const imagesEveryMs = 15 * 60_000;
/** Unused blobs cost next to nothing; listing them does not. */
const collectEveryMs = 24 * 3_600_000;

/** Store value: when a tick was last done, milliseconds since the epoch. */
const tickDone = 'tick/done';

/** One tick. */
export async function tick(parts: TickParts): Promise<Ticked> {
  const { store, queue } = parts;
  if (await parts.connected()) await beginPolling(parts);
  if (await elapsed(parts, 'images-asked', imagesEveryMs)) await askForImages(parts);
  const due = await store.due(await store.now(), most);
  await Promise.all(due.map(async (key) => await queue.send(key.startsWith('repo/') ? 'source' : 'reconcile', key)));
  const oldestMs = await oldestHint(parts, due.slice(0, aged));
  const collected = (await elapsed(parts, 'blobs-collected', collectEveryMs)) ? await collectGarbage(parts) : 0;
  // Of two ticks at once either may say so.
  await store.setValue(tickDone, parts.now(), await store.getValue(tickDone));
  return { rung: due.length, oldestMs, collected };
}

/** When the last tick was done, milliseconds since the epoch. */
export async function lastTick(store: Pick<Store, 'getValue'>): Promise<number | undefined> {
  const at = await store.getValue(tickDone);
  return typeof at === 'number' ? at : undefined;
}

/** A repository that was just connected has no row yet, and so nothing that could be due. */
async function beginPolling({ store, now }: TickParts): Promise<void> {
  const key = repoKey(rootAlias);
  if ((await store.read(key)) === undefined) await store.hint(key, { kind: 'poll', at: now(), note: 'connected' });
}

/** True at most once in `everyMs`, for one of all who ask. */
async function elapsed({ store, now }: TickParts, name: string, everyMs: number): Promise<boolean> {
  const value = `tick/${name}`;
  const before = await store.getValue(value);
  const at = typeof before === 'number' ? before : undefined;
  if (at !== undefined && now() - at < everyMs && now() >= at) return false;
  return await store.setValue(value, now(), before);
}

/** A hint that an image may be newer: policies are evaluated by whoever looks at the repository. */
async function askForImages({ store, blobs, now }: TickParts): Promise<void> {
  const row = await store.read(repoKey(rootAlias));
  const catalogue = row === undefined ? undefined : await readCatalogueBlob(blobs, repoState(row));
  const follows = catalogue?.apps.some((app) => app.images.length > 0) === true;
  if (follows)
    await store.hint(repoKey(rootAlias), { kind: 'image', at: now(), note: 'registries asked by the clock' });
}

async function oldestHint({ store, now }: TickParts, keys: readonly RowKey[]): Promise<number> {
  const rows = await Promise.all(keys.map(async (key) => await readable(store, key)));
  const ages = rows.map((row) => {
    const first = row !== undefined && row.wanted > row.handled ? row.reasons[0] : undefined;
    return first === undefined ? 0 : Math.max(0, now() - first.at);
  });
  return Math.max(0, ...ages);
}

/** A row of a newer version is not this one's to judge, and must not end the tick. */
async function readable(store: Store, key: RowKey): Promise<Row | undefined> {
  try {
    return await store.read(key);
  } catch (error) {
    if (asFailure(error).code === 'StateTooNew') return undefined;
    throw error;
  }
}
