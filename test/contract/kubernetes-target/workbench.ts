// What a case of the Kubernetes target suite gets: a cluster, and applications that are carried as the engine carries them.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createKubernetesTarget } from '../../../lib/adapters/kube/target.ts';
import type { ApiDirectory, KubeClient } from '../../../lib/adapters/kube/types.ts';
import type { Application } from '../../../lib/core/config/model.ts';
import { canonicalJson, type JsonObject } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import {
  type ActResult,
  emptyInventory,
  type HealthReport,
  type Inventory,
  type Observation,
  type ObserveRequest,
  type Prepared,
  type Step,
  type Target,
  type TargetContext,
} from '../../../lib/core/plan/target.ts';
import type { KubernetesDesired } from '../../../lib/core/render/model.ts';
import { subjectText } from '../../../lib/core/plan/model.ts';
import { ClusterProbe } from '../cluster/probe.ts';

/** One promise of the target. `name` is what a list of deviations names. */
export interface TargetCase {
  readonly name: string;
  readonly run: (bench: Workbench) => Promise<void>;
}

export type Depth = ObserveRequest['depth'];

export interface SyncResult {
  readonly observation: Observation;
  readonly prepared?: Prepared;
  readonly result?: ActResult;
}

const hash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (data: string): string => createHmac('sha256', 'key of the tests').update(data).digest('hex');

/** The value of a step that must be done. */
export function done<T>(step: Step<T>): T {
  if (step.status === 'done') return step.value;
  throw new Error(step.status === 'failed' ? `${step.cause.code}: ${step.cause.message}` : `waits: ${step.note ?? ''}`);
}

/** A cluster with a namespace of its own for one case. */
export class Workbench extends ClusterProbe {
  readonly installation: string;
  readonly #targets: Target[] = [];

  constructor(client: KubeClient, directory: ApiDirectory, namespace: string) {
    super(client, directory, namespace);
    this.installation = `i-${randomBytes(4).toString('hex')}`;
  }

  /** A target of its own, as another process would have. */
  target(client: KubeClient = this.client): Target {
    const target = createKubernetesTarget({ name: 'cluster', connect: () => Promise.resolve(client) });
    this.#targets.push(target);
    return target;
  }

  /** An application with its stored state. */
  app(name: string, changes: Partial<Application> = {}): AppUnderTest {
    return new AppUnderTest(this, this.target(), { ...application(name, this.namespace), ...changes });
  }

  /** Requests that `work` sends, by verb. */
  async counted<T>(
    work: () => Promise<T>,
  ): Promise<{ readonly value: T; readonly requests: JsonObject; readonly all: number }> {
    const before: Readonly<Record<string, number>> = { ...this.client.counts() };
    const value = await work();
    const requests: Record<string, number> = {};
    let all = 0;
    for (const [verb, count] of Object.entries(this.client.counts())) {
      const sent = count - (before[verb] ?? 0);
      if (sent > 0) requests[verb] = sent;
      all += sent;
    }
    return { value, requests, all };
  }
}

function application(name: string, namespace: string): Application {
  return {
    id: `demo/${name}`,
    name,
    alias: 'demo',
    path: `apps/${name}`,
    target: 'cluster',
    namespace,
    exclude: [],
    recurse: true,
    helm: { valuesFiles: [], values: {} },
    dependsOn: [],
    sync: { auto: true, selfHeal: false },
    prune: { enabled: true, confirm: false, adopted: false, kinds: [], budget: { percent: 50, atLeast: 5 } },
    drift: { everyMs: 60_000 },
    conflicts: 'fail',
    adoptFrom: [],
    images: [],
    position: { file: 'holdfast.yaml', line: 1, column: 1 },
  };
}

/** Objects as an application's rendering would give them. */
export function rendered(objects: readonly KubeObject[]): KubernetesDesired {
  const source = (index: number) => ({ file: 'app.yaml', line: index + 1 });
  return {
    kind: 'kubernetes',
    objects: objects.map((object, index) => ({ object, source: source(index) })),
    hooks: [],
  };
}

