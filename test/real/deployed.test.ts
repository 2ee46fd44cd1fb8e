// The whole way on AWS: the stack deployed by the CDK, and what pushes, images, changes by hand and people's words lead to.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { SQSClient, GetQueueUrlCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  DeadLetterDocument,
  DriftDocument,
  HistoryDocument,
  StatusDocument,
  VerbDocument,
} from '../../lib/web/views.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import {
  allAt,
  ask,
  type BusEvent,
  functionOf,
  kube,
  kubeGet,
  listenTo,
  loggedLines,
  run,
  untilApps,
  type WorkCopy,
  workCopy,
} from '../support/aws/fleet.ts';
import { grantCluster, grantRole, sessionOf, targetRoleArn } from '../support/aws/grants.ts';
import { storeOf } from '../support/aws/state.ts';
import * as documents from '../support/documents.ts';
import { eventually } from '../support/eventually.ts';

const image = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop';
const named = ['--stack', 'Holdfast'];

let on: Deployment;
let work: WorkCopy;
let heard: Awaited<ReturnType<typeof listenTo>>;

beforeAll(async () => {
  on = await startDeployment({
    before: async (aws) => await grantRole(aws),
    context: { targetRoles: JSON.stringify(['arn:aws:iam::111122223333:role/holdfast-target']), logLevel: 'DEBUG' },
    controllers: 'minimal',
  });
  await grantCluster(on.aws, on.plane, on.cluster);
  heard = await listenTo(on.aws, on.outputs['BusName'] ?? '');
  await new ECRClient(on.aws.clientConfig()).send(new CreateRepositoryCommand({ repositoryName: 'shop' }));
  await pushImage('1.0.0');
  work = workCopy(`${on.dir}/work`, on.repository);
}, 600_000);

afterAll(async () => await on?.close(), 60_000);

const config = () => `version: 1
targets:
  prod: { eks: { cluster: prod, region: eu-west-1, roleArn: '${targetRoleArn(on.aws)}' } }
  infra: { cloudformation: { region: eu-west-1, account: '111122223333', roleArn: '${targetRoleArn(on.aws)}' } }
defaults:
  drift: { every: 10s }
apps:
  - name: web
    path: apps/web
    target: prod
    namespace: shop
    sync: { auto: true, selfHeal: true }
    images: [{ repository: ${image}, policy: { semver: ^1.0 } }]
  - { name: hello, path: apps/hello, target: prod, namespace: shop, dependsOn: [web] }
  - { name: page, path: apps/page/prod, target: prod, namespace: shop, dependsOn: [web] }
  - name: network
    path: stacks/network.yaml
    target: infra
    stack:
      name: network
      parameters:
        Image: ${image}:1.0.0 # holdfast:image ${image}
    images: [{ repository: ${image}, policy: { semver: ^1.0 } }]
`;

const settings = (greeting: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { greeting: ${greeting} }\n`;

const files = () => ({
  'holdfast.yaml': config(),
  'apps/web/namespace.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
  'apps/web/settings.yaml': settings('hello'),
  'apps/web/web.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: ${image}:1.0.0 # holdfast:image ${image}
`,
  'apps/hello/Chart.yaml': 'apiVersion: v2\nname: hello\nversion: 1.0.0\n',
  'apps/hello/values.yaml': 'greeting: hello\n',
  'apps/hello/templates/cm.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: hello }\ndata: { greeting: {{ .Values.greeting }} }\n',
  'apps/page/base/kustomization.yaml': 'resources: [page.yaml]\n',
  'apps/page/base/page.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: page }\ndata: { title: none, colour: red }\n',
  'apps/page/prod/kustomization.yaml':
    'resources: [../base]\nnamePrefix: prod-\npatches:\n  - patch: |-\n      apiVersion: v1\n      kind: ConfigMap\n      metadata: { name: page }\n      data: { title: shop }\n',
  'stacks/network.yaml': `Parameters:
  Image: { Type: String }
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: { QueueName: from-git, VisibilityTimeout: 45, Tags: [{ Key: image, Value: !Ref Image }] }
Outputs:
  Image: { Value: !Ref Image }
`,
});

/** As a build does it. */
async function pushImage(tag: string): Promise<void> {
  const imageManifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: `sha256:${'0'.repeat(64)}` },
    layers: [],
    annotations: { version: tag },
  });
  const put = new PutImageCommand({ repositoryName: 'shop', imageManifest, imageTag: tag });
  await new ECRClient(on.aws.clientConfig()).send(put);
}

