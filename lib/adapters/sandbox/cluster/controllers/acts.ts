// What controllers do to objects, through the same writes as everyone else and under the name that the real controllers have.
import { createHash } from 'node:crypto';
import { canonicalJson, type Json, type JsonObject } from '../../../../core/json.ts';
import { HoldfastError } from '../../../../core/errors.ts';
import { isMap, listAt, mapAt, sameJson, textAt } from '../json.ts';
import { BUILT_IN_RESOURCES } from '../kinds/schema.ts';
import { qualifiedName, type Resource } from '../kinds/resource.ts';
import type { Stored } from '../store/objects.ts';
import { type Cluster, timestamp } from '../api/cluster.ts';
import { deleteObject } from '../api/deletes.ts';
import { createObject, updateObject, type WriteRequest } from '../api/writes.ts';

const MANAGER = 'kube-controller-manager';

const builtIn = new Map(BUILT_IN_RESOURCES.map((resource) => [qualifiedName(resource), resource]));

/** A built-in resource by its qualified name. */
export function resourceNamed(name: string): Resource {
  const resource = builtIn.get(name);
  if (resource !== undefined) return resource;
  throw new HoldfastError({
    code: 'SandboxUnknownResource',
    source: 'system',
    message: `The sandbox does not serve ${name}.`,
  });
}

function requestFor(cluster: Cluster, stored: Stored, subresource: string, manager = MANAGER): WriteRequest {
  const resource =
    builtIn.get(stored.shelf) ?? cluster.catalog.resources.find((one) => qualifiedName(one) === stored.shelf);
  return {
    cluster,
    path: {
      resource: resource ?? resourceNamed(stored.shelf),
      namespace: textAt(stored.object, 'metadata', 'namespace') ?? '',
      name: textAt(stored.object, 'metadata', 'name') ?? '',
      subresource,
    },
    options: { fieldManager: manager, dryRun: false, force: false, validation: 'Ignore' },
  };
}

/**
 * Writes the status when it differs. `manager` is the component that writes it on a real cluster; `annotations` go along, as some of them do.
 */
export function writeStatus(
  cluster: Cluster,
  stored: Stored,
  status: JsonObject,
  extra: { readonly manager?: string; readonly annotations?: JsonObject } = {},
): void {
  const metadata = mapAt(stored.object, 'metadata');
  const annotations = { ...mapAt(metadata, 'annotations'), ...extra.annotations };
  const isAnnotated = extra.annotations === undefined || sameJson(metadata['annotations'], annotations);
  if (sameJson(stored.object['status'], status) && isAnnotated) return;
  const object = isAnnotated ? stored.object : { ...stored.object, metadata: { ...metadata, annotations } };
  updateObject(requestFor(cluster, stored, 'status', extra.manager), stored, { ...object, status });
}

/** Replaces the object, all but its status. */
export function writeObject(cluster: Cluster, stored: Stored, object: JsonObject): void {
  updateObject(requestFor(cluster, stored, ''), stored, object);
}

/** Makes an object. */
export function makeObject(cluster: Cluster, resourceName: string, object: JsonObject): void {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  createObject(
    {
      cluster,
      path: { resource: resourceNamed(resourceName), namespace, name: '', subresource: '' },
      options: { fieldManager: MANAGER, dryRun: false, force: false, validation: 'Ignore' },
    },
    object,
  );
}

/** Deletes an object. */
export function removeObject(cluster: Cluster, stored: Stored, propagationPolicy = 'Background'): void {
  deleteObject(requestFor(cluster, stored, ''), stored, { propagationPolicy });
}

/** The reference by which an object says that another one controls it. */
export function controllerReference(owner: JsonObject): JsonObject {
  const { name, uid } = mapAt(owner, 'metadata');
  return {
    apiVersion: owner['apiVersion'],
    kind: owner['kind'],
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** What an object controls of one resource. */
export function controlled(cluster: Cluster, owner: Stored, shelf: string): Stored[] {
  return cluster.store
    .dependentsOf(textAt(owner.object, 'metadata', 'uid') ?? '')
    .filter((stored) => stored.shelf === shelf);
}

/** Whether someone has asked for the object to be deleted. */
export function isGoing(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
}

/** A condition without its times. */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** Conditions with their times: the transition time moves with the status, the update time, where the kind has one, with anything. */
export function conditions(
  cluster: Cluster,
  object: JsonObject,
  wanted: readonly Condition[],
  hasUpdateTime = false,
): Json[] {
  const now = timestamp(cluster.now());
  const old = listAt(object, 'status', 'conditions');
  return wanted.map((condition): Json => {
    const before = old.find((one) => textAt(one, 'type') === condition.type);
    const known = isMap(before) ? before : {};
    const sameStatus = known['status'] === condition.status;
    const same = sameStatus && known['reason'] === condition.reason && known['message'] === condition.message;
    return {
      ...condition,
      ...(hasUpdateTime ? { lastUpdateTime: same ? (known['lastUpdateTime'] ?? now) : now } : {}),
      lastTransitionTime: sameStatus ? (known['lastTransitionTime'] ?? now) : now,
    };
  });
}

/** A short name for the content of a pod template; the order of fields does not matter, so that a template that comes back is the same one. */
export function templateHash(template: JsonObject): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  const digest = createHash('sha256').update(canonicalJson(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => letters[byte % letters.length]).join('');
}

/** When each object was first looked at, in monotonic milliseconds: objects carry whole seconds only. */
const firstSeen = new WeakMap<Cluster, Map<string, number>>();

/** Milliseconds since a controller first looked at the object in this process, or since it began to be deleted. */
export function ageOf(cluster: Cluster, object: JsonObject): number {
  let seen = firstSeen.get(cluster);
  if (seen === undefined) firstSeen.set(cluster, (seen = new Map()));
  const id = `${textAt(object, 'metadata', 'uid') ?? ''} ${isGoing(object)}`;
  const since = seen.get(id);
  if (since !== undefined) return performance.now() - since;
  seen.set(id, performance.now());
  return 0;
}

/** Forgets an object that is gone. */
export function forgetAge(cluster: Cluster, object: JsonObject): void {
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  for (const going of [true, false]) firstSeen.get(cluster)?.delete(`${uid} ${going}`);
}
