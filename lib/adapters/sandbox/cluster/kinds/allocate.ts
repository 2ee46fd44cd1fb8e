// What the server adds to an object that nobody wrote: addresses, ports, selectors, finalizers.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { at, isMap, listAt, mapAt, numberAt, sameJson, textAt, withValue } from '../json.ts';
import { type Cluster, timestamp } from '../api/cluster.ts';
import { storedVersions } from './computed-defaults.ts';
import { qualifiedName, type Resource } from './resource.ts';

/** The object with its allocations; `before` is the stored one on an update, whose allocations stay. */
export function allocate(cluster: Cluster, resource: Resource, object: JsonObject, before?: JsonObject): JsonObject {
  switch (qualifiedName(resource)) {
    case 'services':
      return allocateService(cluster, object, before);
    case 'namespaces':
      return allocateNamespace(object, before);
    case 'jobs.batch':
      return allocateJob(object, before);
    case 'pods':
      return before === undefined ? allocatePod(object) : object;
    case 'persistentvolumeclaims':
      return before === undefined ? withFinalizer(object, 'kubernetes.io/pvc-protection') : object;
    case 'persistentvolumes':
      return before === undefined ? allocateVolume(cluster, object) : object;
    case 'customresourcedefinitions.apiextensions.k8s.io':
      return before === undefined ? storedVersions(object) : object;
    case 'daemonsets.apps':
      return templateGeneration(object, before);
    default:
      return object;
  }
}

function withFinalizer(object: JsonObject, finalizer: string): JsonObject {
  const finalizers = listAt(object, 'metadata', 'finalizers');
  return finalizers.includes(finalizer)
    ? object
    : withValue(object, ['metadata', 'finalizers'], [...finalizers, finalizer]);
}

function allocateVolume(cluster: Cluster, object: JsonObject): JsonObject {
  const held = withFinalizer(object, 'kubernetes.io/pv-protection');
  return withValue(held, ['status', 'lastPhaseTransitionTime'], timestamp(cluster.now()));
}

/** An old annotation that still counts the templates of a DaemonSet. */
function templateGeneration(object: JsonObject, before: JsonObject | undefined): JsonObject {
  const path = ['metadata', 'annotations', 'deprecated.daemonset.template.generation'];
  const old = Number(textAt(before, ...path) ?? 0);
  const changed = !sameJson(at(before, 'spec', 'template'), at(object, 'spec', 'template'));
  return withValue(object, path, String(changed ? old + 1 : old));
}

/** The finalizer of a namespace is its own, and only its controller takes it away. */
function allocateNamespace(object: JsonObject, before: JsonObject | undefined): JsonObject {
  return withValue(
    object,
    ['spec', 'finalizers'],
    before === undefined ? ['kubernetes'] : before['spec'] && mapAt(before, 'spec')['finalizers'],
  );
}

const SERVICE_NETWORK = [10, 96] as const;

function allocateService(cluster: Cluster, object: JsonObject, before: JsonObject | undefined): JsonObject {
  let spec: JsonObject = mapAt(object, 'spec');
  const type = textAt(spec, 'type');
  if (type === 'ExternalName') return object;
  const old = mapAt(before, 'spec');
  const address = textAt(spec, 'clusterIP') || textAt(old, 'clusterIP') || freeAddress(cluster, object);
  spec = {
    ...spec,
    clusterIP: address,
    clusterIPs: spec['clusterIPs'] ?? old['clusterIPs'] ?? [address],
    ipFamilies: spec['ipFamilies'] ?? old['ipFamilies'] ?? ['IPv4'],
    ipFamilyPolicy: spec['ipFamilyPolicy'] ?? old['ipFamilyPolicy'] ?? 'SingleStack',
  };
  const needsPorts =
    type === 'NodePort' || (type === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false);
  if (needsPorts) spec = { ...spec, ports: nodePorts(cluster, spec, old) };
  return { ...object, spec };
}

/** Ports keep their node port as long as number and protocol stay. */
function nodePorts(cluster: Cluster, spec: JsonObject, old: JsonObject): Json[] {
  const taken = new Set<number>();
  for (const { object } of cluster.store.list('services')) {
    for (const port of listAt(object, 'spec', 'ports')) taken.add(numberAt(port, 'nodePort') ?? 0);
  }
  let next = 30_000;
  return listAt(spec, 'ports').map((port) => {
    if (!isMap(port) || numberAt(port, 'nodePort')) return port;
    const kept = listAt(old, 'ports').find(
      (one) => isMap(one) && one['port'] === port['port'] && one['protocol'] === port['protocol'],
    );
    const keptPort = numberAt(kept, 'nodePort');
    if (keptPort) return { ...port, nodePort: keptPort };
    while (taken.has(next)) next++;
    taken.add(next);
    return { ...port, nodePort: next };
  });
}

/** A place in the network from the uid, and the next free one when it is taken. */
function freeAddress(cluster: Cluster, object: JsonObject): string {
  const taken = new Set(cluster.store.list('services').map((stored) => textAt(stored.object, 'spec', 'clusterIP')));
  const start = Number.parseInt((textAt(object, 'metadata', 'uid') ?? '0').slice(0, 4), 16);
  for (let offset = 0; offset < 65_000; offset++) {
    const place = 1 + ((start + offset) % 65_000);
    const address = [...SERVICE_NETWORK, place >> 8, place & 255].join('.');
    if (!taken.has(address)) return address;
  }
  return 'None';
}

/** A Job selects its pods by its uid unless it says how. */
function allocateJob(object: JsonObject, before: JsonObject | undefined): JsonObject {
  const spec = mapAt(object, 'spec');
  if (before !== undefined) {
    return spec['selector'] === undefined
      ? { ...object, spec: { ...spec, selector: mapAt(before, 'spec')['selector'] } }
      : object;
  }
  if (spec['manualSelector'] === true) return object;
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  const name = textAt(object, 'metadata', 'name') ?? '';
  const labels = {
    ...mapAt(spec, 'template', 'metadata', 'labels'),
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
  const selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
  // Labels taken from the template are the template's own: what is added there is added here.
  const isShared = sameJson(at(object, 'metadata', 'labels'), at(spec, 'template', 'metadata', 'labels'));
  const shared = isShared ? withValue(object, ['metadata', 'labels'], labels) : object;
  return withValue({ ...shared, spec: { ...spec, selector } }, ['spec', 'template', 'metadata', 'labels'], labels);
}

function allocatePod(object: JsonObject): JsonObject {
  const spec = mapAt(object, 'spec');
  const account = textAt(spec, 'serviceAccountName') ?? 'default';
  return {
    ...object,
    spec: {
      ...spec,
      serviceAccountName: account,
      serviceAccount: account,
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
    },
    status: { ...mapAt(object, 'status'), phase: 'Pending', qosClass: qosClass(spec) },
  };
}

function qosClass(spec: JsonObject): string {
  const resources = listAt(spec, 'containers').map((container) => mapAt(container, 'resources'));
  const isFull = resources.every(({ limits, requests }) => {
    const [limited, requested] = [mapAt(limits), mapAt(requests)];
    return ['cpu', 'memory'].every((name) => limited[name] !== undefined && limited[name] === requested[name]);
  });
  if (isFull) return 'Guaranteed';
  return resources.some((one) => Object.keys(one).length > 0) ? 'Burstable' : 'BestEffort';
}
