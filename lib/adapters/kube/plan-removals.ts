// Plans what Git no longer wants: deletes, releases and what is kept, from the inventory and never from a list alone.
import { objectChange } from '../../core/kubernetes/change.ts';
import type { ObjectEntry } from '../../core/kubernetes/inventory.ts';
import { marksOf, ownerAnnotation, ownerText } from '../../core/kubernetes/marks.ts';
import { idText, type KubeObject } from '../../core/kubernetes/object.ts';
import { decidePrune, type LiveLook, type PruneDecision } from '../../core/kubernetes/prune.ts';
import type { Change, FieldChange, Skipped } from '../../core/plan/model.ts';
import type { TargetContext } from '../../core/plan/target.ts';
import type { RemoveStep } from './execution.ts';
import type { Item, View } from './view.ts';

/** What is planned for one object that is recorded and not wanted. */
export interface PlannedRemoval {
  readonly item: Item;
  readonly decision: PruneDecision;
  readonly change?: Change;
  readonly removal?: RemoveStep;
  /** Entry of an object that stays in the inventory. */
  readonly settled?: ObjectEntry;
  readonly skipped?: Skipped;
  readonly warning?: string;
}

function liveLook(item: Item): LiveLook {
  const { look } = item;
  switch (look?.state) {
    case 'present':
      return look;
    // The kind is gone from a cluster whose discovery is complete, and its objects with it.
    case 'absent':
    case 'unserved':
      return { state: 'absent' };
    case 'unknown':
      return { state: 'unknown', reason: look.failure.message };
    default:
      return { state: 'unknown', reason: 'it was not looked at' };
  }
}

/** Decides about one stale entry; also used to tell whether anything is left to do. */
export function decideRemoval(view: View, item: Item, entry: ObjectEntry): PruneDecision {
  const { app, prune, pruneHeld, wantedBy } = view.request;
  return decidePrune({
    id: item.id,
    entry,
    look: liveLook(item),
    marks: view.marks,
    ...(view.former === undefined ? {} : { former: view.former }),
    policy: app.prune,
    enabled: prune?.enabled ?? app.prune.enabled,
    confirmed: prune?.confirmed ?? false,
    held: pruneHeld,
    wantedBy: wantedBy?.(item.id),
  });
}

/** Plans one stale entry. */
export function planRemoval(view: View, item: Item, entry: ObjectEntry, context: TargetContext): PlannedRemoval {
  const decision = decideRemoval(view, item, entry);
  const subject = { kind: 'object', id: item.id } as const;
  switch (decision.kind) {
    case 'forget':
      return { item, decision, warning: `${idText(item.id)} leaves the inventory: ${decision.reason}` };
    case 'keep':
      return { item, decision, settled: entry, skipped: { subject, reason: decision.reason } };
    case 'wait': {
      // Without a baseline the next look opens the desired state, and sees it gone.
      const { baseline: _, ...settled } = entry;
      return { item, decision, settled, skipped: { subject, reason: decision.reason } };
    }
    case 'delete':
    case 'release':
      return item.look?.state === 'present'
        ? planStep({ view, item, decision, live: item.look.object, context })
        : { item, decision, settled: entry };
  }
}

interface StepFacts {
  readonly view: View;
  readonly item: Item;
  readonly decision: PruneDecision & { readonly kind: 'delete' | 'release' };
  readonly live: KubeObject;
  readonly context: TargetContext;
}

function planStep({ view, item, decision, live, context }: StepFacts): PlannedRemoval {
  const { uid = '', resourceVersion = '' } = live.metadata;
  const released = decision.kind === 'release';
  const to = released ? decision.to : undefined;
  const note = released ? decision.reason : `not in ${view.request.revision.slice(0, 12)} any more`;
  const change = objectChange(
    {
      target: view.request.app.target,
      id: item.id,
      action: released ? 'update' : 'delete',
      uid,
      fields: released ? releasedFields(view, item, to, context) : [],
      note,
    },
    context.hmac,
  );
  const removal: RemoveStep = {
    change: change.id,
    key: item.key,
    action: decision.kind,
    apiVersion: live.apiVersion,
    uid,
    resourceVersion,
    ...(to === undefined ? {} : { to }),
  };
  return { item, decision, change, removal };
}

function releasedFields(
  view: View,
  item: Item,
  to: string | undefined,
  context: TargetContext,
): readonly FieldChange[] {
  const path = `metadata.annotations.${ownerAnnotation}`;
  const before = ownerText(view.marks, item.id);
  if (to === undefined) return [{ path, before }];
  const { installation, hash } = context;
  return [{ path, before, after: ownerText(marksOf({ installation, application: to }, hash), item.id) }];
}
