// In which order objects are written and deleted: waves that follow one another, objects of one wave at the same time.
import { idKey, type ObjectId } from './object.ts';

// A wave holds kinds that do not need one another. Kinds that are not listed (custom resources) come after every
// built-in kind they could lean on, and before what can block them: webhook configurations and aggregated APIs.
const waveTable: readonly (readonly string[])[] = [
  ['/Namespace', 'apiextensions.k8s.io/CustomResourceDefinition'],
  [
    'networking.k8s.io/NetworkPolicy',
    '/ResourceQuota',
    '/LimitRange',
    'policy/PodDisruptionBudget',
    'scheduling.k8s.io/PriorityClass',
    'node.k8s.io/RuntimeClass',
    'storage.k8s.io/StorageClass',
    'storage.k8s.io/CSIDriver',
    'storage.k8s.io/VolumeAttributesClass',
    'networking.k8s.io/IngressClass',
    'resource.k8s.io/DeviceClass',
    '/ServiceAccount',
    '/Secret',
    '/ConfigMap',
    '/PersistentVolume',
    'rbac.authorization.k8s.io/ClusterRole',
    'rbac.authorization.k8s.io/Role',
  ],
  [
    '/PersistentVolumeClaim',
    'rbac.authorization.k8s.io/ClusterRoleBinding',
    'rbac.authorization.k8s.io/RoleBinding',
    '/Service',
  ],
  [
    'apps/DaemonSet',
    '/Pod',
    '/ReplicationController',
    'apps/ReplicaSet',
    'apps/Deployment',
    'apps/StatefulSet',
    'batch/Job',
    'batch/CronJob',
  ],
  ['autoscaling/HorizontalPodAutoscaler', 'networking.k8s.io/Ingress'],
  ['*'],
  [
    'admissionregistration.k8s.io/ValidatingAdmissionPolicy',
    'admissionregistration.k8s.io/MutatingAdmissionPolicy',
    'admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/MutatingAdmissionPolicyBinding',
    'admissionregistration.k8s.io/MutatingWebhookConfiguration',
    'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
    'apiregistration.k8s.io/APIService',
  ],
];

interface Place {
  readonly wave: number;
  /** Position of the kind inside its wave, for reading only. */
  readonly rank: number;
}

const places = new Map<string, Place>();
for (const [wave, kinds] of waveTable.entries()) {
  for (const [rank, kind] of kinds.entries()) places.set(kind, { wave, rank });
}
const others: Place = places.get('*') ?? { wave: waveTable.length, rank: 0 };

function placeOf(id: ObjectId): Place {
  return places.get(`${id.group}/${id.kind}`) ?? others;
}

/** The wave of an object: a lower one is written first and deleted last. */
export function waveOf(id: ObjectId): number {
  return placeOf(id).wave;
}

function text(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Total order of writing: wave, kind, namespace, name. */
export function byWriteOrder(a: ObjectId, b: ObjectId): number {
  const one = placeOf(a);
  const two = placeOf(b);
  return (
    one.wave - two.wave ||
    one.rank - two.rank ||
    text(a.kind, b.kind) ||
    text(a.namespace, b.namespace) ||
    text(a.name, b.name) ||
    text(idKey(a), idKey(b))
  );
}

function group<T>(sorted: readonly T[], idOf: (item: T) => ObjectId): readonly (readonly T[])[] {
  const waves: T[][] = [];
  let last: number | undefined;
  for (const item of sorted) {
    const wave = waveOf(idOf(item));
    if (wave !== last) waves.push([]);
    last = wave;
    waves.at(-1)?.push(item);
  }
  return waves;
}

/** Items in waves, first to be written first. */
export function writeWaves<T>(items: readonly T[], idOf: (item: T) => ObjectId): readonly (readonly T[])[] {
  return group(
    [...items].sort((a, b) => byWriteOrder(idOf(a), idOf(b))),
    idOf,
  );
}

/** Items in waves, first to be deleted first: the reverse of writing. */
export function deleteWaves<T>(items: readonly T[], idOf: (item: T) => ObjectId): readonly (readonly T[])[] {
  return group(
    [...items].sort((a, b) => byWriteOrder(idOf(b), idOf(a))),
    idOf,
  );
}
