// Workloads that keep a number of pods: ReplicaSets, ReplicationControllers, StatefulSets, DaemonSets.
import type { JsonObject } from '../../../../core/json.ts';
import { mapAt, numberAt, textAt } from '../json.ts';
import type { Stored } from '../store/objects.ts';
import type { Cluster } from '../api/cluster.ts';
import { controlled, isGoing, removeObject, templateHash, writeStatus } from './acts.ts';
import { isReady, keepPods, makePod, observedGeneration } from './pods.ts';

/** A number as a field that is left out when it is zero, as these statuses have it. */
function count(name: string, value: number): JsonObject {
  return value === 0 ? {} : { [name]: value };
}

/** ReplicaSets and ReplicationControllers. */
export function reconcileReplicaSet(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  if (isGoing(object)) return undefined;
  const template = mapAt(object, 'spec', 'template');
  const pods = () => controlled(cluster, stored, 'pods').filter((pod) => !isGoing(pod.object));
  keepPods(cluster, pods(), numberAt(object, 'spec', 'replicas') ?? 1, () => makePod(cluster, object, template, {}));
  const present = pods();
  const ready = present.filter((pod) => isReady(pod.object)).length;
  writeStatus(cluster, stored, {
    ...observedGeneration(object),
    replicas: present.length,
    ...count('fullyLabeledReplicas', present.length),
    ...count('readyReplicas', ready),
    ...count('availableReplicas', ready),
  });
  return undefined;
}

/** Pods with numbers; a changed template replaces them one by one, each when all the others are ready. */
export function reconcileStatefulSet(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  if (isGoing(object)) return undefined;
  const name = textAt(object, 'metadata', 'name') ?? '';
  const template = mapAt(object, 'spec', 'template');
  const revision = `${name}-${templateHash(template)}`;
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const pods = new Map(
    controlled(cluster, stored, 'pods').map((pod) => [textAt(pod.object, 'metadata', 'name') ?? '', pod]),
  );
  const revisionOf = (pod: Stored) => textAt(pod.object, 'metadata', 'labels', 'controller-revision-hash');
  const isParallel = textAt(object, 'spec', 'podManagementPolicy') === 'Parallel';
  for (const [pod, one] of pods) if (Number(pod.slice(name.length + 1)) >= wanted) removeObject(cluster, one);
  for (let ordinal = 0; ordinal < wanted; ordinal++) {
    const podName = `${name}-${ordinal}`;
    const pod = pods.get(podName);
    if (pod === undefined) {
      const extra = {
        'controller-revision-hash': revision,
        'statefulset.kubernetes.io/pod-name': podName,
        'apps.kubernetes.io/pod-index': String(ordinal),
      };
      makePod(cluster, object, template, { name: podName, extra });
      if (!isParallel) break;
    } else if (!isReady(pod.object) && !isParallel && revisionOf(pod) === revision) break;
  }
  const outdated = [...pods.values()].filter((pod) => revisionOf(pod) !== revision);
  const last = outdated.at(-1);
  const othersReady = [...pods.values()].every(
    (pod) => pod === last || isReady(pod.object) || revisionOf(pod) !== revision,
  );
  if (last !== undefined && othersReady && textAt(object, 'spec', 'updateStrategy', 'type') !== 'OnDelete')
    removeObject(cluster, last);
  const present = controlled(cluster, stored, 'pods');
  const ready = present.filter((pod) => isReady(pod.object)).length;
  const updated = present.filter((pod) => revisionOf(pod) === revision).length;
  const isDone = updated === present.length && ready === wanted;
  writeStatus(cluster, stored, {
    ...observedGeneration(object),
    replicas: present.length,
    availableReplicas: ready,
    ...count('readyReplicas', ready),
    ...count('currentReplicas', isDone ? present.length : present.length - updated),
    ...count('updatedReplicas', updated),
    currentRevision: isDone ? revision : (textAt(object, 'status', 'currentRevision') ?? revision),
    updateRevision: revision,
    collisionCount: 0,
  });
  return undefined;
}

/** One pod: the sandbox has one node. */
export function reconcileDaemonSet(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  if (isGoing(object)) return undefined;
  const template = mapAt(object, 'spec', 'template');
  const hash = templateHash(template);
  const isUpdated = (pod: Stored) => textAt(pod.object, 'metadata', 'labels', 'controller-revision-hash') === hash;
  const pods = () => controlled(cluster, stored, 'pods').filter((pod) => !isGoing(pod.object));
  for (const pod of pods()) if (!isUpdated(pod)) removeObject(cluster, pod);
  keepPods(cluster, pods(), 1, () =>
    makePod(cluster, object, template, { extra: { 'controller-revision-hash': hash } }),
  );
  const present = pods();
  const ready = present.filter((pod) => isReady(pod.object)).length;
  writeStatus(cluster, stored, {
    ...observedGeneration(object),
    currentNumberScheduled: present.length,
    desiredNumberScheduled: 1,
    numberMisscheduled: 0,
    numberReady: ready,
    ...count('numberAvailable', ready),
    ...count('numberUnavailable', 1 - ready),
    ...count('updatedNumberScheduled', present.length),
  });
  return undefined;
}
