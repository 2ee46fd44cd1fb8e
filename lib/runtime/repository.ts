// One look at the root repository: its head, the catalogue at that commit, which applications it touches, and their rows.
import {
  problemsFailure,
  problemText,
  type Application,
  type Catalogue,
  type HeldEntry,
  type Problem,
} from '../core/config/model.ts';
import { asFailure } from '../core/errors.ts';
import { backoff } from '../core/reconcile/backoff.ts';
import type { AppSource, RepoState } from '../core/reconcile/state.ts';
import type { Row } from '../core/reconcile/store.ts';
import { unchanged } from '../core/source/affected.ts';
import { takesClusterFacts } from '../core/render/cluster-facts.ts';
import { openTree, type Tree } from '../core/source/tree.ts';
import type { Trigger } from '../core/trigger/model.ts';
import { clusterLookup, type ClusterLookup } from './clusters.ts';
import type { Home } from './home.ts';
import { appKey, appSource, asJson, writeVersioned } from './rows.ts';
import { selectApps } from './select.ts';
import { catalogueOf, sourceOf, specDigest } from './sources.ts';

/** What one look at a commit did. */
export interface FanOut {
  readonly state: RepoState;
  readonly catalogue?: Catalogue;
  /** Ids of applications whose rows were written. */
  readonly affected: readonly string[];
  /** Targets that charts go to and whose clusters were never asked what they are. */
  readonly unknown?: readonly string[];
  readonly problems: readonly Problem[];
}

/** Applications looked at together; the tree's objects come from one process, more would only wait. */
const together = 16;

export interface FanOutOptions {
  readonly trigger: Trigger;
  /** Names of applications: only their rows are written, and the head does not move. */
  readonly only?: readonly string[] | undefined;
  /** Throws `LeaseLost` when the repository may be somebody else's by now, and `Stopped` when there is no time left. */
  readonly guard: () => void;
}

/** Reads one commit into rows: only affected applications are written, the head moves when all of them are. */
export async function fanOut(home: Home, before: RepoState, tree: Tree, options: FanOutOptions): Promise<FanOut> {
  const { trigger, only, guard } = options;
  const result = await catalogueOf(tree, home.root.alias, home.settings.driftEvery);
  const listed = await home.store.list(`app/${home.root.alias}/`);
  // A row of a newer version holds its own application only; the head stays where it is, so that it is looked at again.
  const newer = new Set(listed.filter((row) => row.newer !== undefined).map((row) => row.key));
  const rows = new Map(listed.filter((row) => row.newer === undefined).map((row) => [row.key, row]));
  // Higher than any that was given out: a fan-out that was cut off wrote rows and could not say so.
  const seq = [...rows.values()].reduce((most, row) => Math.max(most, row.source?.seq ?? 0), before.seq) + 1;
  if (result.kind === 'refused') {
    const failure = problemsFailure(result.problems, 'holdfast validate');
    const state = { ...before, seq, failure, problems: result.problems, revision: tree.revision };
    emitProblems(home, tree.revision, result.problems, before);
    return { state, affected: [], problems: result.problems };
  }
  const { catalogue } = result;
  const affected: string[] = [];
  const unknown = new Set<string>();
  const clusterOf = noting(unknown, clusterLookup(home));
  const chosen = only === undefined ? catalogue.apps : selectApps(catalogue, only);
  const work = chosen.filter((app) => !newer.has(appKey(app.id)));
  const next = async (): Promise<void> => {
    for (let app = work.shift(); app !== undefined; app = work.shift()) {
      if (await writeApp(home, tree, catalogue, app, { row: rows.get(appKey(app.id)), seq, trigger, guard, clusterOf }))
        affected.push(app.id);
    }
  };
  if (only === undefined) {
    // Before the rest: a renamed application takes over from a former name that is known to be gone.
    await holdEntries(home, rows, catalogue.held, { seq, trigger, guard });
    await dropRemoved(home, rows, catalogue, { seq, trigger, guard });
  }
  await Promise.all(Array.from({ length: together }, next));
  if (only !== undefined) return { state: { ...before, seq }, catalogue, affected, problems: result.problems };
  const key = await keepCatalogue(home, before, catalogue, trigger);
  if (result.problems.length > 0) emitProblems(home, tree.revision, result.problems, before);
  const state: RepoState = {
    ...before,
    seq,
    revision: newer.size === 0 ? tree.revision : before.revision,
    catalogue: key,
    catalogueRevision: tree.revision,
    failure: undefined,
    problems: result.problems,
    attempts: 0,
  };
  return { state, catalogue, affected, problems: result.problems, unknown: [...unknown] };
}

/** Notes the targets of which nothing is known. */
function noting(unknown: Set<string>, lookup: ClusterLookup): ClusterLookup {
  return async (target) => {
    const known = await lookup(target);
    if (known === undefined) unknown.add(target.name);
    return known;
  };
}

