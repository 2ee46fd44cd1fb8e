// Answers for many applications from shared lists: in sync or not, health, and drift at rest with its owners.
import { maskedFields } from '../../core/kubernetes/change.ts';
import { lastWriter } from '../../core/kubernetes/compare.ts';
import { aggregate } from '../../core/kubernetes/health/assess.ts';
import { byWriteOrder } from '../../core/kubernetes/order.ts';
import type { DriftItem, HealthReport, Observation, ObserveRequest, TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import { judge } from './judge.ts';
import type { Kinds } from './kinds.ts';
import { findForgotten, lookAt, type Looking } from './look.ts';
import { decideRemoval } from './plan-removals.ts';
import { isSpent, type Item, itemHealth, mayAnswerFromInventory, openView, type View, viewOf } from './view.ts';

/** What observing needs; `kinds(true)` asks the cluster anew. */
export interface Observing {
  readonly cluster: Cluster;
  readonly context: TargetContext;
  readonly kinds: (fresh: boolean) => Promise<Kinds>;
}

/** Answers for every request, in the same order. */
export async function observeAll(
  observing: Observing,
  requests: readonly ObserveRequest[],
): Promise<readonly Observation[]> {
  const { cluster, context } = observing;
  let kinds = await observing.kinds(false);
  let views = await openWhatMust(requests, kinds, context);
  if (views.some((view) => lacksKind(view, kinds))) {
    // A kind may be new since the cluster was asked: another application may have brought its CRD.
    kinds = await observing.kinds(true);
    views = await openWhatMust(requests, kinds, context);
  }
  return await observeViews({ cluster, kinds, context }, views);
}

async function openWhatMust(
  requests: readonly ObserveRequest[],
  kinds: Kinds,
  context: TargetContext,
): Promise<readonly View[]> {
  const views = requests.map((request) => viewOf(request, context));
  await Promise.all(
    views.filter((view) => !mayAnswerFromInventory(view)).map((view) => openView(view, kinds, context)),
  );
  return views;
}

function lacksKind(view: View, kinds: Kinds): boolean {
  for (const { id, apiVersion } of view.items.values()) {
    if (kinds.lookup(id.group, id.kind, apiVersion).state === 'missing') return true;
  }
  return false;
}

async function observeViews(looking: Looking, views: readonly View[]): Promise<readonly Observation[]> {
  const { kinds, context } = looking;
  await lookAt(looking, views);
  await findForgotten(looking, views);
  const moved = views.filter((view) => view.opened === undefined && !allUnchanged(view));
  if (moved.length > 0) {
    await Promise.all(moved.map((view) => openView(view, kinds, context)));
    await lookAt(looking, moved);
  }
  await Promise.all(views.filter(isAtRest).map((view) => judgeDrift(looking, view, kinds)));
  return views.map((view) => observationOf(view));
}

function isUntouched(item: Item): boolean {
  return item.look?.state === 'unchanged' || (item.look?.state === 'present' && item.look.unchanged);
}

function allUnchanged(view: View): boolean {
  return [...view.items.values()].every(isUntouched) && view.extras.size === 0;
}

function isAtRest(view: View): boolean {
  return view.atRest && view.opened !== undefined;
}

/** At rest a difference can only be drift, and a dry run of what was applied tells which. */
async function judgeDrift({ cluster, context }: Looking, view: View, kinds: Kinds): Promise<void> {
  const judging = { cluster, context, view };
  await Promise.all(
    [...view.items.values()].map(async (item) => {
      if (item.wanted === undefined || isUntouched(item) || item.look?.state !== 'present') return;
      const found = kinds.lookup(item.id.group, item.id.kind, item.apiVersion);
      if (found.state === 'found') item.judgement = await judge(judging, found.resource, item, item.wanted);
    }),
  );
}

/** Whether an item gives no reason for a run. */
function isSettled(view: View, item: Item): boolean {
  if (item.wanted === undefined && view.opened !== undefined) {
    return item.entry === undefined || decideRemoval(view, item, item.entry).kind === 'keep';
  }
  if (isUntouched(item) || isSpent(item)) return true;
  return view.atRest && item.entry !== undefined && item.judgement?.kind === 'same';
}

function observationOf(view: View): Observation {
  const items = [...view.items.values()].sort((a, b) => byWriteOrder(a.id, b.id));
  const { request } = view;
  const settings = request.inventory.settings === view.settings;
  return {
    app: request.app.id,
    inSync: view.extras.size === 0 && settings && items.every((item) => isSettled(view, item)),
    health: healthOf(view, items),
    drift: view.atRest ? driftOf(view, items) : [],
    compared: items.length,
    live: view,
  };
}

/** Health of what is wanted; before the desired state was opened, of what is recorded. */
function healthOf(view: View, items: readonly Item[]): HealthReport {
  const counted = items.filter((item) => view.opened === undefined || item.wanted !== undefined);
  return aggregate(counted.map(itemHealth));
}

function driftOf(view: View, items: readonly Item[]): readonly DriftItem[] {
  const drift: DriftItem[] = [];
  for (const item of items) {
    const subject = { kind: 'object', id: item.id } as const;
    const expected = item.entry !== undefined && (item.wanted !== undefined || view.opened === undefined);
    const gone = item.look?.state === 'absent' || item.look?.state === 'unserved';
    if (expected && gone && !isSpent(item)) drift.push({ subject, kind: 'missing', owner: 'unknown', fields: [] });
    const { judgement } = item;
    if (judgement?.kind === 'differs') {
      const owner = judgement.fields.find((field) => field.owner !== undefined)?.owner;
      const last = owner ?? lastWriter(judgement.live, view.marks.manager) ?? 'unknown';
      drift.push({ subject, kind: 'modified', owner: last, fields: maskedFields(item.id, judgement.fields) });
    }
    if (judgement?.kind === 'immutable') {
      const owner = lastWriter(judgement.live, view.marks.manager) ?? 'unknown';
      drift.push({ subject, kind: 'modified', owner, fields: judgement.fields.map((path) => ({ path })) });
    }
  }
  for (const { id } of view.extras.values()) {
    drift.push({ subject: { kind: 'object', id }, kind: 'extra', owner: view.marks.manager, fields: [] });
  }
  return drift;
}
