// Finds the adapter of a target. One line per kind of target; adapters are made once and keep their connections.
import type { CloudFormationTargetOptions } from '../adapters/cloudformation/target.ts';
import type { Application, TargetSpec } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Target } from '../core/plan/target.ts';
import { countRequest } from './cost.ts';
import type { Targets } from './home.ts';
import type { Sandbox } from './sandbox.ts';

export interface TargetOptions {
  /** File for `kubeconfig` targets; their own `file`, KUBECONFIG or ~/.kube/config when absent. */
  readonly kubeconfig?: string;
  /** Context instead of the one that a `kubeconfig` target names. */
  readonly context?: string;
  /** Which target `context` is for, when there are several. */
  readonly contextTarget?: string;
  /** Started when the first sandbox target is used. */
  readonly sandbox: () => Promise<Sandbox>;
  /** Told the name of each sandbox target that is used. */
  readonly onSandbox?: (name: string) => void;
}

/** Requests in flight per cluster. */
const concurrency = 32;

/** The targets of one machine. `eks` and `sandbox` targets are never redirected to a kubeconfig. */
export function openTargets(options: TargetOptions): Targets {
  const made = new Map<string, Promise<Target>>();
  return {
    get: (spec, app) => {
      const key = JSON.stringify([spec, app.stack === undefined]);
      const known = made.get(key);
      if (known !== undefined) return known;
      const target = makeTarget(spec, app, options);
      made.set(key, target);
      // A target that could not be made (a kubeconfig that is not there yet) is tried again next time.
      target.catch(() => made.delete(key));
      return target;
    },
    close: async () => {
      const targets = await Promise.allSettled(made.values());
      for (const target of targets) if (target.status === 'fulfilled') await target.value.close();
    },
  };
}

async function makeTarget(spec: TargetSpec, app: Application, options: TargetOptions): Promise<Target> {
  const stack = app.stack !== undefined;
  switch (spec.kind) {
    case 'kubeconfig':
      if (stack) throw wrongKind(spec, app);
      return await cluster(spec.name, kubeconfigFile(spec.file, options), contextOf(spec, options));
    case 'sandbox': {
      options.onSandbox?.(spec.name);
      const sandbox = await options.sandbox();
      if (!stack) return await cluster(spec.name, sandbox.kubeconfig, undefined);
      return await stacks({
        name: spec.name,
        region: sandbox.region,
        endpoint: sandbox.stacksEndpoint,
        sandbox: true,
      });
    }
    case 'cloudformation':
      if (!stack) throw wrongKind(spec, app);
      return await stacks({
        name: spec.name,
        region: spec.region,
        ...(spec.endpoint === undefined ? {} : { endpoint: spec.endpoint }),
        ...(spec.account === undefined ? {} : { account: spec.account }),
        ...(spec.roleArn === undefined ? {} : { roleArn: spec.roleArn }),
      });
    case 'eks':
      throw new HoldfastError({
        code: 'TargetNotAvailable',
        source: 'user',
        message: `Target ${spec.name} is an EKS cluster, which this version reaches only through a kubeconfig`,
        object: spec.name,
        next: `aws eks update-kubeconfig --name ${spec.cluster} --region ${spec.region}, and a kubeconfig target`,
      });
  }
}

/** The AWS SDK is loaded only where a stack is really looked at: it is most of the start of a command. */
async function stacks(options: Omit<CloudFormationTargetOptions, 'onRequest'>): Promise<Target> {
  const { createCloudFormationTarget } = await import('../adapters/cloudformation/target.ts');
  return createCloudFormationTarget({ ...options, onRequest: (verb) => countRequest(options.name, verb) });
}

function kubeconfigFile(own: string | undefined, options: TargetOptions): string | undefined {
  return options.kubeconfig ?? own;
}

function contextOf(spec: Extract<TargetSpec, { kind: 'kubeconfig' }>, options: TargetOptions): string | undefined {
  const meant = options.contextTarget === undefined || options.contextTarget === spec.name;
  return meant ? (options.context ?? spec.context) : spec.context;
}

/** Loaded when a cluster is really looked at: validate and render need no HTTPS. */
async function cluster(name: string, file: string | undefined, context: string | undefined): Promise<Target> {
  const [{ createKubernetesTarget }, { createKubeClient }, { loadKubeconfig }] = await Promise.all([
    import('../adapters/kube/target.ts'),
    import('../adapters/kube/client.ts'),
    import('../adapters/kube/kubeconfig.ts'),
  ]);
  return createKubernetesTarget({
    name,
    concurrency,
    connect: async () => {
      const loaded = await loadKubeconfig({
        ...(file === undefined ? {} : { file }),
        ...(context === undefined ? {} : { context }),
      });
      return createKubeClient(loaded.connection, {
        maxSockets: concurrency,
        onRequest: (verb) => countRequest(name, verb),
      });
    },
  });
}

function wrongKind(spec: TargetSpec, app: Application): HoldfastError {
  return new HoldfastError({
    code: 'TargetCannotTake',
    source: 'user',
    message: `Target ${spec.name} (${spec.kind}) cannot take application ${app.name}`,
    object: app.name,
    next:
      app.stack === undefined ? 'Name a kubeconfig, eks or sandbox target' : 'Name a cloudformation or sandbox target',
  });
}