/** Writes a catalogue that is not there yet; answers its key. Most commits leave it as it is, so the commit is no part of it: the row names it. */
async function keepCatalogue(home: Home, before: RepoState, catalogue: Catalogue, trigger: Trigger): Promise<string> {
  const kept: Catalogue = { ...catalogue, revision: '' };
  const key = `catalogue/${home.hash(JSON.stringify(kept)).slice(0, 40)}`;
  if (key !== before.catalogue || trigger.kind === 'retry') await writeVersioned(home.blobs, key, kept);
  if (key !== before.catalogue) await home.store.setFollows(home.root.alias, followedImages(catalogue));
  return key;
}

/** Images whose pushes this repository wants to hear of. */
function followedImages({ apps }: Catalogue): readonly string[] {
  return [...new Set(apps.flatMap((app) => app.images.map((rule) => rule.repository)))];
}

function emitProblems(home: Home, revision: string, problems: readonly Problem[], before: RepoState): void {
  if (before.revision === revision) return;
  for (const problem of problems) {
    home.emit({
      event: 'problem',
      at: home.now(),
      message: problemText(problem),
      data: asJson({ revision, ...problem }),
    });
  }
}

interface Assigning {
  readonly seq: number;
  readonly trigger: Trigger;
  readonly guard: () => void;
}

interface Place extends Assigning {
  readonly row: Row | undefined;
  readonly clusterOf: ClusterLookup;
}

/** Writes the row of one application if the commit touches it. */
async function writeApp(
  home: Home,
  tree: Tree,
  catalogue: Catalogue,
  app: Application,
  place: Place,
): Promise<boolean> {
  const old = place.row === undefined ? undefined : appSource(place.row);
  const target = catalogue.targets[app.target];
  const usable = old !== undefined && old.removed !== true && old.held === undefined && target !== undefined;
  const sameSpec = usable && specDigest(old.app, old.target, home.hash) === specDigest(app, target, home.hash);
  const lost = usable && (await bundleLost(home, old, place.trigger));
  const sameCluster =
    usable && (!takesClusterFacts(old.renderer) || old.cluster === (await place.clusterOf(target))?.key);
  if (sameSpec && !lost && sameCluster && (await unchanged(old.roots, tree))) return false;
  let source: AppSource;
  try {
    const made = await sourceOf(tree, catalogue, app, { ...home, clusterOf: place.clusterOf });
    source = { ...made.source, seq: place.seq };
    if (sameSpec && !lost && old.inputsKey === source.inputsKey && old.bundle === source.bundle) return false;
    if (source.problems.length === 0 && !(await home.blobs.has(source.bundle)))
      await home.blobs.put(source.bundle, await made.bundle());
  } catch (error) {
    const failure = asFailure(error);
    if (failure.retryable || target === undefined) throw error;
    const problem: Problem = {
      ...app.position,
      file: failure.object ?? app.position.file,
      code: failure.code,
      message: failure.message,
    };
    const key = home.hash(`refused:${tree.revision}:${failure.code}:${failure.message}`);
    source = {
      seq: place.seq,
      revision: tree.revision,
      inputsKey: key,
      bundle: '',
      roots: {},
      renderer: 'plain',
      app,
      target,
      problems: [problem],
    };
  }
  return await assign(home, app.id, source, place);
}

/** A worker that missed the bundle rang for it: only then is it worth a look. */
async function bundleLost(home: Home, source: AppSource, trigger: Trigger): Promise<boolean> {
  if (trigger.kind !== 'retry' || source.problems.length > 0) return false;
  if (!(await home.blobs.has(source.bundle))) return true;
  return source.cluster !== undefined && !(await home.blobs.has(source.cluster));
}

async function assign(home: Home, id: string, source: AppSource, { trigger, guard }: Assigning): Promise<boolean> {
  const key = appKey(id);
  guard();
  const row = asJson(source) as NonNullable<Row['source']>;
  if (!(await home.store.assign(key, row, trigger))) return false;
  await home.queue.send('reconcile', key);
  return true;
}

/** Held is not removed: what was applied stays and is watched; the row says why it does not follow. */
async function holdEntries(
  home: Home,
  rows: ReadonlyMap<string, Row>,
  held: readonly HeldEntry[],
  assigning: Assigning,
): Promise<void> {
  const { seq } = assigning;
  for (const entry of held) {
    const failure = problemsFailure(entry.problems, 'holdfast validate');
    for (const row of rows.values()) {
      const old = appSource(row);
      if (old === undefined || old.removed === true || entry.name === undefined) continue;
      if (old.app.name !== entry.name && !old.app.name.startsWith(`${entry.name}@`)) continue;
      if (old.held?.message !== failure.message)
        await assign(home, old.app.id, { ...old, seq, held: failure }, assigning);
    }
  }
}

/** Gone from a valid catalogue: orphaned, never pruned. A held entry that could not be named protects everything unnamed. */
async function dropRemoved(
  home: Home,
  rows: ReadonlyMap<string, Row>,
  catalogue: Catalogue,
  assigning: Assigning,
): Promise<void> {
  for (const old of goneFrom(catalogue, rows.values())) {
    await assign(home, old.app.id, { ...old, seq: assigning.seq, removed: true }, assigning);
    home.emit({
      event: 'app-removed',
      at: home.now(),
      app: old.app.name,
      message: 'removed from the configuration; its objects stay',
    });
  }
}

