// `holdfast apply`: rows, leases, runs and inventory exactly as in the server, driven from this process until every application rests.
import type { Application, Catalogue, Problem } from '../core/config/model.ts';
import type { Failure } from '../core/errors.ts';
import type { Lease, Row } from '../core/reconcile/store.ts';
import { LEASE_TTL_MS } from '../core/reconcile/lease.ts';
import { type Cost, noCost, type RepoState } from '../core/reconcile/state.ts';
import type { Tree } from '../core/source/tree.ts';
import { CostMeter, metered } from './cost.ts';
import type { Home } from './home.ts';
import { keepLease } from './lease-keeper.ts';
import { type Candidate, lookShared, renderAll } from './one-shot.ts';
import { type AppliedApp, drive, type DriveOptions, type Entry, pause, type Start } from './one-shot-drive.ts';
import { inventoryPlace } from './move.ts';
import { fanOut } from './repository.ts';
import { appKey, appSource, appState, asJson, readCatalogueBlob, repoKey, repoState } from './rows.ts';
import { refusal, selectApps } from './select.ts';

export interface ApplyOptions extends DriveOptions {
  /** Names; empty = all. */
  readonly apps: readonly string[];
}

export interface Applied {
  readonly apps: readonly AppliedApp[];
  /** Entries of the config that could not be used. */
  readonly problems: readonly Problem[];
  /** Of the work shared by all applications: reading, lists. */
  readonly cost: Cost;
}

/** Applies applications at one commit (or working tree) and waits as told. */
export async function applyApps(home: Home, tree: Tree, options: ApplyOptions): Promise<Applied> {
  const meter = new CostMeter();
  return await metered(meter, async () => {
    const { catalogue, problems } = await timed(home, meter, 'read', () => assignAll(home, tree, options));
    const apps = selectApps(catalogue, options.apps);
    const candidates = await readCandidates(home, apps);
    const results = await drive(home, inGroups(home, candidates, options, meter), options);
    return { apps: results, problems, cost: meter.addTo(noCost) };
  });
}

/** So many applications keep a target busy while the rest is rendered and looked at. */
const firstApps = 48;
/** From so many changed ones on a second look at the target costs less than letting it wait for the rendering of all of them. */
const manyApps = 128;

const notRendered: Failure = { code: 'NotApplied', source: 'system', message: 'It was not rendered', retryable: true };

/**
 * The applications with what is to be known of each before it acts. Of many, the first ones may act while the others are still
 * rendered: each plan is made of a look that was made before, as with all of them at once.
 */
function inGroups(
  home: Home,
  candidates: readonly Candidate[],
  options: ApplyOptions,
  meter: CostMeter,
): readonly Entry[] {
  const failed = new Map<string, Failure>();
  const begin = async (group: readonly Candidate[]): Promise<(candidate: Candidate) => Start> => {
    const ready = await timed(home, meter, 'render', () => renderAll(home, group, options.signal));
    // A target that did not answer for the first ones is not waited for once more.
    const asked = ready.filter(({ candidate }) => !failed.has(inventoryPlace(candidate.source)));
    const looks = await timed(home, meter, 'observe', () =>
      lookShared(home, asked, { depth: 'apply', signal: options.signal, prune: options.prune }),
    );
    const rendered = new Map(ready.map((one) => [one.candidate, one]));
    for (const { candidate } of asked) {
      const look = looks.get(candidate.source.app.id);
      if (look !== undefined && 'code' in look) failed.set(inventoryPlace(candidate.source), look);
    }
    return (candidate) => {
      const one = rendered.get(candidate) ?? { kind: 'refused', candidate, failure: notRendered, problems: [] };
      const look = looks.get(candidate.source.app.id);
      return { one, look: one.kind === 'ready' ? (look ?? failed.get(inventoryPlace(candidate.source))) : look };
    };
  };
  const changed = candidates.filter(({ source, state }) => state.applied?.inputsKey !== source.inputsKey);
  const groups =
    changed.length < manyApps ? [candidates] : [candidates.slice(0, firstApps), candidates.slice(firstApps)];
  let previous: Promise<unknown> = Promise.resolve();
  return groups.flatMap((group) => {
    const begun = previous.then(() => begin(group));
    // Whoever asks for an application hears of it; when nobody gets there any more, nobody has to.
    begun.catch(() => undefined);
    previous = begun;
    return group.map((candidate): Entry => ({ candidate, start: async () => (await begun)(candidate) }));
  });
}

async function timed<T>(home: Home, meter: CostMeter, phase: string, work: () => Promise<T>): Promise<T> {
  const began = home.monotonic();
  const result = await work();
  meter.time(phase, home.monotonic() - began);
  return result;
}

/** Writes the rows of what changed, under the repository's lease like any other observation. */
async function assignAll(
  home: Home,
  tree: Tree,
  options: ApplyOptions,
): Promise<{ readonly catalogue: Catalogue; readonly problems: readonly Problem[] }> {
  const key = repoKey(home.root.alias);
  const trigger = { kind: 'manual' as const, at: home.now(), note: 'holdfast apply' };
  const known = await home.store.read(key);
  const same = known === undefined ? undefined : await sameCommit(home, repoState(known), tree);
  if (same !== undefined) return { catalogue: same, problems: [] };
  if (known === undefined) await home.store.hint(key, trigger);
  for (;;) {
    const sentAt = home.monotonic();
    const taken = await home.store.take(key, home.holder, LEASE_TTL_MS);
    if (taken === undefined) {
      await pause(options.signal, 100);
      continue;
    }
    const keeper = keepLease({ store: home.store, key, lease: taken.lease, monotonic: home.monotonic, sentAt });
    const before = repoState(taken.row);
    let state = before;
    try {
      const only = options.apps.length === 0 ? undefined : options.apps;
      const fanned = await fanOut(home, before, tree, { trigger, only, guard: keeper.guard });
      if (fanned.catalogue === undefined) throw refusal(fanned.problems);
      state = fanned.state;
      return { catalogue: fanned.catalogue, problems: fanned.problems };
    } finally {
      await keeper.stop();
      await giveBackRepository(home, taken, state);
    }
  }
}

/** Due at once: what a server with the same data directory had to look at is still to be looked at. */
async function giveBackRepository(
  home: Home,
  { row, lease }: { readonly row: Row; readonly lease: Lease },
  state: RepoState,
): Promise<void> {
  const release = { seen: row.wanted, state: asJson(state), due: home.now() };
  const answer = await home.store.release(row.key, lease, release);
  if (answer.kind === 'again') await home.store.release(row.key, lease, { ...release, seen: answer.row.wanted });
}

/** The catalogue of a commit that was fanned out completely before: its rows say all that reading it again could. */
async function sameCommit(home: Home, before: RepoState, tree: Tree): Promise<Catalogue | undefined> {
  // A working tree has no id: equal names say nothing.
  const fannedOut =
    tree.revision !== 'worktree' && [before.revision, before.catalogueRevision].every((id) => id === tree.revision);
  if (!fannedOut || before.failure !== undefined || before.problems.length > 0) return undefined;
  const catalogue = await readCatalogueBlob(home.blobs, before);
  return catalogue?.v === 1 ? catalogue : undefined;
}

async function readCandidates(home: Home, apps: readonly Application[]): Promise<readonly Candidate[]> {
  const rows = new Map((await home.store.list(`app/${home.root.alias}/`)).map((row) => [row.key, row]));
  return apps.flatMap((app) => {
    const row = rows.get(appKey(app.id));
    const source = row === undefined ? undefined : appSource(row);
    return row === undefined || source === undefined ? [] : [{ source, state: appState(row) }];
  });
}