/** A commit of the runner that names the tag is pushed, once, and carried out. */
async function untilDelivered(tag: string): Promise<void> {
  const before = on.pushes.length;
  await eventually(() => on.pushes.length > before, { within: 120_000, every: 200, what: `a commit for ${tag}` });
  const head = await work.pull();
  expect(on.pushes.at(-1)).toMatchObject({ ref: 'refs/heads/main', after: head });
  expect(on.pushes).toHaveLength(before + 1);
  await untilApps(on, allAt(head, 4), { what: `everything at the commit for ${tag}` });
}

interface Workload {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

const deployment = async () => await kubeGet<Workload>(on, 'deployment', 'web', '-n', 'shop');

/** The image that runs, and the one that the stack was given. */
async function images() {
  const cluster = (await deployment()).spec.template.spec.containers[0]?.image;
  const client = new CloudFormationClient(on.aws.clientConfig());
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: 'network' }));
  return { cluster, stack: Stacks?.[0]?.Outputs?.find(({ OutputKey }) => OutputKey === 'Image')?.OutputValue };
}

const both = (tag: string) => ({ cluster: `${image}:${tag}`, stack: `${image}:${tag}` });

async function setTimeoutOfQueue(seconds: number): Promise<void> {
  const sqs = new SQSClient(on.aws.clientConfig());
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'from-git' }));
  const Attributes = { VisibilityTimeout: String(seconds) };
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}

const about = (type: string, app: string) => (event: BusEvent) =>
  event['detail-type'] === type && event.detail['app'] === app;