/** Applications with a row that the catalogue does not have any more; none while an entry without a name may be any of them. */
export function goneFrom(catalogue: Catalogue, rows: Iterable<Row>): readonly AppSource[] {
  if (catalogue.held.some((entry) => entry.name === undefined)) return [];
  const present = new Set(catalogue.apps.map((app) => app.id));
  const names = catalogue.held.flatMap((entry) => (entry.name === undefined ? [] : [entry.name]));
  return [...rows].flatMap((row) => {
    const old = appSource(row);
    if (old === undefined || old.removed === true || present.has(old.app.id)) return [];
    return names.some((name) => old.app.name === name || old.app.name.startsWith(`${name}@`)) ? [] : [old];
  });
}

/** What looking at the remote led to. */
export interface RepositoryLook {
  readonly state: RepoState;
  /** As of `FanOut`. */
  readonly unknown?: readonly string[];
  /** Look again then, because this look failed. */
  readonly due?: number;
}

/** One look at the remote: ls-refs, fetch only when the branch moved, fan out. A failure is state, never an empty answer. */
export async function lookAtRepository(
  home: Home,
  before: RepoState,
  triggers: readonly Trigger[],
  guard: () => void,
): Promise<RepositoryLook> {
  const at = home.now();
  const trigger = reasonOf(triggers) ?? { kind: 'poll', at };
  try {
    const head = await home.root.source.head(home.root.branch);
    if (head === undefined) throw await home.root.source.missing(home.root.branch);
    const again = triggers.some((hint) => hint.kind === 'retry' || hint.kind === 'config');
    if (head === before.revision && !again) {
      return { state: { ...before, polledAt: at, attempts: 0, failure: standingFailure(before) } };
    }
    const found = trigger.kind === 'push' && trigger.note !== undefined ? ` (${trigger.note})` : '';
    home.emit({
      event: 'revision',
      at,
      message: `${home.root.branch} is at ${head.slice(0, 8)}, ${trigger.kind}${found}`,
      data: { revision: head, trigger: trigger.kind },
    });
    const bytesBefore = home.root.source.bytesReceived();
    const began = home.monotonic();
    const reader = await home.root.source.open(head);
    const fetched = home.monotonic();
    await tellRewritten(home, before.revision, head);
    const fanned = await fanOut(home, before, openTree(reader, home.gitLimits), {
      trigger: { ...trigger, note: trigger.note ?? head },
      guard,
    });
    const apps = fanned.affected.length;
    const ms = { fetch: Math.round(fetched - began), decide: Math.round(home.monotonic() - fetched) };
    home.emit({
      event: 'affected',
      at: home.now(),
      message: `${apps} application${apps === 1 ? '' : 's'} affected by ${head.slice(0, 8)}`,
      data: {
        revision: head,
        apps: [...fanned.affected],
        ms,
        gitBytes: home.root.source.bytesReceived() - bytesBefore,
      },
    });
    return { state: { ...fanned.state, polledAt: at }, unknown: fanned.unknown ?? [] };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === 'LeaseLost' || failure.code === 'Stopped') throw error;
    const attempts = before.attempts + 1;
    if (before.failure?.message !== failure.message) {
      home.emit({
        event: 'repository-failed',
        at,
        message: `${failure.message}; what was applied last stays in force`,
        data: asJson(failure),
      });
    }
    return { state: { ...before, failure, attempts, polledAt: at }, due: at + backoff(attempts, home.random()) };
  }
}

/** A branch that does not build on what was applied last is followed like any other; somebody may want to know. */
async function tellRewritten(home: Home, from: string | undefined, to: string): Promise<void> {
  const { source, branch } = home.root;
  if (from === undefined || from === to || source.movement === undefined) return;
  // What cannot be read is no reason not to follow the branch.
  const movement = await source.movement(from, to).catch(() => undefined);
  if (movement === undefined || movement === 'forward') return;
  const [old, head] = [from.slice(0, 8), to.slice(0, 8)];
  const what =
    movement === 'back'
      ? `${branch} was set back from ${old} to ${head}, a commit before it: what came after ${head} is undone`
      : `The history of ${branch} was rewritten: ${head} does not build on ${old}; what only ${old} had is undone`;
  const data = { from, to, movement };
  home.emit({ event: 'history-rewritten', at: home.now(), message: what, data });
}

/** What to say of why the head was looked at; that something is to be made again must not be lost among other hints. */
function reasonOf(triggers: readonly Trigger[]): Trigger | undefined {
  const retry = triggers.findLast((hint) => hint.kind === 'retry');
  return retry ?? triggers.findLast((hint) => hint.kind === 'push') ?? triggers.at(-1);
}

/** What is wrong with the commit itself; that the remote could not be reached for a while is over. */
function standingFailure(state: RepoState): RepoState['failure'] {
  const refused = state.problems.length > 0 && state.catalogueRevision !== state.revision;
  return refused ? problemsFailure(state.problems, 'holdfast validate') : undefined;
}