export class AppUnderTest {
  readonly bench: Workbench;
  target: Target;
  app: Application;
  inventory: Inventory = emptyInventory;
  appliedDigest: string | undefined;
  pruneHeld = false;
  wantedBy: ObserveRequest['wantedBy'];
  prune: ObserveRequest['prune'];
  /** Inventories as they were saved, oldest first. */
  readonly saved: Inventory[] = [];
  readonly lines: string[] = [];
  /** How often the desired state was opened. */
  opened = 0;
  /** Called before each write; throws to play a lost lease. */
  guard: () => void = () => undefined;
  signal: AbortSignal = new AbortController().signal;
  /** Called instead of saving; a test kills the run here. */
  onSave: (inventory: Inventory) => void = () => undefined;

  constructor(bench: Workbench, target: Target, app: Application) {
    this.bench = bench;
    this.target = target;
    this.app = app;
  }

  context(): TargetContext {
    return {
      installation: this.bench.installation,
      runId: 'run-1',
      hash,
      hmac,
      now: () => Date.now(),
      signal: this.signal,
      guard: () => this.guard(),
      saveInventory: async (inventory) => {
        this.saved.push(inventory);
        this.inventory = inventory;
        this.onSave(inventory);
      },
      report: (line) => this.lines.push(line),
    };
  }

  request(objects: readonly KubeObject[], depth: Depth = 'apply'): ObserveRequest {
    const desired = rendered(objects);
    return {
      app: this.app,
      revision: '0123456789abcdef',
      desiredDigest: hash(canonicalJson(objects)),
      desired: async () => {
        this.opened += 1;
        return desired;
      },
      inventory: this.inventory,
      depth,
      pruneHeld: this.pruneHeld,
      ...(this.appliedDigest === undefined ? {} : { appliedDigest: this.appliedDigest }),
      ...(this.prune === undefined ? {} : { prune: this.prune }),
      ...(this.wantedBy === undefined ? {} : { wantedBy: this.wantedBy }),
    };
  }

  async observe(objects: readonly KubeObject[], depth: Depth = 'check'): Promise<Observation> {
    const [observation] = done(await this.target.observe([this.request(objects, depth)], this.context()));
    if (observation === undefined) throw new Error('no observation');
    return observation;
  }

  async plan(objects: readonly KubeObject[], depth: Depth = 'full'): Promise<Prepared> {
    const request = this.request(objects, depth);
    const [observation] = done(await this.target.observe([request], this.context()));
    if (observation === undefined) throw new Error('no observation');
    return done(await this.target.prepare(request, observation, this.context()));
  }

  /** Acts on a plan, as it comes back from a store. */
  async act(objects: readonly KubeObject[], prepared: Prepared): Promise<ActResult> {
    const stored = JSON.parse(JSON.stringify(prepared)) as Prepared;
    const request = this.request(objects);
    const result = done(await this.target.act(request, stored, this.context()));
    if (result.failures.length === 0) this.appliedDigest = request.desiredDigest;
    return result;
  }

  /** Observe, plan and act, as one run does. */
  async sync(objects: readonly KubeObject[]): Promise<SyncResult> {
    const request = this.request(objects);
    const [observation] = done(await this.target.observe([request], this.context()));
    if (observation === undefined) throw new Error('no observation');
    if (observation.inSync) return { observation };
    const prepared = done(await this.target.prepare(request, observation, this.context()));
    if (prepared.holds.length > 0) return { observation, prepared };
    return { observation, prepared, result: await this.act(objects, prepared) };
  }

  /** A sync that must end well. */
  async synced(objects: readonly KubeObject[]): Promise<ActResult> {
    const { result, prepared } = await this.sync(objects);
    if (result === undefined) throw new Error(`held: ${prepared?.holds.map(({ message }) => message).join('; ')}`);
    if (result.failures.length > 0) throw new Error(result.failures.map(({ message }) => message).join('; '));
    return result;
  }

  async follow(objects: readonly KubeObject[], token?: string): Promise<Step<HealthReport>> {
    return await this.target.follow(this.request(objects), this.context(), token);
  }

  /** Names in the inventory, sorted. */
  get recorded(): readonly string[] {
    return this.inventory.entries.map(({ id }) => ('kind' in id ? `${id.kind}/${id.name}` : '')).sort();
  }
}

/** `create ConfigMap/a`, with the case's namespace left out. */
export function actions(prepared: Prepared): readonly string[] {
  return prepared.plan.changes.map(
    ({ action, subject }) => `${action} ${subjectText(subject).replace(/\/[^/]*\//, '/')}`,
  );
}
