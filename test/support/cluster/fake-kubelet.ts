// A fake kubelet and scheduler: binds Pods, makes them Ready (or lets them fail) and lets deleted ones go.
// What a Pod does is its annotation `rig/behave`: ready (default), crash, pull, pending or fail.
import https from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, watchLines, type Endpoint } from './http.ts';

interface Pod {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly deletionTimestamp?: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string }[];
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image: string }[];
  };
}

interface PodList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly Pod[];
}

const nodeName = 'fake-0';

/** Runs until the signal aborts; then resolves. */
export async function startFakeKubelet(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  const kubelet = new FakeKubelet(endpoint, agent);
  while (!signal.aborted) {
    // The watch ends now and then, and the server may be going away: look again until we are told to stop.
    await kubelet.follow(signal).catch(() => {});
    await sleep(100, undefined, { signal }).catch(() => {});
  }
  agent.destroy();
}

class FakeKubelet {
  readonly #endpoint: Endpoint;
  readonly #agent: https.Agent;
  /** Pod uid -> behaviour that its status already shows. */
  readonly #shown = new Map<string, string>();

  constructor(endpoint: Endpoint, agent: https.Agent) {
    this.#endpoint = endpoint;
    this.#agent = agent;
  }

  async follow(signal: AbortSignal): Promise<void> {
    const reply = await call(this.#endpoint, { path: '/api/v1/pods', agent: this.#agent, signal });
    const list = JSON.parse(reply.body) as PodList;
    for (const pod of list.items) this.#handle(pod);
    const from = `/api/v1/pods?watch=1&resourceVersion=${list.metadata.resourceVersion}`;
    for await (const line of watchLines(this.#endpoint, from, signal)) {
      const event = JSON.parse(line) as { type: string; object: Pod };
      if (event.type === 'ERROR') return;
      if (event.type === 'DELETED') this.#shown.delete(event.object.metadata.uid);
      else this.#handle(event.object);
    }
  }

  #handle(pod: Pod): void {
    // A Pod that changed or went away meanwhile comes again as an event, so a lost step is no loss.
    this.#step(pod).catch(() => this.#shown.delete(pod.metadata.uid));
  }

  async #step(pod: Pod): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (pod.metadata.deletionTimestamp !== undefined) {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
      await call(this.#endpoint, { method: 'DELETE', path, body, agent: this.#agent });
      return;
    }
    const behaviour = pod.metadata.annotations?.['rig/behave'] ?? 'ready';
    if (behaviour === 'pending' || this.#shown.get(uid) === behaviour) return;
    this.#shown.set(uid, behaviour);
    if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: 'v1', kind: 'Node', name: nodeName };
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
      await call(this.#endpoint, { method: 'POST', path: `${path}/binding`, body, agent: this.#agent });
    }
    await call(this.#endpoint, {
      method: 'PATCH',
      path: `${path}/status`,
      contentType: 'application/strategic-merge-patch+json',
      body: { status: podStatus(pod, behaviour) },
      agent: this.#agent,
    });
  }
}

function podStatus(pod: Pod, behaviour: string): object {
  const now = `${new Date().toISOString().slice(0, 19)}Z`;
  const { phase, state } = outcome(pod, behaviour, now);
  const running = 'running' in state;
  const condition = (type: string, ok: boolean) => ({ type, status: ok ? 'True' : 'False', lastTransitionTime: now });
  return {
    phase,
    startTime: now,
    hostIP: '10.1.0.1',
    podIP: '10.1.0.2',
    podIPs: [{ ip: '10.1.0.2' }],
    conditions: [
      condition('PodScheduled', true),
      condition('Initialized', true),
      condition('ContainersReady', running),
      condition('Ready', running),
    ],
    containerStatuses: pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: '',
      restartCount: behaviour === 'crash' ? 5 : 0,
      ready: running,
      started: running,
      state,
    })),
  };
}

function outcome(pod: Pod, behaviour: string, now: string): { phase: string; state: object } {
  if (behaviour === 'crash') {
    const message = 'back-off 5m0s restarting failed container';
    return { phase: 'Running', state: { waiting: { reason: 'CrashLoopBackOff', message } } };
  }
  if (behaviour === 'pull') {
    return { phase: 'Pending', state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image' } } };
  }
  if (pod.metadata.ownerReferences?.some((owner) => owner.kind === 'Job')) {
    const failed = behaviour === 'fail';
    const times = { startedAt: now, finishedAt: now };
    const terminated = { exitCode: failed ? 1 : 0, reason: failed ? 'Error' : 'Completed', ...times };
    return { phase: failed ? 'Failed' : 'Succeeded', state: { terminated } };
  }
  return { phase: 'Running', state: { running: { startedAt: now } } };
}
