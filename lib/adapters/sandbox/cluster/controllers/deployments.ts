// Deployments: one ReplicaSet per pod template. The new one is brought up whole, and the old ones go when it is ready.
import type { JsonObject } from '../../../../core/json.ts';
import { listAt, mapAt, numberAt, textAt, withValue } from '../json.ts';
import type { Stored } from '../store/objects.ts';
import type { Cluster } from '../api/cluster.ts';
import {
  type Condition,
  conditions,
  controlled,
  controllerReference,
  isGoing,
  makeObject,
  removeObject,
  templateHash,
  writeObject,
  writeStatus,
} from './acts.ts';
import { observedGeneration } from './pods.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const HASH_LABEL = 'pod-template-hash';

/** Looks at a Deployment and its ReplicaSets. */
export function reconcileDeployment(cluster: Cluster, stored: Stored): number | undefined {
  const { object } = stored;
  if (isGoing(object)) return undefined;
  const sets = controlled(cluster, stored, 'replicasets.apps').filter((set) => !isGoing(set.object));
  const hash = templateHash(mapAt(object, 'spec', 'template'));
  const current = sets.find((set) => textAt(set.object, 'metadata', 'labels', HASH_LABEL) === hash);
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const isPaused = mapAt(object, 'spec')['paused'] === true;
  const newest = Math.max(0, ...sets.map(revisionOf));
  if (current === undefined) {
    if (isPaused && sets.length > 0) return report(cluster, stored, sets, undefined);
    makeSet(cluster, stored, hash, newest + 1);
    return 0;
  }
  // A template that comes back takes the next revision, as a rollback does.
  const revision = revisionOf(current) === newest ? newest : newest + 1;
  scale(cluster, current, wanted, revision);
  const isUp = (numberAt(current.object, 'status', 'readyReplicas') ?? 0) >= wanted;
  const old = sets.filter((set) => set !== current);
  for (const set of old) if (isUp) scale(cluster, set, 0, revisionOf(set));
  if (isUp) dropHistory(cluster, object, old);
  return report(cluster, stored, sets, current);
}

function revisionOf({ object }: Stored): number {
  return Number(textAt(object, 'metadata', 'annotations', REVISION) ?? 0);
}

function makeSet(cluster: Cluster, { object }: Stored, hash: string, revision: number): void {
  const name = textAt(object, 'metadata', 'name') ?? '';
  const { namespace } = mapAt(object, 'metadata');
  const spec = mapAt(object, 'spec');
  const template = withValue(mapAt(spec, 'template'), ['metadata', 'labels', HASH_LABEL], hash);
  makeObject(cluster, 'replicasets.apps', {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: mapAt(template, 'metadata', 'labels'),
      annotations: { [REVISION]: String(revision) },
      ownerReferences: [controllerReference(object)],
    },
    spec: {
      replicas: numberAt(spec, 'replicas') ?? 1,
      selector: withValue(mapAt(spec, 'selector'), ['matchLabels', HASH_LABEL], hash),
      template,
    },
  });
}

function scale(cluster: Cluster, set: Stored, replicas: number, revision: number): void {
  if (numberAt(set.object, 'spec', 'replicas') === replicas && revisionOf(set) === revision) return;
  const scaled = withValue(set.object, ['spec', 'replicas'], replicas);
  writeObject(cluster, set, withValue(scaled, ['metadata', 'annotations', REVISION], String(revision)));
}

function dropHistory(cluster: Cluster, deployment: JsonObject, old: readonly Stored[]): void {
  const limit = numberAt(deployment, 'spec', 'revisionHistoryLimit') ?? 10;
  const empty = old.filter(({ object }) => (numberAt(object, 'status', 'replicas') ?? 0) === 0);
  for (const set of empty.toSorted((a, b) => revisionOf(b) - revisionOf(a)).slice(limit)) removeObject(cluster, set);
}

/** Writes the status; asks to be woken when the deadline passes. */
function report(
  cluster: Cluster,
  stored: Stored,
  sets: readonly Stored[],
  current: Stored | undefined,
): number | undefined {
  const { object } = stored;
  const sum = (name: string) => sets.reduce((total, set) => total + (numberAt(set.object, 'status', name) ?? 0), 0);
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const updated = current === undefined ? 0 : (numberAt(current.object, 'status', 'replicas') ?? 0);
  const available = sum('availableReplicas');
  const isComplete = updated === wanted && sum('replicas') === wanted && available === wanted;
  const progress = progressing(cluster, stored, { isComplete, set: textAt(current?.object, 'metadata', 'name') ?? '' });
  const availability: Condition =
    available >= Math.max(0, wanted - maxUnavailable(object, wanted))
      ? {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
        }
      : {
          type: 'Available',
          status: 'False',
          reason: 'MinimumReplicasUnavailable',
          message: 'Deployment does not have minimum availability.',
        };
  writeStatus(
    cluster,
    stored,
    {
      ...observedGeneration(object),
      replicas: sum('replicas'),
      updatedReplicas: updated,
      readyReplicas: sum('readyReplicas'),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, Math.max(wanted, sum('replicas')) - available),
      conditions: conditions(cluster, object, [availability, progress.condition], true),
    },
    current === undefined ? {} : { annotations: { [REVISION]: String(revisionOf(current)) } },
  );
  return progress.again;
}

/** Complete, still going, or past its deadline. The time of the last progress is the condition's own. */
function progressing(
  cluster: Cluster,
  { object }: Stored,
  { isComplete, set }: { isComplete: boolean; set: string },
): { readonly condition: Condition; readonly again: number | undefined } {
  const type = 'Progressing';
  const said = listAt(object, 'status', 'conditions').find((one) => textAt(one, 'type') === type);
  if (isComplete) {
    const message = `ReplicaSet "${set}" has successfully progressed.`;
    return { condition: { type, status: 'True', reason: 'NewReplicaSetAvailable', message }, again: undefined };
  }
  const going: Condition = {
    type,
    status: 'True',
    reason: 'ReplicaSetUpdated',
    message: `ReplicaSet "${set}" is progressing.`,
  };
  const seconds = numberAt(object, 'spec', 'progressDeadlineSeconds') ?? 600;
  const isSame = textAt(said, 'message') === going.message || textAt(said, 'reason') === 'ProgressDeadlineExceeded';
  const isObserved = numberAt(object, 'status', 'observedGeneration') === numberAt(object, 'metadata', 'generation');
  const since = Date.parse(textAt(said, 'lastUpdateTime') ?? '');
  if (!isSame || !isObserved || Number.isNaN(since)) return { condition: going, again: seconds * 1000 };
  const left = since + seconds * 1000 - cluster.now();
  if (left > 0 && textAt(said, 'reason') !== 'ProgressDeadlineExceeded')
    return { condition: going, again: Math.max(left, 100) };
  const message = `ReplicaSet "${set}" has timed out progressing.`;
  return { condition: { type, status: 'False', reason: 'ProgressDeadlineExceeded', message }, again: undefined };
}

function maxUnavailable(object: JsonObject, wanted: number): number {
  const value = mapAt(object, 'spec', 'strategy', 'rollingUpdate')['maxUnavailable'];
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.endsWith('%') ? Math.floor((wanted * Number(value.slice(0, -1))) / 100) : 0;
}
