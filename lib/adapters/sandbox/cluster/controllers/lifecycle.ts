// What is not a workload: namespaces, definitions, garbage, volumes and load balancers.
import { listAt, mapAt, textAt, withValue } from '../json.ts';
import type { JsonObject } from '../../../../core/json.ts';
import { isEstablished } from '../kinds/catalog.ts';
import type { Stored } from '../store/objects.ts';
import { type Cluster, timestamp } from '../api/cluster.ts';
import { DEFINITION_FINALIZER } from '../api/deletes.ts';
import { ageOf, conditions, isGoing, makeObject, removeObject, writeObject, writeStatus } from './acts.ts';
import { ownersOf } from './runner.ts';

/** A definition is served this long after it was accepted: clients must wait for Established, as on a real server. */
const ESTABLISH_MS = 15;
const LOOK_AGAIN_MS = 50;
/** A real cluster takes about five seconds to delete a namespace, however empty. */
const NAMESPACE_GRACE_MS = 100;

/** Accepts a CustomResourceDefinition, serves it, and takes its objects with it when it goes. */
export function reconcileDefinition(cluster: Cluster, stored: Stored): number | undefined {
  const { object } = stored;
  if (isGoing(object)) {
    const shelf = textAt(object, 'metadata', 'name') ?? '';
    for (const one of cluster.store.list(shelf)) if (!isGoing(one.object)) removeObject(cluster, one);
    if (cluster.store.list(shelf).length > 0) return LOOK_AGAIN_MS;
    dropFinalizer(cluster, stored, DEFINITION_FINALIZER);
    return undefined;
  }
  const names = mapAt(object, 'spec', 'names');
  const wanted = [
    { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' } as const,
  ];
  const isAccepted = listAt(object, 'status', 'conditions').some((one) => textAt(one, 'type') === 'NamesAccepted');
  const established = {
    type: 'Established',
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  } as const;
  const status = {
    ...mapAt(object, 'status'),
    conditions: conditions(cluster, object, isAccepted ? [...wanted, established] : wanted),
    acceptedNames: names,
  };
  writeStatus(cluster, stored, status, { manager: 'kube-apiserver' });
  return isAccepted ? undefined : ESTABLISH_MS;
}

/** Keeps the list of served resources equal to the established definitions. */
export function serveDefinitions(cluster: Cluster): void {
  const definitions = cluster.store.list('customresourcedefinitions.apiextensions.k8s.io').map(({ object }) => object);
  cluster.catalog.setDefinitions(definitions.filter(isEstablished));
}

/** Gives a namespace its default service account, and empties it before it goes. */
export function reconcileNamespace(cluster: Cluster, stored: Stored): number | undefined {
  const { object } = stored;
  const namespace = textAt(object, 'metadata', 'name') ?? '';
  if (!isGoing(object)) {
    if (cluster.store.get('serviceaccounts', namespace, 'default') === undefined) {
      makeObject(cluster, 'serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace },
      });
    }
    return undefined;
  }
  const content = namespaced(cluster, namespace);
  for (const one of content) if (!isGoing(one.object)) removeObject(cluster, one);
  const left = namespaced(cluster, namespace);
  if (left.length > 0) {
    const message = `Some content in the namespace has finalizers remaining: ${left.length} objects`;
    const remaining = {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      reason: 'SomeFinalizersRemain',
      message,
    } as const;
    writeStatus(cluster, stored, { ...mapAt(object, 'status'), conditions: conditions(cluster, object, [remaining]) });
    return LOOK_AGAIN_MS;
  }
  if (content.length > 0 || ageOf(cluster, object) < NAMESPACE_GRACE_MS) return NAMESPACE_GRACE_MS;
  if (listAt(object, 'metadata', 'finalizers').length > 0) {
    cluster.store.put(stored.shelf, withValue(object, ['spec', 'finalizers'], undefined));
  } else cluster.store.remove(stored);
  return undefined;
}

function namespaced(cluster: Cluster, namespace: string): Stored[] {
  return cluster.store.shelves().flatMap((shelf) => cluster.store.list(shelf, namespace));
}

