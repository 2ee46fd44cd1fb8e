// `holdfast target add NAME`: the role that a target needs, and where it is named. Prints; with --deploy makes the stack.
import { deployTarget } from '../../adapters/aws/deploy-target.ts';
import { callerArn } from '../../adapters/aws/inspect.ts';
import { partitionOf } from '../../adapters/aws/partition.ts';
import { targetTemplate } from '../../core/aws/target-template.ts';
import { labelPattern, nameLengths } from '../../core/config/formats.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Connection, openConnection, output } from '../connection.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { progress, writeOut } from '../output.ts';
import { type TargetDocument, targetText } from '../target-text.ts';

/** Rights of the role with which CloudFormation makes resources, when nobody says which. */
const poweruser = (partition: string): string => `arn:${partition}:iam::aws:policy/PowerUserAccess`;

export async function run(args: readonly string[], flags: CommandFlags): Promise<number> {
  const wanted = readFlags(args[0] ?? '', flags);
  const connection = await openConnection(flags);
  progress(`stack ${connection.stack.name} in ${connection.stack.region}`);
  const document = documentOf(wanted, connection);
  if (flags['deploy'] === true) await deploy(wanted, document, connection);
  const file = `holdfast-target-${wanted.name}.yaml`;
  await writeOut(wantsJson(flags) ? `${JSON.stringify(document, undefined, 2)}\n` : targetText(document, file));
  return exitCodes.ok;
}

interface Wanted {
  readonly name: string;
  readonly kind: 'eks' | 'cloudformation';
  readonly cluster: string | undefined;
  readonly region: string | undefined;
  readonly account: string | undefined;
  readonly stackPrefix: string;
  readonly policies: readonly string[];
  readonly readPolicies: readonly string[];
}

function readFlags(name: string, flags: CommandFlags): Wanted {
  const kind = text(flags, 'kind');
  const cluster = text(flags, 'cluster');
  const account = text(flags, 'account');
  const stackPrefix = text(flags, 'stackPrefix') ?? `${name}-`;
  if (!labelPattern.test(name) || name.length > nameLengths.target)
    throw usage(`${JSON.stringify(name)} is no name for a target`, 'Lower case letters, digits and "-", at most 40');
  if (kind !== 'eks' && kind !== 'cloudformation')
    throw usage('--kind is missing', '--kind eks or --kind cloudformation');
  if (kind === 'eks' && cluster === undefined) throw usage('--cluster is missing', '--cluster NAME of the EKS cluster');
  if (kind === 'cloudformation' && cluster !== undefined) throw usage('--cluster is for --kind eks');
  if (cluster !== undefined && !/^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/.test(cluster))
    throw usage(`${JSON.stringify(cluster)} is not the name of an EKS cluster`);
  if (account !== undefined && !/^\d{12}$/.test(account)) throw usage(`--account ${account} has not twelve digits`);
  if (!/^[A-Za-z][A-Za-z0-9-]{0,100}$/.test(stackPrefix))
    throw usage(`--stack-prefix ${stackPrefix} begins no stack name`);
  const list = (flag: string): readonly string[] => text(flags, flag)?.split(',') ?? [];
  const region = text(flags, 'region');
  return {
    name,
    kind,
    cluster,
    region,
    account,
    stackPrefix,
    policies: list('policies'),
    readPolicies: list('readPolicies'),
  };
}

function documentOf(wanted: Wanted, { stack }: Connection): TargetDocument {
  const { name, kind, cluster } = wanted;
  const own = stack.id.split(':')[4] ?? '';
  const account = wanted.account ?? own;
  const region = wanted.region ?? stack.region;
  const partition = partitionOf(region).name;
  const elsewhere = account !== own || region !== stack.region;
  const bus = `arn:${partition}:events:${stack.region}:${own}:event-bus/${stack.outputs['BusName'] ?? ''}`;
  const executionPolicies = wanted.policies.length === 0 ? [poweruser(partition)] : wanted.policies;
  const made = targetTemplate({
    installation: output(stack, 'Installation'),
    target: name,
    runnerRoles: [output(stack, 'ReconcileRoleArn')],
    ...(cluster === undefined ? {} : { eks: { cluster } }),
    ...(kind === 'cloudformation'
      ? { cloudformation: { stackPrefix: wanted.stackPrefix, executionPolicies, readPolicies: wanted.readPolicies } }
      : {}),
    ...(elsewhere && (stack.outputs['BusName'] ?? '') !== '' ? { bus } : {}),
  });
  const roleArn = `arn:${partition}:iam::${account}:role/${made.roleName}`;
  const config: JsonObject =
    cluster === undefined ? { cloudformation: { region, account, roleArn } } : { eks: { cluster, region, roleArn } };
  const template = `holdfast-target-${name}.yaml`;
  return {
    schemaVersion: 1,
    target: name,
    kind,
    roleArn,
    config,
    context: { targetRoles: [roleArn], ...(account === own ? {} : { eventAccounts: [account] }) },
    template: made.template,
    ...(made.manifests === undefined ? {} : { manifests: made.manifests }),
    ...(kind === 'cloudformation'
      ? { stacks: { namePrefix: wanted.stackPrefix, roleArnOutput: 'ExecutionRoleArn', of: made.roleName } }
      : {}),
    deploy: `aws cloudformation deploy --stack-name ${made.roleName} --template-file ${template} --capabilities CAPABILITY_NAMED_IAM --region ${region}`,
  };
}

/** Makes the stack in the caller's account, which has to be that of the target. */
async function deploy(wanted: Wanted, document: TargetDocument, { session, stack }: Connection): Promise<void> {
  const region = wanted.region ?? stack.region;
  const here = (await callerArn(session)).split(':')[4] ?? '';
  const there = document.roleArn.split(':')[4] ?? '';
  if (here !== there)
    throw usage(
      `Your credentials are of account ${here}, and the target is in ${there}`,
      'Leave --deploy out, and deploy the template there',
    );
  const name = document.roleArn.slice(document.roleArn.lastIndexOf('/') + 1);
  progress(`deploying stack ${name} in ${region}`);
  const done = await deployTarget({
    session: { ...session, region },
    name,
    template: JSON.stringify(document.template),
  });
  progress(`stack ${name}: ${done}`);
}
