// Carries out a prepared plan: the inventory first, then waves of writes, then removals; every write refused if anything moved.
import { setTimeout as delay } from 'node:timers/promises';
import { asFailure, type Failure, HoldfastError } from '../../core/errors.ts';
import { maskedFailure } from '../../core/kubernetes/failure.ts';
import { entriesByKey, intentEntry, type ObjectEntry } from '../../core/kubernetes/inventory.ts';
import { idKey } from '../../core/kubernetes/object.ts';
import { waveOf } from '../../core/kubernetes/order.ts';
import type { ActResult, Inventory, ObserveRequest, TargetContext } from '../../core/plan/target.ts';
import type { Acting } from './acting.ts';
import type { Cluster } from './cluster.ts';
import { clusterFaults, isKubeError } from './errors.ts';
import type { Execution, RemoveStep, WriteStep } from './execution.ts';
import { awaitServed } from './established.ts';
import { Kinds } from './kinds.ts';
import { removeObject, seenGone } from './remove.ts';
import { openDesired, viewOf, type Wanted } from './view.ts';
import { writeObject } from './write.ts';

/** Waits between looks at objects that are being deleted; after the last one they stay in the inventory. */
const goneWaitsMs = [50, 150, 400, 900];

/** Acts. Failures of objects are part of the answer; losing the lease is thrown. */
export async function carryOut(
  cluster: Cluster,
  request: ObserveRequest,
  execution: Execution,
  context: TargetContext,
): Promise<ActResult> {
  const view = viewOf(request, context);
  const kinds = async () => new Kinds(await cluster.directory(context.now()));
  const hasWrites = execution.writes.length > 0;
  const opened = hasWrites ? await openDesired(request, view.marks, await kinds(), context) : undefined;
  const wanted = new Map(opened?.wanted.map((one) => [idKey(one.placed.id), one]));
  const acting: Acting = {
    cluster,
    context,
    view,
    wanted,
    entries: intended(request, execution, wanted),
    failures: [],
    stopped: false,
    kinds,
  };
  if (hasWrites || execution.removals.length > 0) {
    context.guard();
    await context.saveInventory(inventoryOf(acting));
  }
  const applied = await writeWaves(acting, execution.writes);
  const deleted = acting.failures.length === 0 ? await removeWaves(acting, execution.removals) : 0;
  const inventory = inventoryOf(acting, acting.failures.length === 0 ? execution.settings : undefined);
  await context.saveInventory(inventory);
  return { inventory, applied, deleted, failures: acting.failures };
}

function inventoryOf(acting: Acting, settings?: string): Inventory {
  return { v: 1, entries: [...acting.entries.values()], ...(settings === undefined ? {} : { settings }) };
}

/** Old ∪ new: what exists, what is about to, and what may be gone soon. */
function intended(
  request: ObserveRequest,
  execution: Execution,
  wanted: ReadonlyMap<string, Wanted>,
): Map<string, ObjectEntry> {
  const old = entriesByKey(request.inventory);
  const entries = new Map<string, ObjectEntry>();
  for (const entry of execution.settled) entries.set(idKey(entry.id), entry);
  for (const step of execution.writes.flat()) {
    const one = wanted.get(step.key);
    const previous = old.get(step.key);
    if (one === undefined) {
      if (previous !== undefined) entries.set(step.key, previous);
      continue;
    }
    const intent = intentEntry(one.placed.id, one.sent.apiVersion, previous);
    // An adoption that stops half way must not look like an object that we made and may delete; one from our own former name is ours.
    const renamed = request.app.movedFrom !== undefined && previous?.origin === 'created';
    entries.set(step.key, step.action === 'adopt' && !renamed ? { ...intent, origin: 'adopted' } : intent);
  }
  for (const step of execution.removals.flat()) {
    const previous = old.get(step.key);
    if (previous !== undefined) entries.set(step.key, intentEntry(previous.id, step.apiVersion, previous));
  }
  return entries;
}

function interrupted(): Failure {
  return {
    code: 'Interrupted',
    source: 'system',
    message: 'Stopped before everything was written; what was written is recorded',
    retryable: true,
  };
}

/** Runs one wave together. Losing the lease or the cluster stops it: what is in flight is awaited, nothing new is sent. */
async function runWave<T>(
  acting: Acting,
  wave: readonly T[],
  work: (item: T) => Promise<void>,
  failureOf: (item: T, error: unknown) => Failure = (_, error) => asFailure(error),
): Promise<void> {
  let lost: unknown;
  let interruptions = 0;
  await Promise.all(
    wave.map(async (item) => {
      try {
        if (acting.stopped || acting.context.signal.aborted) interruptions += 1;
        else await work(item);
      } catch (error) {
        const code = error instanceof HoldfastError ? error.code : '';
        if (code === 'LeaseLost') lost = error;
        if (code === 'LeaseLost' || isKubeError(error, ...clusterFaults)) acting.stopped = true;
        if (code === 'Interrupted') interruptions += 1;
        else acting.failures.push(failureOf(item, error));
      }
    }),
  );
  if (lost !== undefined) throw lost;
  if (interruptions > 0) acting.failures.push(interrupted());
}

async function writeWaves(acting: Acting, waves: readonly (readonly WriteStep[])[]): Promise<number> {
  let applied = 0;
  for (const wave of waves) {
    const written: Wanted[] = [];
    await runWave(
      acting,
      wave,
      async (step) => {
        written.push(await writeObject(acting, step));
        applied += 1;
      },
      (step, error) => shownFailure(acting, step, error),
    );
    if (acting.failures.length > 0) return applied;
    const first = written.filter(({ placed }) => waveOf(placed.id) === 0);
    if (first.length > 0) {
      await runWave(acting, first, async ({ placed, sent }) => await awaitServed(acting, placed.id, sent));
      acting.cluster.forgetDirectory();
    }
    if (acting.failures.length > 0) return applied;
  }
  return applied;
}

/** A refusal without the secrets of the object that it may quote. */
function shownFailure(acting: Acting, step: WriteStep, error: unknown): Failure {
  const wanted = acting.wanted.get(step.key);
  return wanted === undefined ? asFailure(error) : maskedFailure(asFailure(error), wanted.sent);
}

async function removeWaves(acting: Acting, waves: readonly (readonly RemoveStep[])[]): Promise<number> {
  const pending: RemoveStep[] = [];
  let deleted = 0;
  for (const wave of waves) {
    await runWave(acting, wave, async (step) => {
      if ((await removeObject(acting, step)) === 'pending') pending.push(step);
      if (step.action === 'delete') deleted += 1;
    });
    if (acting.failures.length > 0) break;
  }
  await watchThemGo(acting, pending);
  return deleted;
}

/** An entry leaves the inventory only after its absence was seen; what finalizers hold stays, and is looked at again later. */
async function watchThemGo(acting: Acting, pending: readonly RemoveStep[]): Promise<void> {
  let left = pending;
  for (const wait of [0, ...goneWaitsMs]) {
    if (left.length === 0 || acting.context.signal.aborted) break;
    if (wait > 0) await delay(wait);
    const gone = await Promise.all(left.map((step) => seenGone(acting, step)));
    left = left.filter((_, index) => gone[index] !== true);
  }
  for (const step of left) acting.context.report(`${step.key.replace('|', ' ')} is being deleted and not gone yet`);
}
