// `plan` and `apply` in this process: the same engine as the server, with the lists of a target shared by all its applications.
import { type Application, type Catalogue, problemsFailure } from '../core/config/model.ts';
import { asFailure, HoldfastError, type Failure } from '../core/errors.ts';
import type { Plan } from '../core/plan/model.ts';
import {
  emptyInventory,
  type ObserveRequest,
  type Step,
  type Target,
  type TargetContext,
} from '../core/plan/target.ts';
import { type AppSource, type AppState, newAppState } from '../core/reconcile/state.ts';
import type { Tree } from '../core/source/tree.ts';
import { clusterLookup } from './clusters.ts';
import type { Home } from './home.ts';
import { inventoryPlace } from './move.ts';
import { readDesired, renderSource } from './desired.ts';
import type { SharedLook } from './perform.ts';
import { appKey, appState, readInventory } from './rows.ts';
import { sourceOf } from './sources.ts';
import { wantedElsewhere } from './wanted-elsewhere.ts';

/** One application with what Git wants of it and what is stored of it. */
export interface Candidate {
  readonly source: AppSource;
  readonly state: AppState;
}

/** A candidate that rendered, or why it did not. */
export type Ready =
  | {
      readonly kind: 'ready';
      readonly candidate: Candidate;
      readonly desired: { readonly key: string; readonly digest: string };
    }
  | {
      readonly kind: 'refused';
      readonly candidate: Candidate;
      readonly failure: Failure;
      readonly problems: AppSource['problems'];
    };

export interface LookOptions {
  readonly depth: ObserveRequest['depth'];
  readonly signal: AbortSignal;
  /** What a plan has read and no row holds yet: an object that moves between applications is not a delete. */
  readonly planned?: readonly AppSource[];
  readonly prune?: { readonly enabled: boolean; readonly confirmed: boolean };
}

/** Milliseconds between looks of a plan step that waits (a change set being made). */
const pollMs = 250;
/** Renderings at once: renderer processes use a core each. */
const rendersTogether = 4;

/** What Git wants of applications, without writing a row; bundles go to the blobs, where a rendering looks for them. */
export async function candidatesOf(
  home: Home,
  tree: Tree,
  catalogue: Catalogue,
  apps: readonly Application[],
): Promise<readonly Candidate[]> {
  const tools = { ...home, clusterOf: clusterLookup(home) };
  return await mapLimit(apps, 16, async (app) => {
    const made = await sourceOf(tree, catalogue, app, tools);
    if (made.source.problems.length === 0 && !(await home.blobs.has(made.source.bundle)))
      await home.blobs.put(made.source.bundle, await made.bundle());
    const row = await home.store.read(appKey(app.id));
    return { source: { ...made.source, seq: 0 }, state: row === undefined ? newAppState : appState(row) };
  });
}

/** Renders candidates, from the cache where possible. */
export async function renderAll(
  home: Home,
  candidates: readonly Candidate[],
  signal: AbortSignal,
): Promise<readonly Ready[]> {
  return await mapLimit(candidates, rendersTogether, async (candidate): Promise<Ready> => {
    const { source, state } = candidate;
    // The key stands for everything that decides a rendering: what it gave when it was applied, it gives now.
    if (state.applied?.inputsKey === source.inputsKey && source.problems.length === 0) {
      return { kind: 'ready', candidate, desired: { key: state.applied.desired, digest: state.applied.desiredDigest } };
    }
    try {
      const result =
        source.problems.length > 0
          ? { kind: 'refused' as const, problems: source.problems }
          : await renderSource(home, source, signal);
      if (result.kind === 'desired') return { kind: 'ready', candidate, desired: result };
      const problems = result.kind === 'refused' ? result.problems : [];
      const failure = result.kind === 'failed' ? result.failure : refusedFailure(source.app, problems);
      return { kind: 'refused', candidate, failure, problems };
    } catch (error) {
      return { kind: 'refused', candidate, failure: asFailure(error), problems: [] };
    }
  });
}

function refusedFailure(app: Application, problems: AppSource['problems']): Failure {
  return { ...problemsFailure(problems, `holdfast render ${app.name}`), object: app.name };
}

