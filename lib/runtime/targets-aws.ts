// Targets that are reached with AWS credentials: EKS clusters and CloudFormation. A home on AWS has no others.
import type { CredentialProvider } from '../adapters/aws/credentials.ts';
import type { CloudFormationTargetOptions } from '../adapters/cloudformation/target.ts';
import type { ClusterConnection } from '../adapters/kube/connection.ts';
import type { Application, TargetSpec } from '../core/config/model.ts';
import { HoldfastError } from '../core/errors.ts';
import type { Target } from '../core/plan/target.ts';
import { countRequest } from './cost.ts';
import type { Targets } from './home.ts';

export interface AwsAccess {
  /** Name of the installation: in the session name, the external id and the tags of roles that are assumed. */
  readonly installation: string;
  /** Credentials to begin with; the SDK's default chain when absent. */
  readonly credentials?: CredentialProvider;
}

/** Requests in flight per cluster. */
const concurrency = 32;

/** Makes each target once, and keeps its connections. */
export function keepTargets(make: (spec: TargetSpec, app: Application) => Promise<Target>): Targets {
  const made = new Map<string, Promise<Target>>();
  return {
    get: (spec, app) => {
      const key = JSON.stringify([spec, app.stack === undefined]);
      const known = made.get(key);
      if (known !== undefined) return known;
      const target = make(spec, app);
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

/** The targets of an installation on AWS. */
export function openAwsTargets(aws: AwsAccess): Targets {
  return keepTargets(async (spec, app) => {
    if (spec.kind === 'cloudformation' && spec.endpoint !== undefined) throw foreignEndpoint(spec);
    if (spec.kind === 'eks' || spec.kind === 'cloudformation') return await awsTarget(spec, app, aws);
    throw new HoldfastError({
      code: 'TargetNotHere',
      source: 'user',
      message: `Target ${spec.name} (${spec.kind}) is of the machine that the command line runs on`,
      object: spec.name,
      next: 'Name an eks or cloudformation target for what is applied from AWS',
    });
  });
}

/** Whoever can push could have requests with our session token sent anywhere. */
function foreignEndpoint({ name }: TargetSpec): HoldfastError {
  return new HoldfastError({
    code: 'TargetEndpoint',
    source: 'user',
    message: `Target ${name} names an endpoint of its own, which is not followed from AWS`,
    object: name,
    next: 'Leave `endpoint` out: the region says where CloudFormation is',
  });
}

export type AwsTarget = Extract<TargetSpec, { kind: 'eks' | 'cloudformation' }>;

/** The adapter of a target that is reached with AWS credentials. */
export async function awsTarget(spec: AwsTarget, app: Application, aws: AwsAccess): Promise<Target> {
  if ((spec.kind === 'cloudformation') !== (app.stack !== undefined)) throw wrongKind(spec, app);
  if (spec.kind === 'eks') return await eksCluster(spec, aws);
  return await stacks({
    name: spec.name,
    region: spec.region,
    ...(spec.endpoint === undefined ? {} : { endpoint: spec.endpoint }),
    ...(spec.account === undefined ? {} : { account: spec.account }),
    ...(await credentialsFor(spec, aws)),
  });
}

/** The AWS SDK is loaded only where a stack is really looked at: it is most of the start of a command. */
export async function stacks(options: Omit<CloudFormationTargetOptions, 'onRequest'>): Promise<Target> {
  const { createCloudFormationTarget } = await import('../adapters/cloudformation/target.ts');
  return createCloudFormationTarget({ ...options, onRequest: (verb) => countRequest(options.name, verb) });
}

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

/** Loaded when a cluster is really looked at: validate and render need no HTTPS. */
export async function kubernetes(name: string, connection: () => Promise<ClusterConnection>): Promise<Target> {
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

/** The error for a target of the wrong kind. */
export function wrongKind(spec: TargetSpec, app: Application): HoldfastError {
  return new HoldfastError({
    code: 'TargetCannotTake',
    source: 'user',
    message: `Target ${spec.name} (${spec.kind}) cannot take application ${app.name}`,
    object: app.name,
    next:
      app.stack === undefined ? 'Name a kubeconfig, eks or sandbox target' : 'Name a cloudformation or sandbox target',
  });
}
