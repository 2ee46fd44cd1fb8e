// The inventory of a Kubernetes application: entries by identity, and how one is made from an object that was just written.
import type { Application } from '../config/model.ts';
import { canonicalJson, type Hmac } from '../json.ts';
import type { Inventory, InventoryEntry } from '../plan/target.ts';
import { baselineOf, ownedPaths } from './managed.ts';
import type { Marks } from './marks.ts';
import { idKey, type KubeObject, type ObjectId } from './object.ts';

/** An entry about an object of a cluster. */
export interface ObjectEntry extends InventoryEntry {
  readonly id: ObjectId;
}

/** Entries of an inventory by `idKey`. Entries of stacks are not ours to read. */
export function entriesByKey(inventory: Inventory): ReadonlyMap<string, ObjectEntry> {
  const entries = new Map<string, ObjectEntry>();
  for (const entry of inventory.entries) {
    if ('kind' in entry.id) entries.set(idKey(entry.id), entry as ObjectEntry);
  }
  return entries;
}

/** Digest of a desired object as it is sent, marks included. HMAC, because it may hold secret values. */
export function desiredDigest(sent: KubeObject, hmac: Hmac): string {
  return `d1:${hmac(`desired 1\n${canonicalJson(sent)}`).slice(0, 32)}`;
}

/** Digest of what decides, besides the desired state, how objects are written and removed: namespace, conflicts, pruning. */
export function settingsDigest(app: Pick<Application, 'namespace' | 'conflicts' | 'prune'>, marks: Marks): string {
  const { enabled, confirm, adopted, kinds } = app.prune;
  const prune = [enabled, confirm, adopted, [...kinds].sort()];
  return `s1:${canonicalJson([marks.manager, app.namespace ?? '', app.conflicts, prune])}`;
}

export interface EntryFacts {
  readonly id: ObjectId;
  /** The object as the server answered it. */
  readonly live: KubeObject;
  readonly origin: 'created' | 'adopted';
  readonly digest: string;
  readonly marks: Marks;
}

/** The entry of an object that is as it should be. */
export function settledEntry(facts: EntryFacts, hmac: Hmac): ObjectEntry {
  const { id, live, origin, digest, marks } = facts;
  const { uid, resourceVersion } = live.metadata;
  const baseline = baselineOf(live, marks.manager, hmac);
  const owned = ownedPaths(live, marks.manager);
  return {
    id,
    apiVersion: live.apiVersion,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    origin,
    digest,
    ...(baseline === undefined ? {} : { baseline }),
    ...(owned === '' ? {} : { owned }),
  };
}

/** The entry of an object that is about to be written or deleted: it may exist, and only the server can say how. */
export function intentEntry(id: ObjectId, apiVersion: string, previous: ObjectEntry | undefined): ObjectEntry {
  if (previous === undefined) return { id, apiVersion, origin: 'created' };
  const { digest: _, baseline: __, ...rest } = previous;
  return rest;
}

/** What a list says about an object, reduced to what decides whether it is as it was left. */
export interface LiveMark {
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly baseline: string | undefined;
}

/** Whether a live object is as its entry says: same object, and unchanged or equal at every path of ours. */
export function isUnchanged(entry: ObjectEntry, live: LiveMark): boolean {
  if (entry.baseline === undefined || entry.uid === undefined || entry.uid !== live.uid) return false;
  return entry.baseline === live.baseline;
}
