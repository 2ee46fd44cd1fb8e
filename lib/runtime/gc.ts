// Removes blobs that nothing points at any more: inputs, renderings, inventories, reports and catalogues of the past.
import type { AppState, RunRecord } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import type { Home } from './home.ts';
import { together } from './together.ts';
import { targetState } from './sweep.ts';
import { appSource, appState, readJson, repoState } from './rows.ts';

/** Completed runs of an application whose desired state is kept, so that a rollback to them is possible. */
const keptRuns = 10;
/** Runs that are looked through for them. */
const searchedRuns = 50;
/** Least time between being found unused and being removed: longer than any worker holds a key that it has not saved yet. */
const graceMs = 10 * 60_000;
const prefixes = [
  'bundle/',
  'rendered/',
  'desired/',
  'inventory/',
  'prepared/',
  'drift/',
  'catalogue/',
  'cluster/',
  'render/',
];
const noted = 'unused-blobs';
/** Requests at a time: a thousand applications are asked about within the time of one invocation. */
const atOnce = 32;

interface Noted {
  readonly v: 1;
  readonly at: number;
  readonly keys: readonly string[];
}

type Parts = Pick<Home, 'store' | 'blobs' | 'now'>;

/**
 * One pass. What is unused is only noted; it is removed by a later pass that finds it unused again. A key that comes into use
 * at that very moment is made again where it is missed: inputs by the repository, renderings by rendering; the names of
 * inventories are never used twice. Answers the number of removed blobs.
 */
export async function collectGarbage(home: Parts): Promise<number> {
  const { store, blobs } = home;
  const before = (await store.getValue(noted)) as unknown as Noted | undefined;
  if (before !== undefined && home.now() - before.at < graceMs && home.now() >= before.at) return 0;
  // Listed before the rows are read: what is written after this is not looked at.
  const present = (await together(atOnce, prefixes, async (prefix) => await blobs.list(prefix))).flat();
  const used = await usedKeys(home);
  const unused = present.filter((key) => !used.has(key));
  const known = new Set(before?.keys ?? []);
  const removed = unused.filter((key) => known.has(key));
  await together(atOnce, removed, async (key) => await blobs.delete(key));
  const next: Noted = { v: 1, at: home.now(), keys: unused.filter((key) => !known.has(key)) };
  await store.setValue(noted, { ...next }, before === undefined ? undefined : { ...before });
  return removed.length;
}

async function usedKeys(home: Parts): Promise<ReadonlySet<string>> {
  const used = new Set<string>();
  const keep = (key: string | undefined): void => {
    if (key !== undefined) used.add(key);
  };
  for (const row of await home.store.list('repo/')) keep(repoState(row).catalogue);
  for (const row of await home.store.list('target/')) keep(targetState(row).cluster?.key);
  await together(atOnce, await home.store.list('app/'), async (row) => {
    for (const key of keysOfState(appState(row))) keep(key);
    for (const key of await keysOfSource(home, row)) keep(key);
    for (const key of await keysOfRuns(home, row)) keep(key);
  });
  return used;
}

function keysOfState({ inventory, drift, applied, run, lastRun }: AppState): readonly (string | undefined)[] {
  const prepared = run === undefined ? undefined : `prepared/${run.id}`;
  return [inventory, drift?.report, applied?.desired, run?.desired, lastRun?.desired, prepared];
}

async function keysOfSource({ blobs }: Parts, row: Row): Promise<readonly (string | undefined)[]> {
  const source = appSource(row);
  if (source === undefined) return [];
  const rendered = `rendered/${source.inputsKey}`;
  const remembered = await readJson<{ readonly key: string }>(blobs, rendered);
  return [source.bundle, source.cluster, rendered, remembered?.key];
}

async function keysOfRuns({ store }: Parts, row: Row): Promise<readonly (string | undefined)[]> {
  const id = row.key.slice('app/'.length);
  const runs = (await store.runs(id, searchedRuns)).map((run) => run.record as unknown as RunRecord);
  const completed = runs.filter(({ outcome }) => outcome === 'succeeded' || outcome === 'unhealthy');
  const pinned = row.intent.pin === undefined ? undefined : await store.run(row.intent.pin);
  const pin = pinned?.record as { readonly desired?: string } | undefined;
  return [...completed.slice(0, keptRuns).map((run) => run.desired), pin?.desired];
}