/** One look at every target for all its applications; key is the application's id. A target that cannot be read fails all of them. */
export async function lookShared(
  home: Home,
  ready: readonly Ready[],
  options: LookOptions,
): Promise<ReadonlyMap<string, SharedLook | Failure>> {
  const looks = new Map<string, SharedLook | Failure>();
  for (const group of byTarget(ready)) {
    const requests: ObserveRequest[] = [];
    for (const one of group) requests.push(await requestOf(home, one, options));
    const first = group[0];
    if (first === undefined) continue;
    try {
      const target = await home.targets.get(first.candidate.source.target, first.candidate.source.app);
      const answer = await finish(
        (token) => target.observe(requests, readOnly(home, options.signal), token),
        options.signal,
      );
      group.forEach((one, index) => {
        const request = requests[index];
        const observation = answer[index];
        if (request !== undefined && observation !== undefined)
          looks.set(one.candidate.source.app.id, { request, observation });
      });
    } catch (error) {
      const failure = ofTarget(asFailure(error), first.candidate.source.app.target);
      for (const one of group) looks.set(one.candidate.source.app.id, failure);
    }
  }
  return looks;
}

/** A request's path says little to a person; which of the targets did not answer says it all. */
function ofTarget(failure: Failure, target: string): Failure {
  return failure.object?.startsWith('/') === true ? { ...failure, object: `target ${target}` } : failure;
}

type ReadyOne = Ready & { kind: 'ready' };

function byTarget(ready: readonly Ready[]): readonly (readonly ReadyOne[])[] {
  const groups = new Map<string, ReadyOne[]>();
  for (const one of ready) {
    if (one.kind !== 'ready') continue;
    const { app } = one.candidate.source;
    const key = `${app.stack === undefined ? 'kubernetes' : 'stack'}/${app.target}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

async function requestOf(home: Home, one: ReadyOne, options: LookOptions): Promise<ObserveRequest> {
  const { source, state } = one.candidate;
  const here = state.target === undefined || state.target === inventoryPlace(source);
  const inventory = here ? state.inventory : undefined;
  let opened: ReturnType<typeof readDesired> | undefined;
  const stored = inventory === undefined ? emptyInventory : await readInventory(home.blobs, inventory);
  const desired = (): ReturnType<typeof readDesired> => (opened ??= readDesired(home, one.desired.key));
  const changed = state.applied?.desiredDigest !== one.desired.digest;
  const wantedBy = changed ? await wantedElsewhere(home, source, stored, desired, options.planned) : undefined;
  return {
    app: source.app,
    revision: source.revision,
    desiredDigest: one.desired.digest,
    desired,
    inventory: stored,
    ...(wantedBy === undefined ? {} : { wantedBy }),
    ...(state.applied === undefined || state.failed?.partial === true
      ? {}
      : { appliedDigest: state.applied.desiredDigest }),
    depth: options.depth,
    pruneHeld: inventory === undefined,
    ...(options.prune === undefined ? {} : { prune: options.prune }),
  };
}

/** The plan of one application, and why it could not be carried out as it is. */
export interface PlannedApp {
  readonly app: Application;
  readonly plan: Plan;
  readonly holds: readonly Failure[];
}

/** Plans from a shared look and leaves nothing behind. */
export async function planShared(
  home: Home,
  look: SharedLook,
  source: AppSource,
  signal: AbortSignal,
): Promise<PlannedApp> {
  const target: Target = await home.targets.get(source.target, source.app);
  const context = readOnly(home, signal);
  const prepared = await finish((token) => target.prepare(look.request, look.observation, context, token), signal);
  await target.discard(prepared, context);
  return { app: source.app, plan: prepared.plan, holds: prepared.holds };
}

/** Repeats a step that waits until it is done. Throws what it failed with. */
async function finish<T>(step: (token: string | undefined) => Promise<Step<T>>, signal: AbortSignal): Promise<T> {
  let token: string | undefined;
  for (;;) {
    const answer = await step(token);
    if (answer.status === 'done') return answer.value;
    if (answer.status === 'failed') throw new HoldfastError(answer.cause);
    if (signal.aborted) throw new HoldfastError({ code: 'Interrupted', source: 'user', message: 'Stopped' });
    token = answer.token;
    await new Promise((resolve) => setTimeout(resolve, Math.min(answer.afterMs, pollMs)));
  }
}

/** For looks and plans: change sets and dry runs are made under a run id of their own; nothing is applied. */
function readOnly(home: Home, signal: AbortSignal): TargetContext {
  return {
    installation: home.installation,
    runId: home.newId(),
    hash: home.hash,
    hmac: home.hmac,
    now: home.now,
    signal,
    guard: () => undefined,
    saveInventory: async () => undefined,
    report: () => undefined,
  };
}

/** Maps with at most `limit` at work, results in order. */
export async function mapLimit<T, R>(items: readonly T[], limit: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, run));
  return results;
}
