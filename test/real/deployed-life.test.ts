// The life of installations: connected by hand, a second one in the same account that follows CodeCommit, one removed and deployed again.
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectDocument } from '../../lib/cli/connect-text.ts';
import type { AppStatus, StatusDocument } from '../../lib/web/views.ts';
import { type FakeCodeCommit, startFakeCodeCommit } from '../support/aws/codecommit.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { allAt, ask, kubeGet, run, untilApps, type WorkCopy, workCopy } from '../support/aws/fleet.ts';
import { grantCluster, grantRole, targetRoleArn } from '../support/aws/grants.ts';
import type { Ministack } from '../support/aws/ministack/start.ts';
import { sessionKey } from '../support/aws/session-keys.ts';

const token = 'glpat-0123456789abcdef';
const otherStack = 'HoldfastOther';
const otherRole = 'other-target';

let dir: string;
let codecommit: FakeCodeCommit;
let on: Deployment;
let work: WorkCopy;
let otherWork: WorkCopy;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-life-'));
  let emulator: Ministack | undefined;
  codecommit = await startFakeCodeCommit({
    directory: dir,
    region: 'eu-west-1',
    keys: {},
    lookUp: async (key) => (emulator === undefined ? undefined : await sessionKey(emulator, key)),
  });
  await codecommit.host.create('fleet');
  on = await startDeployment({
    connected: false,
    env: { AWS_ENDPOINT_URL_CODECOMMIT: codecommit.endpoint },
    gitToken: token,
    moreStacks: [otherStack],
    before: async (aws) => {
      emulator = aws;
      await grantRole(aws);
      await grantRole(aws, 'other', otherRole);
    },
    context: { targetRoles: JSON.stringify(['arn:aws:iam::111122223333:role/holdfast-target']) },
  });
  await grantCluster(on.aws, on.plane, on.cluster);
  await grantCluster(on.aws, on.plane, on.cluster, otherRole);
  await writeFile(`${on.dir}/token`, `${token}\n`, { mode: 0o600 });
  work = workCopy(`${on.dir}/work`, withToken(on.repository));
  otherWork = workCopy(`${on.dir}/other`, codecommit.host.path('fleet'));
}, 600_000);

