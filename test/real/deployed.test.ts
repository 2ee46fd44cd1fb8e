// The whole way on AWS: the stack deployed by the CDK, a signed push to its webhook, and what it leads to in a cluster and in stacks.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AppStatus, StatusDocument } from '../../lib/web/views.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { grantCluster, grantRole, targetRoleArn } from '../support/aws/grants.ts';
import { eventually } from '../support/eventually.ts';
import { commitAll, git, workTree, writeFiles } from '../support/git.ts';
import { kubectl } from '../support/real/kubectl.ts';

let on: Deployment;
let work: string;

beforeAll(async () => {
  on = await startDeployment({
    before: async (aws) => await grantRole(aws),
    context: { targetRoles: JSON.stringify(['arn:aws:iam::111122223333:role/holdfast-target']), logLevel: 'DEBUG' },
  });
  await grantCluster(on.aws, on.plane, on.cluster);
  work = `${on.dir}/work`;
}, 300_000);

afterAll(async () => await on?.close(), 60_000);

const config = () => `version: 1
targets:
  prod: { eks: { cluster: prod, region: eu-west-1, roleArn: '${targetRoleArn(on.aws)}' } }
  infra: { cloudformation: { region: eu-west-1, account: '111122223333', roleArn: '${targetRoleArn(on.aws)}' } }
defaults:
  drift: { every: 1m }
apps:
  - { name: web, path: apps/web, target: prod, namespace: shop }
  - { name: hello, path: apps/hello, target: prod, namespace: shop }
  - { name: network, path: stacks/network.yaml, target: infra, stack: { name: network } }
`;

const files = (replicas: number) => ({
  'holdfast.yaml': config(),
  'apps/web/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
  'apps/web/settings.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { replicas: "${replicas}" }\n`,
  'apps/hello/Chart.yaml': 'apiVersion: v2\nname: hello\nversion: 1.0.0\n',
  'apps/hello/values.yaml': 'greeting: hello\n',
  'apps/hello/templates/cm.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: hello }\ndata: { greeting: {{ .Values.greeting }} }\n',
  'stacks/network.yaml':
    'Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: { QueueName: from-git, VisibilityTimeout: 45 }\n',
});

async function status(): Promise<StatusDocument> {
  const { code, output, stdout } = await on.cli('status', '--stack', 'Holdfast', '-o', 'json');
  if (code !== 0) throw new Error(output);
  return JSON.parse(stdout) as StatusDocument;
}

async function settled(revision: string, within = 90_000): Promise<readonly AppStatus[]> {
  return await eventually(
    async () => {
      const { apps, problems } = await status();
      const done = apps.length === 3 && apps.every((app) => app.sync === 'Synced' && app.revision === revision);
      if (!done) throw new Error(JSON.stringify({ apps, problems }, undefined, 1));
      return apps;
    },
    { within, every: 500, what: `everything at ${revision}` },
  );
}

test('a signed push is carried out in the cluster and in a stack', async () => {
  const first = await workTree(work, files(2));
  await git(work, 'push', '-q', on.repository, 'main');
  expect((await on.deliver(first)).status).toBe(202);
  await settled(first);
  const { stdout } = await kubectl(on.plane.kubeconfig, [
    '-n',
    'shop',
    'get',
    'configmap',
    'settings',
    'hello',
    '-o',
    'json',
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    items: [{ data: { replicas: '2' } }, { data: { greeting: 'hello' } }],
  });
  const stacks = await new CloudFormationClient(on.aws.clientConfig()).send(
    new DescribeStacksCommand({ StackName: 'network' }),
  );
  expect(stacks.Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');

  writeFiles(work, files(3));
  const second = await commitAll(work, 'three');
  await git(work, 'push', '-q', on.repository, 'main');
  expect((await on.deliver(second)).status).toBe(202);
  await settled(second);
}, 240_000);

test('a wrong signature is refused and nothing is enqueued', async () => {
  const answer = await on.deliver('a'.repeat(40), { signature: '0'.repeat(64) });
  expect(answer).toMatchObject({ status: 401 });
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'WebhookUnsigned' });
});
