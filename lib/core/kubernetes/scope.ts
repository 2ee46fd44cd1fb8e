// Which kinds live in a namespace: the built-in kinds as a table, and the kinds that CRDs of the same set declare.
import { isObject, type Json } from '../json.ts';
import { groupOf, type KubeObject } from './object.ts';

export type Scope = 'namespaced' | 'cluster';

/** Scope of a kind; undefined when nothing known declares the kind. */
export type ScopeOf = (group: string, kind: string) => Scope | undefined;

interface GroupKinds {
  readonly namespaced?: string;
  readonly cluster?: string;
}

const builtIn: Readonly<Record<string, GroupKinds>> = {
  '': {
    namespaced:
      'Binding ConfigMap Endpoints Event LimitRange PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount',
    cluster: 'ComponentStatus Namespace Node PersistentVolume',
  },
  apps: { namespaced: 'ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet' },
  batch: { namespaced: 'CronJob Job' },
  autoscaling: { namespaced: 'HorizontalPodAutoscaler' },
  policy: { namespaced: 'PodDisruptionBudget' },
  'networking.k8s.io': { namespaced: 'Ingress NetworkPolicy', cluster: 'IPAddress IngressClass ServiceCIDR' },
  'rbac.authorization.k8s.io': { namespaced: 'Role RoleBinding', cluster: 'ClusterRole ClusterRoleBinding' },
  'storage.k8s.io': {
    namespaced: 'CSIStorageCapacity',
    cluster: 'CSIDriver CSINode StorageClass VolumeAttachment VolumeAttributesClass',
  },
  'admissionregistration.k8s.io': {
    cluster:
      'MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration',
  },
  'apiextensions.k8s.io': { cluster: 'CustomResourceDefinition' },
  'apiregistration.k8s.io': { cluster: 'APIService' },
  'coordination.k8s.io': { namespaced: 'Lease LeaseCandidate' },
  'discovery.k8s.io': { namespaced: 'EndpointSlice' },
  'events.k8s.io': { namespaced: 'Event' },
  'node.k8s.io': { cluster: 'RuntimeClass' },
  'scheduling.k8s.io': { cluster: 'PriorityClass' },
  'flowcontrol.apiserver.k8s.io': { cluster: 'FlowSchema PriorityLevelConfiguration' },
  'certificates.k8s.io': {
    namespaced: 'PodCertificateRequest',
    cluster: 'CertificateSigningRequest ClusterTrustBundle',
  },
  'resource.k8s.io': {
    namespaced: 'ResourceClaim ResourceClaimTemplate',
    cluster: 'DeviceClass DeviceTaintRule ResourceSlice',
  },
};

const builtInScopes = new Map<string, Scope>();
for (const [group, kinds] of Object.entries(builtIn)) {
  for (const kind of kinds.namespaced?.split(' ') ?? []) builtInScopes.set(`${group}/${kind}`, 'namespaced');
  for (const kind of kinds.cluster?.split(' ') ?? []) builtInScopes.set(`${group}/${kind}`, 'cluster');
}

/** Whether an API group is part of Kubernetes itself. */
export function isBuiltInGroup(group: string): boolean {
  return Object.hasOwn(builtIn, group);
}

export function isCustomResourceDefinition(object: { readonly apiVersion: string; readonly kind: string }): boolean {
  return object.kind === 'CustomResourceDefinition' && groupOf(object.apiVersion) === 'apiextensions.k8s.io';
}

/** One kind that a CRD declares. */
export interface DeclaredKind {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: Scope;
  /** Served versions. */
  readonly versions: readonly string[];
}

/** What a CRD declares; undefined when the object is not a CRD or cannot be read. */
export function declaredKind(object: KubeObject): DeclaredKind | undefined {
  const spec = object['spec'];
  if (!isCustomResourceDefinition(object) || !isObject(spec) || !isObject(spec['names'])) return undefined;
  const { kind, plural } = spec['names'];
  const { group, scope, versions } = spec;
  if (typeof kind !== 'string' || typeof plural !== 'string' || typeof group !== 'string') return undefined;
  const served = (Array.isArray(versions) ? (versions as readonly Json[]) : []).flatMap((version) =>
    isObject(version) && version['served'] !== false && typeof version['name'] === 'string' ? [version['name']] : [],
  );
  return { group, kind, plural, scope: scope === 'Cluster' ? 'cluster' : 'namespaced', versions: served };
}

/** Scopes from the built-in table and the CRDs among `objects`: all that is known without a cluster. */
export function offlineScopes(objects: readonly KubeObject[]): ScopeOf {
  const declared = new Map<string, Scope>();
  for (const object of objects) {
    const found = declaredKind(object);
    if (found !== undefined) declared.set(`${found.group}/${found.kind}`, found.scope);
  }
  return (group, kind) => declared.get(`${group}/${kind}`) ?? builtInScopes.get(`${group}/${kind}`);
}