afterAll(async () => {
  await on?.close();
  await codecommit?.close();
  await rm(dir, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

const withToken = (url: string): string => url.replace('http://', `http://ada:${token}@`);
const fleetUrl = 'https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/fleet';

interface Fleet {
  readonly role: string;
  readonly namespace: string;
  readonly stack: string;
  readonly greeting: string;
}

const first = { namespace: 'shop', stack: 'network', greeting: 'hello' };

function files({ role, namespace, stack, greeting }: Fleet) {
  return {
    'holdfast.yaml': `version: 1
targets:
  prod: { eks: { cluster: prod, region: eu-west-1, roleArn: '${role}' } }
  infra: { cloudformation: { region: eu-west-1, account: '111122223333', roleArn: '${role}' } }
apps:
  - { name: web, path: apps/web, target: prod, namespace: ${namespace} }
  - { name: network, path: stacks/network.yaml, target: infra, stack: { name: ${stack} } }
`,
    'apps/web/namespace.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${namespace} }\n`,
    'apps/web/settings.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { greeting: ${greeting} }\n`,
    'stacks/network.yaml': `Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: { QueueName: ${stack}-queue, VisibilityTimeout: ${greeting.length + 40} }\n`,
  };
}

const mine = (greeting: string) => files({ ...first, role: targetRoleArn(on.aws), greeting });
const others = (more: Partial<Fleet> = {}) =>
  files({
    role: targetRoleArn(on.aws, otherRole),
    namespace: 'other',
    stack: 'other-network',
    greeting: 'hi',
    ...more,
  });

const greeting = async (namespace: string): Promise<unknown> =>
  (await kubeGet<{ readonly data: { greeting: string } }>(on, '-n', namespace, 'cm', 'settings')).data.greeting;

async function stackStatus(name: string): Promise<string | undefined> {
  const client = new CloudFormationClient(on.aws.clientConfig());
  return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0]?.StackStatus;
}

const connect = async (stack: string, url: string): Promise<ConnectDocument> =>
  await ask<ConnectDocument>(on, ['connect', url, '--stack', stack, '--token-file', `${on.dir}/token`]);

const bothMade = ['CREATE_COMPLETE', 'CREATE_COMPLETE'];

/** Outcome and message of every application, once they all speak of another installation. */
async function refusal(stack: string, owner: string): Promise<unknown> {
  const owned = (app: AppStatus): boolean => app.message.includes(`installation "${owner}"`);
  const refused = await untilApps(on, (apps) => apps.every(owned), { stack, what: `a refusal because of ${owner}` });
  return Object.fromEntries(refused.map(({ name, message, lastRun }) => [name, [lastRun?.outcome, message]]));
}

const refusedBecauseOf = (owner: string, namespace: string, stack: string) => ({
  web: [
    'held',
    expect.stringContaining(`Namespace/${namespace} carries the marks of the Holdfast installation "${owner}"`),
  ],
  network: ['failed', expect.stringContaining(`Stack ${stack} belongs to the Holdfast installation "${owner}"`)],
});

/** As CodeCommit tells of a push. */
async function tellOfPush(commitId: string): Promise<void> {
  const detail = {
    event: 'referenceUpdated',
    repositoryName: 'fleet',
    repositoryId: '00000000-1111-2222-3333-444444444444',
    referenceType: 'branch',
    referenceName: 'main',
    referenceFullName: 'refs/heads/main',
    commitId,
  };
  const entry = {
    Source: 'aws.codecommit',
    DetailType: 'CodeCommit Repository State Change',
    Detail: JSON.stringify(detail),
    Resources: [`arn:aws:codecommit:eu-west-1:${on.aws.accountId}:fleet`],
  };
  const { Entries } = await new EventBridgeClient(on.aws.clientConfig()).send(
    new PutEventsCommand({ Entries: [entry] }),
  );
  expect(Entries).toEqual([{ EventId: expect.any(String) }]);
}

describe('the life of installations', { shuffle: false }, () => {
  test('an installation without a repository waits; connect gives it one, and what is there is carried out unasked', async () => {
    const before = await ask<StatusDocument>(on, ['status', '--stack', 'Holdfast']);
    expect(before.apps).toEqual([]);
    const head = await work.push(mine('hello'));
    expect(await run(on, ['connect', on.repository, '--stack', 'Holdfast'], 4)).toBe('');
    const connected = await connect('Holdfast', on.repository);
    expect(connected).toMatchObject({
      stack: 'Holdfast',
      repository: { url: on.repository, host: 'generic', branch: 'main', head },
      token: 'stored',
      webhook: { state: 'paste', ping: { state: 'seen', by: 'holdfast' }, events: ['push'] },
    });
    expect(JSON.stringify(connected)).not.toContain(token);
    const secret = new GetSecretValueCommand({ SecretId: on.outputs['GitSecretArn'] });
    const { SecretString } = await new SecretsManagerClient(on.aws.clientConfig()).send(secret);
    expect(JSON.parse(SecretString ?? '')).toEqual({ root: { token } });
    await untilApps(on, allAt(head, 2));
    expect([await greeting('shop'), await stackStatus('network')]).toEqual(['hello', 'CREATE_COMPLETE']);
  }, 300_000);

  test('a second installation lives beside it, follows CodeCommit, and neither takes what is the other one’s', async () => {
    const head = await otherWork.push(others());
    await on.cdk('deploy', {
      prefix: 'other',
      stackName: otherStack,
      root: JSON.stringify({ url: fleetUrl, branch: 'main' }),
      targetRoles: JSON.stringify([targetRoleArn(on.aws, otherRole)]),
    });
    const stack = otherStack;
    await tellOfPush(head);
    const applied = await untilApps(on, allAt(head, 2), { stack });
    expect(applied.map(({ lastRun }) => lastRun?.trigger)).toEqual(['push', 'push']);
    expect(codecommit.requests.filter(({ status }) => status !== 200)).toEqual([]);
    expect(codecommit.requests).not.toEqual([]);
    expect([await greeting('shop'), await greeting('other')]).toEqual(['hello', 'hi']);

    await tellOfPush(await otherWork.push(others({ namespace: first.namespace, stack: first.stack })));
    expect(await refusal(stack, 'holdfast')).toEqual(refusedBecauseOf('holdfast', 'shop', 'network'));
    await on.deliver(
      await work.push(files({ ...first, role: targetRoleArn(on.aws), namespace: 'other', stack: 'other-network' })),
    );
    expect(await refusal('Holdfast', 'other')).toEqual(refusedBecauseOf('other', 'other', 'other-network'));
    expect([await greeting('shop'), await greeting('other')]).toEqual(['hello', 'hi']);
    expect([await stackStatus('network'), await stackStatus('other-network')]).toEqual(bothMade);

    const back = await otherWork.push(others());
    await tellOfPush(back);
    await untilApps(on, allAt(back, 2), { stack });
    const mineAgain = await work.push(mine('hello'));
    await on.deliver(mineAgain);
    await untilApps(on, allAt(mineAgain, 2));
    expect([await stackStatus('network'), await stackStatus('other-network')]).toEqual(bothMade);
  }, 400_000);

  test('destroy keeps what was delivered and what is remembered; a new installation of the name goes on', async () => {
    await on.cdk('destroy');
    await expect(stackStatus('Holdfast')).rejects.toThrow(/does not exist/);
    expect([await greeting('shop'), await stackStatus('network')]).toEqual(['hello', 'CREATE_COMPLETE']);
    await new DynamoDBClient(on.aws.clientConfig()).send(
      new DescribeTableCommand({ TableName: on.outputs['TableName'] }),
    );
    await new S3Client(on.aws.clientConfig()).send(new HeadBucketCommand({ Bucket: on.outputs['BucketName'] }));
    const secrets = new SecretsManagerClient(on.aws.clientConfig());
    for (const name of ['KeySecretArn', 'WebhookSecretArn', 'GitSecretArn'])
      await secrets.send(new GetSecretValueCommand({ SecretId: on.outputs[name] }));

    const alone = await otherWork.push(others({ greeting: 'still here' }));
    await tellOfPush(alone);
    await untilApps(on, allAt(alone, 2), { stack: otherStack });

    await on.cdk('deploy');
    const outputs = await on.outputsOf('Holdfast');
    const same = ['TableName', 'BucketName', 'KeySecretArn'].filter((name) => outputs[name] === on.outputs[name]);
    expect(same).toEqual([]);
    const head = await work.push(mine('welcome'));
    await connect('Holdfast', on.repository);
    expect((await on.deliver(head, { outputs })).status).toBe(202);
    await untilApps(on, allAt(head, 2));
    expect([await greeting('shop'), await stackStatus('network')]).toEqual(['welcome', 'UPDATE_COMPLETE']);
    expect(await greeting('other')).toBe('still here');
  }, 400_000);
});