describe('the story of an installation', { shuffle: false }, () => {
  test('a signed push is carried out in the cluster and in a stack', async () => {
    const first = await work.push(files());
    expect((await on.deliver(first)).status).toBe(202);
    await untilApps(on, allAt(first, 4));
    expect(await images()).toEqual(both('1.0.0'));
    const made = await kubeGet<{ readonly items: unknown }>(on, '-n', 'shop', 'cm', 'settings', 'hello', 'prod-page');
    expect(made.items).toMatchObject([
      { data: { greeting: 'hello' } },
      { data: { greeting: 'hello' } },
      { data: { title: 'shop', colour: 'red' } },
    ]);
    const second = await work.push({ 'apps/web/settings.yaml': settings('hi') });
    expect((await on.deliver(second)).status).toBe(202);
    await untilApps(on, allAt(second, 4));
    expect(await kubeGet(on, '-n', 'shop', 'cm', 'settings')).toMatchObject({ data: { greeting: 'hi' } });
  }, 300_000);

  test('a wrong signature is refused and nothing is enqueued', async () => {
    const answer = await on.deliver('a'.repeat(40), { signature: '0'.repeat(64) });
    expect(answer).toMatchObject({ status: 401 });
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'WebhookUnsigned' });
  });

  test('what was rendered was rendered by a function that may do nothing', async () => {
    expect(await loggedLines(on, 'RenderFunction', 'page: desired')).not.toEqual([]);
    expect(await loggedLines(on, 'RenderFunction', 'hello: desired')).not.toEqual([]);
    const { env } = await functionOf(on, 'RenderFunction');
    expect(Object.keys(env).filter((key) => /TABLE|BUCKET|SECRET|QUEUE/.test(key))).toEqual([]);
    const look = async (output: string): Promise<readonly string[]> => {
      const keys = await sessionOf(on.aws, (await functionOf(on, output)).role);
      const [table, bucket] = [on.outputs['TableName'], on.outputs['BucketName']];
      const outcome = async (asked: Promise<unknown>): Promise<string> =>
        await asked.then(
          () => 'allowed',
          (error: Error) => error.name,
        );
      return [
        await outcome(new S3Client(on.aws.clientConfig(keys)).send(new ListObjectsV2Command({ Bucket: bucket }))),
        await outcome(
          new DynamoDBClient(on.aws.clientConfig(keys)).send(
            new GetItemCommand({ TableName: table, Key: { pk: { S: 'repo/root' }, sk: { S: 'row' } } }),
          ),
        ),
      ];
    };
    // The other one shows that the way to ask is right.
    expect(await look('SourceFunction')).toEqual(['allowed', 'allowed']);
    expect(await look('RenderFunction')).toEqual(['AccessDenied', 'AccessDeniedException']);
  });

  test('a pushed image becomes a commit, and the commit is carried out in the cluster and in the stack', async () => {
    const delivered = untilDelivered('1.1.0');
    await pushImage('1.1.0');
    await delivered;
    expect(await images()).toEqual(both('1.1.0'));
  }, 300_000);

  test('an image whose event was lost is found by the tick', async () => {
    const events = new EventBridgeClient(on.aws.clientConfig());
    const { Rules = [] } = await events.send(new ListRulesCommand({}));
    const rule = Rules.find(({ EventPattern = '' }) => EventPattern.includes('aws.ecr'));
    await events.send(new DisableRuleCommand({ Name: rule?.Name }));
    await pushImage('1.2.0');
    const delivered = untilDelivered('1.2.0');
    await events.send(new EnableRuleCommand({ Name: rule?.Name }));
    expect((await images()).cluster).toBe(`${image}:1.1.0`);
    // The tick asks registries every 15 minutes; now it was long ago that it did.
    const store = storeOf(on);
    const asked = 'tick/images-asked';
    await eventually(async () => await store.setValue(asked, 0, await store.getValue(asked)));
    await store.close();
    await delivered;
    expect(await images()).toEqual(both('1.2.0'));
  }, 300_000);

  test('changes by hand are found by the sweep and told on the bus; what heals itself is healed', async () => {
    await kube(on, '-n', 'shop', 'scale', 'deployment', 'web', '--replicas=5');
    await setTimeoutOfQueue(60);
    const inCluster = await heard('a report of the cluster', about('Holdfast Drift Report', 'web'));
    expect(inCluster.detail).toMatchObject({
      schemaVersion: 1,
      target: 'prod',
      items: [{ subject: 'Deployment/shop/web', fields: [{ path: 'spec.replicas', before: 5, after: 2 }] }],
    });
    await heard(
      'the outcome of the heal',
      (event) => about('Holdfast Run Outcome', 'web')(event) && event.detail['trigger'] === 'drift',
    );
    expect((await deployment()).spec.replicas).toBe(2);

    const inStack = await heard('a report of the stack', about('Holdfast Drift Report', 'network'));
    expect(inStack.detail).toMatchObject({ schemaVersion: 1, target: 'infra', items: [{ kind: 'modified' }] });
    const drift = await ask<DriftDocument>(on, ['drift', 'network', ...named], 1);
    documents.isDrift(drift);
    expect(drift.apps[0]?.items[0]).toMatchObject({
      subject: expect.stringContaining('Queue'),
      owner: 'CloudFormation drift',
    });
    documents.isDrift(await ask<DriftDocument>(on, ['drift', 'web', ...named]));
    await setTimeoutOfQueue(45);
  }, 400_000);

  test('the command line says and does what it does on one machine', async () => {
    documents.isStatus(await ask<StatusDocument>(on, ['status', ...named]));
    const history = await ask<HistoryDocument>(on, ['history', 'web', ...named]);
    documents.isHistory(history);
    expect(history.runs.map(({ trigger }) => trigger)).toEqual(expect.arrayContaining(['push', 'image', 'drift']));
    const say = async (...words: readonly string[]): Promise<void> =>
      documents.isVerb(await ask<VerbDocument>(on, [...words, ...named]));
    const web = async (what: string, fits: (app: StatusDocument['apps'][number]) => boolean) =>
      await untilApps(on, (apps) => apps.some((app) => app.name === 'web' && fits(app)), { what });

    await say('rollback', 'web');
    await web('rolled back', (app) => app.pin !== undefined && app.run === undefined && app.sync === 'Synced');
    expect((await images()).cluster).toBe(`${image}:1.1.0`);
    await say('resume', 'web');
    await web('at the head', (app) => app.pin === undefined && app.sync === 'Synced' && app.run === undefined);
    expect((await images()).cluster).toBe(`${image}:1.2.0`);

    await say('suspend', 'web');
    await web('suspended', (app) => app.suspended === true);
    await say('resume', 'web');
    await say('sync', 'web');
    await web('resumed', (app) => app.suspended !== true && app.sync === 'Synced');

    documents.isDeadLetters(await ask<DeadLetterDocument>(on, ['dlq', 'list', ...named]));
    expect(await run(on, ['doctor', ...named])).toContain('Holdfast');
    expect(await run(on, ['history', 'nothing', ...named], 2)).toBe('');
    expect(await run(on, ['status', '--stack', 'Elsewhere'], 2)).toBe('');
  }, 300_000);
});
