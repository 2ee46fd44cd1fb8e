// What happens to an object that is in the inventory and no longer desired. Deleting is the last of many answers.
import type { PrunePolicy } from '../config/model.ts';
import type { InventoryEntry } from '../plan/target.ts';
import { isOurs, type Marks } from './marks.ts';
import type { KubeObject, ObjectId } from './object.ts';

/** A live look at a stale entry. `unknown` is never read as absent. */
export type LiveLook =
  | { readonly state: 'present'; readonly object: KubeObject }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly reason: string };

export type PruneDecision =
  | { readonly kind: 'delete' }
  /** Take our marks off and forget it. `to`: id of the application that gets it. */
  | { readonly kind: 'release'; readonly reason: string; readonly to?: string }
  /** Not touched, and still in the inventory. */
  | { readonly kind: 'keep'; readonly reason: string }
  /** On its way out already; stays in the inventory until it is seen gone. */
  | { readonly kind: 'wait'; readonly reason: string }
  /** Not there, or not the object we made: leaves the inventory. */
  | { readonly kind: 'forget'; readonly reason: string };

export interface PruneSituation {
  readonly id: ObjectId;
  readonly entry: InventoryEntry;
  readonly look: LiveLook;
  readonly marks: Marks;
  /** Of the application's former name, when it was renamed: what still carries them is its own. */
  readonly former?: Marks;
  readonly policy: PrunePolicy;
  /** For this run: whether deleting is on, and whether a person said so. */
  readonly enabled: boolean;
  readonly confirmed: boolean;
  /** The inventory was rebuilt from marks and nobody has confirmed it. */
  readonly held: boolean;
  /** Id of another application of this installation that wants the object. */
  readonly wantedBy: string | undefined;
}

// Deleting one of these takes other things with it, or data that cannot be had back.
const protectedKinds: readonly string[] = [
  '/Namespace',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  'apiextensions.k8s.io/CustomResourceDefinition',
];

function isProtected(id: ObjectId, policy: PrunePolicy): boolean {
  return protectedKinds.includes(`${id.group}/${id.kind}`) && !policy.kinds.includes(id.kind);
}

function stillOurs(situation: PruneSituation, live: KubeObject): boolean {
  const { uid } = situation.entry;
  const { id, marks, former } = situation;
  // An entry without uid is an intent whose result was lost: the marks alone tell.
  if (uid !== undefined && uid !== live.metadata.uid) return false;
  return isOurs(live, id, marks) || (former !== undefined && uid !== undefined && isOurs(live, id, former));
}

/** Reasons to leave a live object of ours alone, in the order in which a person should hear them. */
function reasonToKeep(situation: PruneSituation): string | undefined {
  const { id, policy } = situation;
  const rebuilt = situation.entry.rebuilt === true && !situation.confirmed;
  if (situation.held || rebuilt)
    return 'the inventory was rebuilt from marks; the delete waits for a person: sync with --prune';
  if (!situation.enabled) return 'pruning is off';
  if (isProtected(id, policy)) return `a ${id.kind} is deleted only when prune.kinds names it`;
  if (policy.confirm && !situation.confirmed) return 'the delete waits for a person: sync with --prune';
  return undefined;
}

/** What to do with one stale entry. */
export function decidePrune(situation: PruneSituation): PruneDecision {
  const decision = decide(situation);
  const { look, id, marks } = situation;
  if (decision.kind !== 'release' || look.state !== 'present' || isOurs(look.object, id, marks)) return decision;
  // Only our own marks can be taken off; those of the former name are left to whoever takes the object over.
  return { kind: 'forget', reason: decision.reason };
}

function decide(situation: PruneSituation): PruneDecision {
  const { entry, look } = situation;
  if (look.state === 'unknown') return { kind: 'keep', reason: look.reason };
  if (look.state === 'absent') return { kind: 'forget', reason: 'it is gone' };
  const live = look.object;
  if (!stillOurs(situation, live)) {
    const replaced = entry.uid !== undefined && entry.uid !== live.metadata.uid;
    return { kind: 'forget', reason: replaced ? 'another object took its name' : 'its marks are not ours any more' };
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const finalizers = live.metadata['finalizers'];
    const by = Array.isArray(finalizers) && finalizers.length > 0 ? `, held by ${finalizers.join(', ')}` : '';
    return { kind: 'wait', reason: `it is being deleted${by}` };
  }
  if (situation.wantedBy !== undefined) {
    return { kind: 'release', reason: `handed over to ${situation.wantedBy}`, to: situation.wantedBy };
  }
  const keep = reasonToKeep(situation);
  if (keep !== undefined) return { kind: 'keep', reason: keep };
  if (entry.origin === 'adopted' && !situation.policy.adopted) {
    return { kind: 'release', reason: 'released, not deleted: it was adopted' };
  }
  if (live.metadata.annotations?.['helm.sh/resource-policy'] === 'keep') {
    return { kind: 'release', reason: 'released, not deleted: helm.sh/resource-policy says keep' };
  }
  return { kind: 'delete' };
}
