// Pods: made from templates, and started or not by a kubelet that runs nothing. What an image is called decides what becomes of it.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { listAt, mapAt, numberAt, textAt } from '../json.ts';
import type { Stored } from '../store/objects.ts';
import { type Cluster, timestamp } from '../api/cluster.ts';
import { ageOf, conditions, controllerReference, isGoing, makeObject, removeObject, writeStatus } from './acts.ts';

/** The node that every pod runs on. */
export const NODE_NAME = 'sandbox';

/** On a pod template: `crash`, `pull`, `pending`, `never-ready`, `fail`, `ready`. It goes before what the image's name says. */
export const BEHAVE_ANNOTATION = 'sandbox.holdfast.dev/behave';

/** From the creation of a pod to its being ready. */
const START_MS = 150;
/** How long the pod of a Job works. */
const WORK_MS = 100;

/** What becomes of a pod. */
export type Behaviour = 'ready' | 'crash' | 'pull' | 'pending' | 'never-ready' | 'fail';

const BY_IMAGE: readonly (readonly [RegExp, Behaviour])[] = [
  [/never-ready/, 'never-ready'],
  [/crash/, 'crash'],
  [/missing|pull-error/, 'pull'],
];

/** Decided by the annotation, else by the names of the images. */
export function behaviourOf(pod: JsonObject): Behaviour {
  const said = textAt(pod, 'metadata', 'annotations', BEHAVE_ANNOTATION);
  if (
    said === 'ready' ||
    said === 'crash' ||
    said === 'pull' ||
    said === 'pending' ||
    said === 'never-ready' ||
    said === 'fail'
  )
    return said;
  for (const container of listAt(pod, 'spec', 'containers')) {
    const image = textAt(container, 'image') ?? '';
    const found = BY_IMAGE.find(([pattern]) => pattern.test(image));
    if (found !== undefined) return found[1];
  }
  return 'ready';
}

/** Makes a pod of a workload. `extra` are labels beyond those of the template. */
export function makePod(
  cluster: Cluster,
  owner: JsonObject,
  template: JsonObject,
  place: { name?: string; extra?: JsonObject },
): void {
  const name = textAt(owner, 'metadata', 'name') ?? '';
  makeObject(cluster, 'pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(place.name === undefined ? { generateName: `${name}-` } : { name: place.name }),
      namespace: mapAt(owner, 'metadata')['namespace'],
      labels: { ...mapAt(template, 'metadata', 'labels'), ...place.extra },
      annotations: mapAt(template, 'metadata', 'annotations'),
      ownerReferences: [controllerReference(owner)],
    },
    spec: { ...mapAt(template, 'spec'), nodeName: NODE_NAME },
  });
}

/** Whether a pod is ready. */
export function isReady(pod: JsonObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  );
}

/** Brings the number of pods to what is wanted: too few are made, the newest of too many go. */
export function keepPods(
  cluster: Cluster,
  pods: readonly Stored[],
  wanted: number,
  make: (index: number) => void,
): void {
  const present = pods.filter(({ object }) => !isGoing(object));
  for (let index = present.length; index < wanted; index++) make(index);
  for (const pod of present.toSorted((a, b) => b.version - a.version).slice(0, Math.max(0, present.length - wanted))) {
    removeObject(cluster, pod);
  }
}

