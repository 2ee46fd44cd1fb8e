// The Kubernetes target: the port's steps on one cluster, with one limit of requests and one reading of what it serves.
import { HoldfastError } from '../../core/errors.ts';
import type {
  ActResult,
  HealthReport,
  Observation,
  ObserveRequest,
  Prepared,
  RequestCounts,
  Step,
  Target,
  TargetContext,
} from '../../core/plan/target.ts';
import { carryOut } from './act.ts';
import type { SeenCluster } from '../../core/render/cluster-facts.ts';
import { Cluster } from './cluster.ts';
import { asExecution } from './execution.ts';
import { followHealth } from './follow.ts';
import { Kinds } from './kinds.ts';
import { observeAll } from './observe.ts';
import { preparePlan } from './prepare.ts';
import { Rights } from './rights.ts';
import { seenCluster } from './seen-cluster.ts';
import type { KubeClient } from './types.ts';
import { openView, type View } from './view.ts';

export interface KubernetesTargetOptions {
  /** Name of the target in the configuration. */
  readonly name: string;
  /** Makes the client; called once, and again after it failed. */
  readonly connect: () => Promise<KubeClient>;
  /** Requests in flight at once, shared by all applications. Default 32. */
  readonly concurrency?: number;
}

/** A cluster as a target. Nothing is sent before the first step. */
export function createKubernetesTarget(options: KubernetesTargetOptions): Target {
  return new KubernetesTarget(options);
}

class KubernetesTarget implements Target {
  readonly kind = 'kubernetes';
  readonly #cluster: Cluster;
  readonly #rights: Rights;

  constructor(options: KubernetesTargetOptions) {
    this.#cluster = new Cluster({ connect: options.connect, concurrency: options.concurrency ?? 32 });
    this.#rights = new Rights(this.#cluster);
  }

  async observe(requests: readonly ObserveRequest[], context: TargetContext): Promise<Step<readonly Observation[]>> {
    const kinds = (fresh: boolean) => {
      if (fresh) this.#cluster.forgetDirectory();
      return this.#kinds(context);
    };
    const value = await observeAll({ cluster: this.#cluster, context, kinds }, requests);
    return { status: 'done', value };
  }

  async prepare(request: ObserveRequest, observation: Observation, context: TargetContext): Promise<Step<Prepared>> {
    const view = observation.live as View;
    const kinds = await this.#kinds(context);
    await openView(view, kinds, context);
    if (view.opened === undefined) throw lost(request);
    const planning = { cluster: this.#cluster, context, view, kinds, rights: this.#rights };
    return { status: 'done', value: await preparePlan(planning, view.opened) };
  }

  async act(request: ObserveRequest, prepared: Prepared, context: TargetContext): Promise<Step<ActResult>> {
    const execution = asExecution(prepared.execution);
    if (execution === undefined) throw lost(request);
    if (prepared.holds[0] !== undefined) return { status: 'failed', cause: prepared.holds[0] };
    return { status: 'done', value: await carryOut(this.#cluster, request, execution, context) };
  }

  async follow(request: ObserveRequest, context: TargetContext, token?: string): Promise<Step<HealthReport>> {
    return await followHealth(this.#cluster, await this.#kinds(context), request, context, token);
  }

  async discard(): Promise<void> {
    // A plan for a cluster leaves nothing behind.
  }

  async cluster(context: TargetContext): Promise<SeenCluster> {
    const [directory, version] = await Promise.all([
      this.#cluster.directory(context.now()),
      this.#cluster.request((client) => client.version({ signal: context.signal })),
    ]);
    return seenCluster(directory, version);
  }

  requests(): RequestCounts {
    return this.#cluster.counts();
  }

  async close(): Promise<void> {
    this.#cluster.close();
  }

  async #kinds(context: TargetContext): Promise<Kinds> {
    return new Kinds(await this.#cluster.directory(context.now()));
  }
}

function lost(request: ObserveRequest): HoldfastError {
  return new HoldfastError({
    code: 'PlanLost',
    source: 'system',
    message: `The plan of ${request.app.name} cannot be read; planning again`,
    retryable: true,
  });
}
