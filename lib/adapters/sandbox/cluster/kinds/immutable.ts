// Fields that cannot be changed once an object is there.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { at, mapAt, sameJson, textAt } from '../json.ts';
import type { Cause } from '../api/status.ts';
import { qualifiedName, type Resource } from './resource.ts';
import { wrong } from './validation.ts';

/** By resource: paths that keep their value, and the server's words when they do not. */
const FIXED: Readonly<Record<string, readonly (readonly [path: string, why: string])[]>> = {
  'deployments.apps': [['spec.selector', 'field is immutable']],
  'replicasets.apps': [['spec.selector', 'field is immutable']],
  'daemonsets.apps': [['spec.selector', 'field is immutable']],
  'jobs.batch': [
    ['spec.completions', 'field is immutable'],
    ['spec.selector', 'field is immutable'],
    ['spec.template', 'field is immutable'],
    ['spec.completionMode', 'field is immutable'],
  ],
  secrets: [['type', 'field is immutable']],
  'customresourcedefinitions.apiextensions.k8s.io': [
    ['spec.group', 'field is immutable'],
    ['spec.names.plural', 'field is immutable'],
    ['spec.names.kind', 'field is immutable'],
    ['spec.scope', 'field is immutable'],
  ],
};

const STATEFUL_SET_CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
];

/** The metadata that no object may change. */
export function identityProblems(before: JsonObject, after: JsonObject): Cause[] {
  const problems: Cause[] = [];
  for (const field of ['uid', 'creationTimestamp']) {
    const value = mapAt(after, 'metadata')[field];
    if (sameJson(mapAt(before, 'metadata')[field], value)) continue;
    // The server checks metadata twice, and says so twice.
    const problem = wrong(`metadata.${field}`, value, 'field is immutable');
    problems.push(problem, problem);
  }
  return problems;
}

/** The fields of its own that a kind keeps. */
export function immutableProblems(resource: Resource, before: JsonObject, after: JsonObject): Cause[] {
  const name = qualifiedName(resource);
  const problems: Cause[] = [];
  for (const [path, why] of FIXED[name] ?? []) {
    const value = at(after, ...path.split('.'));
    if (!sameJson(at(before, ...path.split('.')), value)) problems.push(wrong(path, value, why));
  }
  if (name.endsWith('rolebindings.rbac.authorization.k8s.io')) problems.push(...bindingProblems(before, after));
  if (name === 'services') problems.push(...serviceProblems(before, after));
  if (name === 'statefulsets.apps') problems.push(...statefulSetProblems(before, after));
  if (name === 'persistentvolumeclaims') problems.push(...claimProblems(before, after));
  if (name === 'configmaps' || name === 'secrets') problems.push(...frozenProblems(before, after));
  if (name === 'storageclasses.storage.k8s.io') problems.push(...storageClassProblems(before, after));
  if (name === 'pods') problems.push(...podProblems(before, after));
  return problems;
}

function forbidden(field: string, why: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

/** The server prints the reference with the names that its fields have in Go. */
function bindingProblems(before: JsonObject, after: JsonObject): Cause[] {
  if (sameJson(before['roleRef'], after['roleRef'])) return [];
  const { apiGroup, kind, name } = mapAt(after, 'roleRef');
  return [wrong('roleRef', { APIGroup: apiGroup, Kind: kind, Name: name }, 'cannot change roleRef')];
}

/** A Service keeps its address unless its type changes. */
function serviceProblems(before: JsonObject, after: JsonObject): Cause[] {
  const old = textAt(before, 'spec', 'clusterIP');
  if (
    old === undefined ||
    textAt(before, 'spec', 'type') === 'ExternalName' ||
    textAt(after, 'spec', 'type') === 'ExternalName'
  )
    return [];
  const addresses = at(after, 'spec', 'clusterIPs');
  const isKept = textAt(after, 'spec', 'clusterIP') === old && sameJson(at(before, 'spec', 'clusterIPs'), addresses);
  const shown: Json = isKept ? null : [textAt(after, 'spec', 'clusterIP') ?? ''];
  return isKept ? [] : [wrong('spec.clusterIPs[0]', shown, 'may not change once set')];
}

function statefulSetProblems(before: JsonObject, after: JsonObject): Cause[] {
  const rest = (object: JsonObject): JsonObject =>
    Object.fromEntries(
      Object.entries(mapAt(object, 'spec')).filter(([name]) => !STATEFUL_SET_CHANGEABLE.includes(name)),
    );
  if (sameJson(rest(before), rest(after))) return [];
  const names = STATEFUL_SET_CHANGEABLE.slice(0, -1).map((name) => `'${name}'`);
  const why = `updates to statefulset spec for fields other than ${names.join(', ')} and 'minReadySeconds' are forbidden`;
  return [forbidden('spec', why)];
}

function claimProblems(before: JsonObject, after: JsonObject): Cause[] {
  const rest = (object: JsonObject): JsonObject => {
    const { resources, volumeAttributesClassName: _class, volumeName: _volume, ...spec } = mapAt(object, 'spec');
    return { ...spec, limits: mapAt(resources, 'limits') };
  };
  if (sameJson(rest(before), rest(after))) return [];
  return [
    forbidden(
      'spec',
      'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
    ),
  ];
}

/** `immutable: true` freezes the data, and itself. */
function frozenProblems(before: JsonObject, after: JsonObject): Cause[] {
  if (before['immutable'] !== true) return [];
  const why = 'field is immutable when `immutable` is set';
  return ['immutable', 'data', 'binaryData']
    .filter((field) => !sameJson(before[field], after[field]))
    .map((field) => forbidden(field, why));
}

function storageClassProblems(before: JsonObject, after: JsonObject): Cause[] {
  return ['parameters', 'provisioner', 'reclaimPolicy', 'volumeBindingMode']
    .filter((field) => !sameJson(before[field], after[field]))
    .map((field) =>
      field === 'volumeBindingMode'
        ? wrong(field, after[field], 'field is immutable')
        : forbidden(field, `updates to ${field} are forbidden.`),
    );
}

/** Of a pod's spec only the images and a few more can change; here: only the images. */
function podProblems(before: JsonObject, after: JsonObject): Cause[] {
  const rest = (object: JsonObject) => {
    const {
      containers,
      initContainers,
      tolerations: _tolerations,
      activeDeadlineSeconds: _deadline,
      ...spec
    } = mapAt(object, 'spec');
    const imageless = (list: Json | undefined) =>
      JSON.stringify(list ?? [], (key, value) => (key === 'image' ? undefined : value));
    return { ...spec, containers: imageless(containers), initContainers: imageless(initContainers) };
  };
  if (sameJson(rest(before), rest(after))) return [];
  return [
    forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ];
}
