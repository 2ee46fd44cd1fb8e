// Finds the adapter of a target on one machine. One line per kind of target.
import type { Application, TargetSpec } from '../core/config/model.ts';
import type { Target } from '../core/plan/target.ts';
import type { Targets } from './home.ts';
import type { Sandbox } from './sandbox.ts';
import { type AwsAccess, awsTarget, keepTargets, kubernetes, stacks, wrongKind } from './targets-aws.ts';

export interface TargetOptions {
  /** File for `kubeconfig` targets; their own `file`, KUBECONFIG or ~/.kube/config when absent. */
  readonly kubeconfig?: string;
  /** Context instead of the one that a `kubeconfig` target names. */
  readonly context?: string;
  /** Which target `context` is for, when there are several. */
  readonly contextTarget?: string;
  /** How AWS is reached. */
  readonly aws: AwsAccess;
  /** Started when the first sandbox target is used. */
  readonly sandbox: () => Promise<Sandbox>;
  /** Told the name of each sandbox target that is used. */
  readonly onSandbox?: (name: string) => void;
}

/** The targets of one machine. `eks` and `sandbox` targets are never redirected to a kubeconfig. */
export function openTargets(options: TargetOptions): Targets {
  return keepTargets(async (spec, app) => await makeTarget(spec, app, options));
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
    case 'eks':
      return await awsTarget(spec, app, options.aws);
  }
}

function kubeconfigFile(own: string | undefined, options: TargetOptions): string | undefined {
  return options.kubeconfig ?? own;
}

function contextOf(spec: Extract<TargetSpec, { kind: 'kubeconfig' }>, options: TargetOptions): string | undefined {
  const meant = options.contextTarget === undefined || options.contextTarget === spec.name;
  return meant ? (options.context ?? spec.context) : spec.context;
}

async function cluster(name: string, file: string | undefined, context: string | undefined): Promise<Target> {
  return await kubernetes(name, async () => {
    const { loadKubeconfig } = await import('../adapters/kube/kubeconfig.ts');
    const loaded = await loadKubeconfig({
      ...(file === undefined ? {} : { file }),
      ...(context === undefined ? {} : { context }),
    });
    return loaded.connection;
  });
}
