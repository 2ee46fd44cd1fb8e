// Targets as `holdfast target add` grants them: templates deployed, manifests applied, lines written where it says; no right more.
import { writeFile } from 'node:fs/promises';
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeStacksCommand,
  waitUntilStackCreateComplete,
} from '@aws-sdk/client-cloudformation';
import { CreateAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { TargetDocument } from '../../lib/cli/target-text.ts';
import { configMap, type Delivery, deliveryTo, namespaceManifest } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { ask, kube } from '../support/aws/fleet.ts';
import { sessionOf } from '../support/aws/grants.ts';
import { eventually } from '../support/eventually.ts';

let on: Deployment;
let git: Delivery;
let infra: TargetDocument;
/** The first commit, with applications of both targets. */
let first: string;

beforeAll(async () => {
  on = await startDeployment();
  git = deliveryTo(on);
  const prod = await add('prod', '--kind', 'eks', '--cluster', on.cluster);
  await deployCluster(prod);
  await writeFile(`${on.dir}/manifests.yaml`, prod.manifests ?? '');
  await kube(on, 'apply', '-f', `${on.dir}/manifests.yaml`);
  infra = await add('infra', '--kind', 'cloudformation', '--stack-prefix', 'infra-', '--deploy');
  await on.cdk('deploy', {
    targetRoles: JSON.stringify([prod, infra].flatMap(({ context }) => context['targetRoles'])),
  });
  first = await git.push({
    'holdfast.yaml': await config(prod),
    'web/namespace.yaml': namespaceManifest('web'),
    'web/settings.yaml': configMap('settings', { text: 'granted' }),
    'queue.yaml': queue(45),
  });
}, 500_000);

afterAll(async () => await on?.close(), 60_000);

const add = async (name: string, ...flags: readonly string[]): Promise<TargetDocument> =>
  await ask<TargetDocument>(on, ['target', 'add', name, ...flags, '--stack', 'Holdfast']);

interface AccessEntry {
  readonly Properties: { readonly ClusterName: string; readonly KubernetesGroups: string[] };
}

/** Deploys the printed template. The emulator has access entries, but not as resources of a template. */
async function deployCluster({ target, template, roleArn }: TargetDocument): Promise<void> {
  const { AccessEntry: entry, ...Resources } = template['Resources'] as Readonly<Record<string, object>>;
  const client = new CloudFormationClient(on.aws.clientConfig());
  const StackName = `hf-holdfast-${target}`;
  const TemplateBody = JSON.stringify({ ...template, Resources });
  await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60 }, { StackName });
  const { ClusterName, KubernetesGroups } = (entry as AccessEntry).Properties;
  const granted = { clusterName: ClusterName, principalArn: roleArn, kubernetesGroups: KubernetesGroups };
  await new EKSClient(on.aws.clientConfig()).send(new CreateAccessEntryCommand(granted));
}

/** More stacks than are looked at one by one where a list can be had. */
const stacks = ['one', 'two', 'three', 'four', 'five'];

async function config(prod: TargetDocument): Promise<string> {
  const { Stacks } = await new CloudFormationClient(on.aws.clientConfig()).send(
    new DescribeStacksCommand({ StackName: infra.stacks?.of }),
  );
  const output = infra.stacks?.roleArnOutput;
  const roleArn = Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === output)?.OutputValue;
  const stackOf = (name: string, stack: string) => ({
    name,
    path: 'queue.yaml',
    target: 'infra',
    stack: { name: stack, roleArn, parameters: { Name: name } },
  });
  return stringify({
    version: 1,
    targets: { prod: prod.config, infra: infra.config },
    defaults: { drift: { every: '10s' } },
    apps: [
      { name: 'web', path: 'web', target: 'prod', namespace: 'web' },
      ...stacks.map((name) => stackOf(name, `infra-${name}`)),
      stackOf('stray', 'another-stray'),
    ],
  });
}

const queue = (timeout: number): string => `Parameters:
  Name: { Type: String }
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: !Ref Name, VisibilityTimeout: ${timeout} }
`;

async function queueNamed(QueueName: string) {
  const sqs = new SQSClient(on.aws.clientConfig());
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  return {
    timeout: async (): Promise<string | undefined> => {
      const wanted = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
      return (await sqs.send(wanted)).Attributes?.['VisibilityTimeout'];
    },
    setTimeout: async (VisibilityTimeout: string) =>
      await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout } })),
  };
}

/** Name of the error with which a call with the rights of the target's role is refused. */
async function refused(send: (client: CloudFormationClient) => Promise<unknown>): Promise<string> {
  const client = new CloudFormationClient(on.aws.clientConfig(await sessionOf(on.aws, infra.roleArn)));
  return await send(client).then(
    () => 'nothing',
    (error: Error) => error.name,
  );
}

test('a cluster: followed step by step, a push is carried out in it', async () => {
  const settings = await eventually(async () => await git.data('web', 'settings'), { within: 120_000, every: 300 });
  expect(settings).toEqual({ text: 'granted' });
}, 200_000);

test('stacks: made, updated and compared with what was changed by hand', async () => {
  await git.applied(first, stacks);
  const one = await queueNamed('one');
  expect(await one.timeout()).toBe('45');
  const second = await git.push({ 'queue.yaml': queue(60) });
  await git.applied(second, stacks);
  expect(await one.timeout()).toBe('60');
  await one.setTimeout('99');
  const seen = await eventually(
    async () => {
      const app = await git.app('one');
      return app.sync === 'OutOfSync' ? app : undefined;
    },
    { within: 120_000, every: 500, what: 'the drift of the queue' },
  );
  expect(JSON.stringify(seen)).toMatch(/drift/i);
  expect((await git.app('two')).sync).toBe('Synced');
}, 400_000);

test('a stack whose name does not begin so: told clearly, and nothing is done', async () => {
  await git.says(/^stray: .*The credentials in use may not call DescribeStacks on stack another-stray/);
  await expect(git.stackStatus('another-stray')).rejects.toThrow(/does not exist/);
  await expect(queueNamed('stray')).rejects.toMatchObject({ name: 'QueueDoesNotExist' });
}, 200_000);

test('the role may neither list the stacks of the account nor change others', async () => {
  expect(await refused((client) => client.send(new DescribeStacksCommand({})))).toMatch(/AccessDenied/);
  const made = { StackName: 'another', ChangeSetName: 'a', ChangeSetType: 'CREATE', TemplateBody: queue(1) } as const;
  expect(await refused((client) => client.send(new CreateChangeSetCommand(made)))).toMatch(/AccessDenied/);
}, 60_000);