/** The garbage collector: foreground and orphan deletion, and objects whose owners are all gone. */
export function collectGarbage(cluster: Cluster, stored: Stored): number | undefined {
  const { object } = stored;
  const finalizers = listAt(object, 'metadata', 'finalizers');
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  if (isGoing(object) && finalizers.includes('foregroundDeletion')) {
    const blocking = cluster.store.dependentsOf(uid).filter((one) => blocks(one.object, uid));
    for (const one of blocking) if (!isGoing(one.object)) removeObject(cluster, one, 'Foreground');
    if (cluster.store.dependentsOf(uid).some((one) => blocks(one.object, uid))) return LOOK_AGAIN_MS;
    dropFinalizer(cluster, stored, 'foregroundDeletion');
    return undefined;
  }
  if (isGoing(object) && finalizers.includes('orphan')) {
    for (const one of cluster.store.dependentsOf(uid)) disown(cluster, one, uid);
    dropFinalizer(cluster, stored, 'orphan');
    return undefined;
  }
  if (isGoing(object)) {
    for (const finalizer of ['kubernetes.io/pvc-protection', 'kubernetes.io/pv-protection']) {
      if (!finalizers.includes(finalizer)) continue;
      dropFinalizer(cluster, stored, finalizer);
      return undefined;
    }
    return undefined;
  }
  const references = listAt(object, 'metadata', 'ownerReferences');
  if (references.length > 0 && ownersOf(cluster, stored).length === 0 && areKnown(cluster, object))
    removeObject(cluster, stored);
  return undefined;
}

/** Only when every owner's kind is served can it be said that the owners are gone. */
function areKnown(cluster: Cluster, object: JsonObject): boolean {
  return listAt(object, 'metadata', 'ownerReferences').every(
    (one) => cluster.catalog.findKind(textAt(one, 'apiVersion') ?? '', textAt(one, 'kind') ?? '') !== undefined,
  );
}

function blocks(dependent: JsonObject, uid: string): boolean {
  return listAt(dependent, 'metadata', 'ownerReferences').some(
    (one) => textAt(one, 'uid') === uid && mapAt(one)['blockOwnerDeletion'] === true,
  );
}

function disown(cluster: Cluster, stored: Stored, uid: string): void {
  const kept = listAt(stored.object, 'metadata', 'ownerReferences').filter((one) => textAt(one, 'uid') !== uid);
  writeObject(
    cluster,
    stored,
    withValue(stored.object, ['metadata', 'ownerReferences'], kept.length === 0 ? undefined : kept),
  );
}

function dropFinalizer(cluster: Cluster, stored: Stored, finalizer: string): void {
  const kept = listAt(stored.object, 'metadata', 'finalizers').filter((name) => name !== finalizer);
  writeObject(
    cluster,
    stored,
    withValue(stored.object, ['metadata', 'finalizers'], kept.length === 0 ? undefined : kept),
  );
}

/** A claim is bound at once; there is no volume behind it. */
export function reconcileClaim(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  if (isGoing(object)) return undefined;
  const spec = mapAt(object, 'spec');
  if (!textAt(spec, 'volumeName')) {
    const uid = textAt(object, 'metadata', 'uid') ?? '';
    writeObject(cluster, stored, withValue(object, ['spec', 'volumeName'], `pvc-${uid}`));
    return undefined;
  }
  const capacity = mapAt(spec, 'resources', 'requests');
  writeStatus(cluster, stored, { phase: 'Bound', accessModes: spec['accessModes'] ?? [], capacity });
  return undefined;
}

/** A load balancer gets an address of the documentation network. */
export function reconcileService(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  if (isGoing(object) || textAt(object, 'spec', 'type') !== 'LoadBalancer') return undefined;
  const last = (textAt(object, 'spec', 'clusterIP') ?? '').split('.').at(-1) ?? '1';
  writeStatus(cluster, stored, { loadBalancer: { ingress: [{ ip: `203.0.113.${last}`, ipMode: 'VIP' }] } });
  return undefined;
}

/** Namespaces and the node that are there from the start. */
export function bootstrap(cluster: Cluster): void {
  for (const name of ['default', 'kube-node-lease', 'kube-public', 'kube-system']) {
    if (cluster.store.get('namespaces', '', name) === undefined) {
      makeObject(cluster, 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    }
  }
  if (cluster.store.get('nodes', '', 'sandbox') !== undefined) return;
  makeObject(cluster, 'nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'sandbox', labels: { 'kubernetes.io/hostname': 'sandbox' } },
  });
  const node = cluster.store.get('nodes', '', 'sandbox');
  if (node === undefined) return;
  const now = timestamp(cluster.now());
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Sandbox',
    message: 'nothing runs here',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  writeStatus(cluster, node, { ...mapAt(node.object, 'status'), conditions: [ready] }, { manager: 'kubelet' });
}

/** After an object is gone: what it owned, what it served, and the namespace that waits for it. */
export function afterRemoval(cluster: Cluster, gone: Stored): readonly Stored[] {
  if (gone.shelf === 'customresourcedefinitions.apiextensions.k8s.io') serveDefinitions(cluster);
  const owned = cluster.store.dependentsOf(textAt(gone.object, 'metadata', 'uid') ?? '');
  const namespace = cluster.store.get('namespaces', '', textAt(gone.object, 'metadata', 'namespace') ?? '');
  return namespace !== undefined && isGoing(namespace.object) ? [...owned, namespace] : owned;
}
