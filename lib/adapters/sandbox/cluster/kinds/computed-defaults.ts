// Defaults that depend on what else the object says. The table of defaults.ts names them.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, mapAt, textAt, withValue } from '../json.ts';

/** What counts as "not said": Go cannot tell an empty text or list from an absent one. */
export function isMissing(value: Json | undefined): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

/** Whether an image has the tag `latest`, said or not. */
export function isLatest(image: string): boolean {
  if (image.includes('@')) return false;
  const last = image.slice(image.lastIndexOf('/') + 1);
  const tag = last.includes(':') ? last.slice(last.lastIndexOf(':') + 1) : '';
  return tag === '' || tag === 'latest';
}

/** The rolling update strategy, and room for its parameters when it is the chosen one. */
export function rollingUpdate(strategy: JsonObject): JsonObject {
  const type = isMissing(strategy['type']) ? 'RollingUpdate' : strategy['type'];
  return { type, ...(type === 'RollingUpdate' ? { rollingUpdate: {} } : {}) };
}

/** A Service's type decides most of its defaults. */
export function serviceDefaults(spec: JsonObject): JsonObject {
  const type = textAt(spec, 'type') || 'ClusterIP';
  const isExternal = type === 'NodePort' || type === 'LoadBalancer';
  const isAccessible = isExternal || (type === 'ClusterIP' && listAt(spec, 'externalIPs').length > 0);
  return {
    type,
    sessionAffinity: 'None',
    ...(spec['sessionAffinity'] === 'ClientIP'
      ? { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } }
      : {}),
    ...(isAccessible ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(type === 'ExternalName' ? {} : { internalTrafficPolicy: 'Cluster' }),
    ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
  };
}

/** A port without a target goes to itself. */
export function servicePort(port: JsonObject): JsonObject {
  const target = port['targetPort'];
  const isUnset = isMissing(target) || target === 0;
  return isUnset ? { ...port, targetPort: port['port'] ?? 0 } : port;
}

/** Completions and parallelism default together. The job in a CronJob has none of these: it gets them when it is made. */
function jobSpec(spec: JsonObject): JsonObject {
  const isPlain = isMissing(spec['completions']) && isMissing(spec['parallelism']);
  const said = Object.fromEntries(Object.entries(spec).filter(([, value]) => !isMissing(value)));
  return {
    ...(isPlain ? { completions: 1 } : {}),
    parallelism: 1,
    backoffLimit: isMissing(spec['backoffLimitPerIndex']) ? 6 : 2_147_483_647,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: isMap(spec['podFailurePolicy']) ? 'Failed' : 'TerminatingOrFailed',
    manualSelector: false,
    ...said,
  };
}

/** A Job without labels takes those of its pods. */
export function jobDefaults(given: JsonObject): JsonObject {
  const job = { ...given, spec: jobSpec(mapAt(given, 'spec')) };
  const labels = mapAt(job, 'spec', 'template', 'metadata', 'labels');
  if (Object.keys(labels).length === 0 || Object.keys(mapAt(job, 'metadata', 'labels')).length > 0) return job;
  return withValue(job, ['metadata', 'labels'], labels);
}

/** Every namespace carries its name as a label. */
export function namespaceLabel(namespace: JsonObject): JsonObject {
  const name = textAt(namespace, 'metadata', 'name');
  const path = ['metadata', 'labels', 'kubernetes.io/metadata.name'];
  if (name === undefined || textAt(namespace, ...path) === name) return namespace;
  return withValue(namespace, path, name);
}

/** `stringData` is written and never read: it goes into `data`. */
export function secretText(secret: JsonObject): JsonObject {
  const text = mapAt(secret, 'stringData');
  if (secret['stringData'] === undefined) return secret;
  const { stringData: _written, ...rest } = secret;
  const encoded = Object.entries(text).map(([name, value]) => [
    name,
    Buffer.from(typeof value === 'string' ? value : '').toString('base64'),
  ]);
  return encoded.length === 0 ? rest : { ...rest, data: { ...mapAt(secret, 'data'), ...Object.fromEntries(encoded) } };
}

/** A pod, unlike a pod template, requests what it is limited to. */
export function podRequests(pod: JsonObject): JsonObject {
  const spec = mapAt(pod, 'spec');
  const containers = listAt(spec, 'containers').map((container) => {
    const limits = mapAt(container, 'resources', 'limits');
    if (!isMap(container) || Object.keys(limits).length === 0) return container;
    const requests = { ...limits, ...mapAt(container, 'resources', 'requests') };
    return withValue(container, ['resources', 'requests'], requests);
  });
  if (containers.length === 0) return pod;
  return { ...pod, spec: { ...spec, containers, enableServiceLinks: spec['enableServiceLinks'] ?? true } };
}

/** Container limits: the default limit is the maximum, the default request the default limit or the minimum. */
export function containerLimits(item: JsonObject): JsonObject {
  if (item['type'] !== 'Container') return item;
  const limit = { ...mapAt(item, 'max'), ...mapAt(item, 'default') };
  const request = { ...mapAt(item, 'min'), ...limit, ...mapAt(item, 'defaultRequest') };
  return { ...item, default: limit, defaultRequest: request };
}

const UP: JsonObject = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const DOWN: JsonObject = { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };

/** Scaling behaviour, once it is there, has both directions. */
export function scalingRules(behavior: JsonObject): JsonObject {
  const said = (rules: JsonObject) => Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== null));
  return {
    ...behavior,
    scaleUp: { ...UP, ...said(mapAt(behavior, 'scaleUp')) },
    scaleDown: { ...DOWN, ...said(mapAt(behavior, 'scaleDown')) },
  };
}

/** The claims of a StatefulSet are written as objects. */
export function claimTemplates(spec: JsonObject): JsonObject {
  const claims = listAt(spec, 'volumeClaimTemplates');
  if (claims.length === 0) return spec;
  const typed = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' };
  return { ...spec, volumeClaimTemplates: claims.map((claim) => (isMap(claim) ? { ...claim, ...typed } : claim)) };
}

/** A definition remembers which version it stores. */
export function storedVersions(definition: JsonObject): JsonObject {
  if (listAt(definition, 'status', 'storedVersions').length > 0) return definition;
  const stored = listAt(definition, 'spec', 'versions').find(
    (version) => isMap(version) && version['storage'] === true,
  );
  const name = textAt(stored, 'name');
  return name === undefined ? definition : withValue(definition, ['status', 'storedVersions'], [name]);
}
