// Delete: at once when nothing holds the object, else marked and left to its finalizers and the garbage collector.
import type { JsonObject } from '../../../../core/json.ts';
import { listAt, mapAt, numberAt, textAt } from '../json.ts';
import { returnsDeleted } from '../kinds/behavior.ts';
import { qualifiedName } from '../kinds/resource.ts';
import type { Stored } from '../store/objects.ts';
import { timestamp } from './cluster.ts';
import * as refuse from './status.ts';
import { subjectOf, versioned, type WriteRequest } from './writes.ts';

/** Namespaces that a cluster does not work without. */
const KEPT_NAMESPACES = new Set(['default', 'kube-system', 'kube-public']);

const PROPAGATION_FINALIZERS: Readonly<Record<string, string>> = { Foreground: 'foregroundDeletion', Orphan: 'orphan' };

const POLICIES = ['Foreground', 'Background', 'Orphan'];

/** Deletes an object; the answer is a Status when it is gone and the object when it is not, or when its kind always answers so. */
export function deleteObject(request: WriteRequest, stored: Stored, body: JsonObject): JsonObject {
  const { cluster, path, options } = request;
  const subject = subjectOf(path);
  checkPolicy(body);
  checkPreconditions(subject, stored, mapAt(body, 'preconditions'));
  if (qualifiedName(path.resource) === 'namespaces' && KEPT_NAMESPACES.has(path.name)) {
    throw refuse.forbidden(subject, 'this namespace may not be deleted');
  }
  const uid = textAt(stored.object, 'metadata', 'uid') ?? '';
  const finalizers = finalizersOf(request, stored, body);
  const isHeld = finalizers.length > 0 || listAt(stored.object, 'spec', 'finalizers').length > 0;
  if (!isHeld) {
    if (!options.dryRun) cluster.store.remove(stored);
    return returnsDeleted(path.resource) ? versioned(stored.object, path) : refuse.deleted(subject, uid);
  }
  if (textAt(stored.object, 'metadata', 'deletionTimestamp') !== undefined) return versioned(stored.object, path);
  const marked = markDeleted(stored.object, finalizers, timestamp(cluster.now()));
  const object = options.dryRun ? marked : cluster.store.put(stored.shelf, marked).object;
  return versioned(object, path);
}

/** What keeps the object: its own finalizers, and the one of the propagation that was asked for. */
function finalizersOf({ path }: WriteRequest, stored: Stored, body: JsonObject): readonly string[] {
  const policy = textAt(body, 'propagationPolicy') ?? (body['orphanDependents'] === true ? 'Orphan' : 'Background');
  const wanted = PROPAGATION_FINALIZERS[policy];
  const propagation = new Set(Object.values(PROPAGATION_FINALIZERS));
  const own = listAt(stored.object, 'metadata', 'finalizers').filter(
    (name): name is string => typeof name === 'string' && !propagation.has(name),
  );
  const isDefinition = qualifiedName(path.resource) === 'customresourcedefinitions.apiextensions.k8s.io';
  return [
    ...own,
    ...(wanted === undefined ? [] : [wanted]),
    // A definition goes after its objects.
    ...(isDefinition && !own.includes(DEFINITION_FINALIZER) ? [DEFINITION_FINALIZER] : []),
  ];
}

/** Keeps a CustomResourceDefinition until its objects are gone. */
export const DEFINITION_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

const TERMINATING: JsonObject = {
  type: 'Terminating',
  status: 'True',
  reason: 'InstanceDeletionPending',
  message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
};

function markDeleted(object: JsonObject, finalizers: readonly string[], now: string): JsonObject {
  const metadata = mapAt(object, 'metadata');
  const generation = numberAt(metadata, 'generation');
  if (finalizers.includes(DEFINITION_FINALIZER)) {
    const conditions = [...listAt(object, 'status', 'conditions'), { ...TERMINATING, lastTransitionTime: now }];
    const marked = { ...object, metadata: { ...metadata, deletionTimestamp: now, finalizers } };
    return { ...marked, status: { ...mapAt(object, 'status'), conditions } };
  }
  const marked: JsonObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      deletionTimestamp: now,
      deletionGracePeriodSeconds: 0,
      ...(finalizers.length === 0 ? {} : { finalizers }),
    },
  };
  const isNamespace = object['kind'] === 'Namespace' && object['apiVersion'] === 'v1';
  return isNamespace ? { ...marked, status: { ...mapAt(object, 'status'), phase: 'Terminating' } } : marked;
}

function checkPolicy(body: JsonObject): void {
  const policy = textAt(body, 'propagationPolicy');
  if (policy === undefined || POLICIES.includes(policy)) return;
  const supported = [...POLICIES, 'nil'].map((name) => JSON.stringify(name)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`;
  throw refuse.invalid({ resource: { group: 'meta.k8s.io', resource: '', kind: 'DeleteOptions' }, name: '' }, [
    { reason: 'FieldValueNotSupported', message, field: 'propagationPolicy' },
  ]);
}

function checkPreconditions(subject: refuse.Subject, stored: Stored, wanted: JsonObject): void {
  const uid = textAt(stored.object, 'metadata', 'uid') ?? '';
  const wantedUid = textAt(wanted, 'uid');
  if (wantedUid !== undefined && wantedUid !== uid) {
    const why = `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw refuse.failedPrecondition(subject, why);
  }
  const version = textAt(wanted, 'resourceVersion');
  if (version !== undefined && version !== String(stored.version)) {
    const why = `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${stored.version}). The object might have been modified`;
    throw refuse.failedPrecondition(subject, why);
  }
}
