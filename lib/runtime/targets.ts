// Finds the adapter of a target. One line per kind of target; adapters are made once and keep their connections.
import type { CredentialProvider } from '../adapters/aws/credentials.ts';
import type { CloudFormationTargetOptions } from '../adapters/cloudformation/target.ts';
import type { ClusterConnection } from '../adapters/kube/connection.ts';
import type { Application, TargetSpec } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Target } from '../core/plan/target.ts';
import { countRequest } from './cost.ts';
import type { Targets } from './home.ts';
import type { Sandbox } from './sandbox.ts';

export interface AwsAccess {
  /** Name of the installation: in the session name, the external id and the tags of roles that are assumed. */
  readonly installation: string;
  /** Credentials to begin with; the SDK's default chain when absent. */
  readonly credentials?: CredentialProvider;
}

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
        ...(await credentialsFor(spec, options.aws)),
      });
    case 'eks':
      if (stack) throw wrongKind(spec, app);
      return await eksCluster(spec, options.aws);
  }
}

/** The AWS SDK is loaded only where a stack is really looked at: it is most of the start of a command. */
async function stacks(options: Omit<CloudFormationTargetOptions, 'onRequest'>): Promise<Target> {
  const { createCloudFormationTarget } = await import('../adapters/cloudformation/target.ts');
  return createCloudFormationTarget({ ...options, onRequest: (verb) => countRequest(options.name, verb) });
}

type AwsTarget = Extract<TargetSpec, { kind: 'eks' | 'cloudformation' }>;

/** Those of the target's role, under a name and with tags that say whose session it is; else those to begin with. */
async function credentialsFor(
  spec: AwsTarget,
  { installation, credentials }: AwsAccess,
): Promise<{ readonly credentials?: CredentialProvider }> {
  if (spec.roleArn === undefined) return credentials === undefined ? {} : { credentials };
  const { assumeRole } = await import('../adapters/aws/assume-role.ts');
  return {
    credentials: assumeRole({
      roleArn: spec.roleArn,
      region: spec.region,
      sessionName: `holdfast-${installation}`,
      externalId: `holdfast:${installation}`,
      tags: { 'holdfast:installation': installation, 'holdfast:target': spec.name },
      ...(credentials === undefined ? {} : { from: credentials }),
    }),
  };
}

async function eksCluster(spec: Extract<TargetSpec, { kind: 'eks' }>, aws: AwsAccess): Promise<Target> {
  const [{ credentials }, { connectEks }] = await Promise.all([
    credentialsFor(spec, aws),
    import('../adapters/kube/eks.ts'),
  ]);
  const { cluster: name, region, roleArn } = spec;
  return await kubernetes(spec.name, async () =>
    connectEks({
      cluster: name,
      region,
      ...(credentials === undefined ? {} : { credentials }),
      ...(roleArn === undefined ? {} : { principal: roleArn }),
      onRequest: (call) => countRequest(spec.name, call),
    }),
  );
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

/** Loaded when a cluster is really looked at: validate and render need no HTTPS. */
async function kubernetes(name: string, connection: () => Promise<ClusterConnection>): Promise<Target> {
  const [{ createKubernetesTarget }, { createKubeClient }] = await Promise.all([
    import('../adapters/kube/target.ts'),
    import('../adapters/kube/client.ts'),
  ]);
  return createKubernetesTarget({
    name,
    concurrency,
    connect: async () =>
      createKubeClient(await connection(), { maxSockets: concurrency, onRequest: (verb) => countRequest(name, verb) }),
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