/** The next state of a pod. */
export function reconcilePod(cluster: Cluster, stored: Stored): number | undefined {
  const { object } = stored;
  const phase = textAt(object, 'status', 'phase');
  if (isGoing(object) || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const behaviour = behaviourOf(object);
  if (behaviour === 'pending') return undefined;
  const left = START_MS - ageOf(cluster, object);
  if (left > 0) return Math.ceil(left);
  const isBatch = textAt(object, 'spec', 'restartPolicy') !== 'Always';
  if (isBatch && (behaviour === 'ready' || behaviour === 'fail' || behaviour === 'crash')) {
    const working = START_MS + WORK_MS - ageOf(cluster, object);
    if (working <= 0) {
      finish(cluster, stored, behaviour === 'ready');
      return undefined;
    }
    start(cluster, stored, 'ready');
    return Math.ceil(working);
  }
  start(cluster, stored, behaviour);
  return undefined;
}

const WAITING: Readonly<Record<string, JsonObject>> = {
  crash: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' },
  fail: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' },
  pull: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' },
};

function start(cluster: Cluster, stored: Stored, behaviour: Behaviour): void {
  const { object } = stored;
  const ready = behaviour === 'ready';
  const waiting = WAITING[behaviour];
  const startedAt = textAt(object, 'status', 'startTime') ?? timestamp(cluster.now());
  const containers = listAt(object, 'spec', 'containers').map((container): Json => {
    const before = listAt(object, 'status', 'containerStatuses').find(
      (one) => textAt(one, 'name') === textAt(container, 'name'),
    );
    const running = { startedAt: textAt(before, 'state', 'running', 'startedAt') ?? timestamp(cluster.now()) };
    return {
      name: textAt(container, 'name') ?? '',
      image: textAt(container, 'image') ?? '',
      imageID: '',
      ready,
      started: waiting === undefined,
      restartCount: behaviour === 'crash' ? 1 : 0,
      state: waiting === undefined ? { running } : { waiting },
      lastState: {},
    };
  });
  const why = ready
    ? { reason: '', message: '' }
    : { reason: 'ContainersNotReady', message: 'containers with unready status' };
  const status = ready ? 'True' : 'False';
  writeStatus(
    cluster,
    stored,
    {
      ...mapAt(object, 'status'),
      phase: behaviour === 'pull' ? 'Pending' : 'Running',
      startTime: startedAt,
      hostIP: '127.0.0.1',
      podIP: podAddress(object),
      podIPs: [{ ip: podAddress(object) }],
      conditions: conditions(cluster, object, [
        { type: 'Initialized', status: 'True', reason: '', message: '' },
        { type: 'Ready', status, ...why },
        { type: 'ContainersReady', status, ...why },
        { type: 'PodScheduled', status: 'True', reason: '', message: '' },
      ]),
      containerStatuses: containers,
    },
    { manager: 'kubelet' },
  );
}

function finish(cluster: Cluster, stored: Stored, succeeded: boolean): void {
  const { object } = stored;
  const reason = succeeded ? 'PodCompleted' : 'PodFailed';
  const now = timestamp(cluster.now());
  const terminated = {
    exitCode: succeeded ? 0 : 1,
    reason: succeeded ? 'Completed' : 'Error',
    finishedAt: now,
    startedAt: now,
  };
  const status = {
    ...mapAt(object, 'status'),
    phase: succeeded ? 'Succeeded' : 'Failed',
    conditions: conditions(cluster, object, [
      { type: 'Initialized', status: 'True', reason: '', message: '' },
      { type: 'Ready', status: 'False', reason, message: '' },
      { type: 'ContainersReady', status: 'False', reason, message: '' },
      { type: 'PodScheduled', status: 'True', reason: '', message: '' },
    ]),
    containerStatuses: listAt(object, 'status', 'containerStatuses').map(
      (one): Json => ({ ...mapAt(one), ready: false, started: false, state: { terminated } }),
    ),
  };
  writeStatus(cluster, stored, status, { manager: 'kubelet' });
}

/** An address from the uid: unique enough, and the same at every look. */
function podAddress(pod: JsonObject): string {
  const bits = Number.parseInt((textAt(pod, 'metadata', 'uid') ?? '0').slice(0, 4), 16);
  return `10.244.${bits >> 8}.${Math.max(1, bits & 255)}`;
}

/** The generation that a controller has seen, for statuses. */
export function observedGeneration(object: JsonObject): JsonObject {
  const generation = numberAt(object, 'metadata', 'generation');
  return generation === undefined ? {} : { observedGeneration: generation };
}
