// From what was seen of an application to its plan, and to what acting on it needs. Nothing is written here.
import { replicasAdvice } from '../../core/kubernetes/advice.ts';
import { groupOf, idText } from '../../core/kubernetes/object.ts';
import { deleteWaves, byWriteOrder, writeWaves } from '../../core/kubernetes/order.ts';
import type { ObjectEntry } from '../../core/kubernetes/inventory.ts';
import { planDigest } from '../../core/plan/digest.ts';
import { pruneGuard } from '../../core/plan/guards.ts';
import type { Failure } from '../../core/errors.ts';
import type { Change, Skipped } from '../../core/plan/model.ts';
import type { Prepared } from '../../core/plan/target.ts';
import type { Execution, RemoveStep, WriteStep } from './execution.ts';
import { planRemoval, type PlannedRemoval } from './plan-removals.ts';
import { type Planned, type Planning, planWrite } from './plan-writes.ts';
import type { Opened, View } from './view.ts';

/** The plan of one application. Its desired state must have been opened, and every item looked at. */
export async function preparePlan(planning: Planning, opened: Opened): Promise<Prepared> {
  const { view, context } = planning;
  const items = [...view.items.values()].sort((a, b) => byWriteOrder(a.id, b.id));
  const planned = await Promise.all(
    items.flatMap((item) => (item.wanted === undefined ? [] : [planWrite(planning, item, item.wanted)])),
  );
  const removals = items.flatMap((item) =>
    item.wanted === undefined && item.entry !== undefined ? [planRemoval(view, item, item.entry, context)] : [],
  );
  const writes = writeWaves(
    planned.filter((one) => one.write !== undefined),
    (one) => one.item.id,
  );
  const deletes = deleteWaves(
    removals.filter((one) => one.removal !== undefined),
    (one) => one.item.id,
  );
  const changes = [
    ...writes.flat().map((one) => one.change),
    ...immovable(planned),
    ...deletes.flat().map((one) => one.change),
  ];
  return {
    plan: planOf(
      planning,
      opened,
      changes.filter((change) => change !== undefined),
      { planned, removals },
    ),
    execution: {
      v: 1,
      writes: writes.map((wave) => wave.flatMap(({ write }): WriteStep[] => (write === undefined ? [] : [write]))),
      removals: deletes.map((wave) =>
        wave.flatMap(({ removal }): RemoveStep[] => (removal === undefined ? [] : [removal])),
      ),
      settled: settledEntries(view, planned, removals),
      settings: view.settings,
    } satisfies Execution,
    holds: holdsOf(view, planned, removals),
  };
}

/** Changes that are shown and cannot be carried out: replacements. */
function immovable(planned: readonly Planned[]): readonly (Change | undefined)[] {
  return planned.filter((one) => one.write === undefined).map((one) => one.change);
}

interface Parts {
  readonly planned: readonly Planned[];
  readonly removals: readonly PlannedRemoval[];
}

function planOf(planning: Planning, opened: Opened, changes: readonly Change[], parts: Parts): Prepared['plan'] {
  const { view, context } = planning;
  const { app, revision } = view.request;
  const unchanged = parts.planned.filter((one) => one.change === undefined && one.holds.length === 0).length;
  return {
    app: app.id,
    target: app.target,
    revision,
    digest: planDigest(changes, app, context.hash),
    changes,
    unchanged,
    skipped: [...hooks(opened, view), ...parts.removals.flatMap(({ skipped }) => skipped ?? [])],
    warnings: [
      ...replicasAdvice(opened.wanted.map(({ placed }) => placed)),
      ...parts.planned.flatMap(({ warnings }) => warnings),
      ...parts.removals.flatMap(({ warning }) => warning ?? []),
      ...[...view.extras.values()].map(
        ({ id }) => `${idText(id)} carries our marks and is not in Git: it is recorded, and kept`,
      ),
    ],
  };
}

function hooks(opened: Opened, view: View): readonly Skipped[] {
  return opened.hooks.map(({ object, hook }) => ({
    subject: {
      kind: 'object',
      id: {
        group: groupOf(object.apiVersion),
        kind: object.kind,
        namespace: object.metadata.namespace ?? view.request.app.namespace ?? '',
        name: object.metadata.name ?? object.metadata.generateName ?? '',
      },
    },
    reason: `it is a hook (${hook ?? ''}); hooks are shown, not applied yet`,
  }));
}

/** Entries that stay as they are: unchanged, kept, waiting, and what a lost inventory is rebuilt from. */
function settledEntries(
  view: View,
  planned: readonly Planned[],
  removals: readonly PlannedRemoval[],
): readonly ObjectEntry[] {
  const rebuilt = [...view.extras.values()].map(({ id, apiVersion, uid }): ObjectEntry => {
    return { id, apiVersion, origin: 'created', rebuilt: true, ...(uid === undefined ? {} : { uid }) };
  });
  return [
    ...planned.flatMap(({ settled }) => settled ?? []),
    ...removals.flatMap(({ settled }) => settled ?? []),
    ...rebuilt,
  ];
}

function holdsOf(view: View, planned: readonly Planned[], removals: readonly PlannedRemoval[]): readonly Failure[] {
  const guard = pruneGuard({
    deletes: removals.filter(({ decision }) => decision.kind === 'delete').length,
    inventory: view.request.inventory.entries.length,
    desired: planned.length,
    policy: view.request.app.prune,
    app: view.request.app.name,
    confirmed: view.request.prune?.confirmed ?? false,
  });
  // What only a person can change comes first: it decides whether trying again makes sense.
  return [...planned.flatMap(({ holds }) => holds), ...guard].sort((a, b) => Number(a.retryable) - Number(b.retryable));
}
