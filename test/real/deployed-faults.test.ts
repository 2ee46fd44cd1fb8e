// The deployed stack when AWS fails it: workers killed in the middle, calls throttled, the table out of reach, objects gone,
// messages that nobody can read. Nothing is lost, nothing is done twice, and what is wrong is said.
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, ListObjectsV2Command, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeadLetterDocument } from '../../lib/web/views.ts';
import { alarmHeard } from '../support/aws/alarms.ts';
import { type Delivery, configMap, deliveryTo, namespaceManifest, slowStack } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { everyNth, type FaultEndpoint, startFaultEndpoint } from '../support/aws/fault-endpoint.ts';
import { invoke, killWorkers, logOf, secretsInLogs, visibility } from '../support/aws/functions.ts';
import { grantCluster, grantRole, targetRoleArn } from '../support/aws/grants.ts';
import { holdWrites, type HeldWrites } from '../support/aws/held-writes.ts';
import { eventually } from '../support/eventually.ts';

let on: Deployment;
let git: Delivery;
let faults: FaultEndpoint;
let writes: HeldWrites;

beforeAll(async () => {
  faults = await startFaultEndpoint();
  on = await startDeployment({
    env: faults.env,
    before: async (aws) => {
      await faults.aim(aws);
      await grantRole(aws);
    },
    context: { targetRoles: JSON.stringify(['arn:aws:iam::111122223333:role/holdfast-target']) },
  });
  await grantCluster(on.aws, on.plane, on.cluster);
  git = deliveryTo(on);
  writes = await holdWrites(on.aws, on.plane, 'many');
  const first = await git.push({
    'holdfast.yaml': config(),
    'web/namespace.yaml': namespaceManifest('web'),
    'web/settings.yaml': configMap('settings', { text: 'first' }),
    'many/namespace.yaml': namespaceManifest('many'),
    ...many('first'),
    'slow.yaml': slow(0, 'first'),
  });
  await git.applied(first, ['web', 'many', 'slow']);
}, 300_000);

afterAll(async () => {
  const shown = on === undefined ? [] : await secretsInLogs(on.aws, on.outputs);
  await writes?.close();
  await on?.close();
  await faults?.close();
  if (shown.length > 0) throw new Error(`secrets in logs: ${shown.join(', ')}`);
}, 60_000);

afterEach(() => {
  faults.set();
  faults.release();
  writes.release();
});

const config = () => `version: 1
targets:
  prod: { eks: { cluster: prod, region: eu-west-1, roleArn: '${targetRoleArn(on.aws)}' } }
  infra: { cloudformation: { region: eu-west-1, account: '111122223333', roleArn: '${targetRoleArn(on.aws)}' } }
apps:
  - { name: web, path: web, target: prod, namespace: web }
  - { name: many, path: many, target: prod, namespace: many }
  - { name: slow, path: slow.yaml, target: infra, stack: { name: slow } }
`;

const count = 40;
const names = Array.from({ length: count }, (_, at) => `object-${at}`);
const many = (text: string) =>
  Object.fromEntries(names.map((name) => [`many/${name}.yaml`, configMap(name, { text })]));
const slow = (seconds: number, text: string) => slowStack('slow', targetRoleArn(on.aws), seconds, text);
/** The bodies of all calls of an operation: its parameters, and what makes it the same call when it is repeated. */
const calls = (operation: string) =>
  faults.calls.filter((call) => call.operation === operation).map(({ body }) => body);
const tick = async () => await invoke(on.aws, on.outputs['TickFunction']);

test('workers killed while they write to a cluster and while a stack update begins', async () => {
  const [executed, made] = [calls('ExecuteChangeSet').length, calls('CreateChangeSet').length];
  writes.hold(count / 2);
  // The change set is executed, and the worker never hears of it.
  faults.set(({ operation }) => (operation === 'ExecuteChangeSet' ? 'hold-answer' : undefined));
  const revision = await git.push({ ...many('killed'), 'slow.yaml': slow(3, 'killed') });
  await eventually(() => writes.held.length > 0 && calls('ExecuteChangeSet').length > executed, {
    within: 60_000,
    what: 'both in the middle',
  });
  expect(await killWorkers(on.aws, on.outputs['ReconcileFunction'] ?? '')).toBeGreaterThan(0);
  writes.release();
  faults.release();
  faults.set();
  const ticks = setInterval(() => void tick(), 3_000);
  try {
    await git.applied(revision, ['many', 'slow'], 150_000);
  } finally {
    clearInterval(ticks);
  }
  for (const name of names) expect(await git.data('many', name)).toEqual({ text: 'killed' });
  // The same call may come again, with the same token; another one never.
  expect(new Set(calls('ExecuteChangeSet').slice(executed)).size).toBe(1);
  expect(new Set(calls('CreateChangeSet').slice(made)).size).toBe(1);
  for (const app of ['many', 'slow']) expect(await outcomes(app, revision)).toEqual(['succeeded']);
}, 240_000);

test('every fourth call to AWS is throttled, every seventh refused', async () => {
  const [throttled, lost] = [everyNth(4, 'throttle'), everyNth(7, 'unavailable')];
  faults.set(() => throttled() ?? lost());
  const revision = await git.push({
    'web/settings.yaml': configMap('settings', { text: 'throttled' }),
    'slow.yaml': slow(0, 'throttled'),
  });
  await git.applied(revision, ['web', 'slow']);
  const hit = new Set(faults.calls.filter(({ fault }) => fault !== undefined).map(({ service }) => service));
  expect([...hit].sort()).toEqual(expect.arrayContaining(['cloudformation', 'dynamodb', 's3']));
  expect(await git.data('web', 'settings')).toEqual({ text: 'throttled' });
}, 180_000);

test('the table is out of reach', async () => {
  await visibility(on.aws, on.outputs['SourceQueueUrl'], 2);
  faults.set(({ service }) => (service === 'dynamodb' ? 'refuse' : undefined));
  const revision = await git.push({ 'web/settings.yaml': configMap('settings', { text: 'unreachable' }) });
  await eventually(async () => /StoreUnavailable/.test(await logOf(on.aws, 'Source')), { within: 60_000, every: 500 });
  const status = await on.cli('status', '--stack', 'Holdfast');
  expect(status.code).not.toBe(0);
  expect(status.output).toMatch(/does not answer/);
  expect(await git.data('web', 'settings')).not.toEqual({ text: 'unreachable' });
  faults.set();
  // Nobody rings: the message comes back by itself.
  await git.applied(revision, ['web']);
  await visibility(on.aws, on.outputs['SourceQueueUrl'], 180);
}, 180_000);

test('credentials that have expired', async () => {
  faults.set(({ service }) => (service === 'sts' ? 'expired' : undefined));
  // With the workers go the credentials that they keep.
  await killWorkers(on.aws, on.outputs['ReconcileFunction'] ?? '');
  const revision = await git.push({ 'web/settings.yaml': configMap('settings', { text: 'expired' }) });
  expect(await git.says(/^web: .*cannot be assumed \(ExpiredToken/)).toContain(targetRoleArn(on.aws));
  expect(await git.data('web', 'settings')).not.toEqual({ text: 'expired' });
  faults.set();
  await git.applied(revision, ['web']);
}, 180_000);

test('redeployed with changed code in the middle of a stack update, and what was planned is gone from the bucket', async () => {
  const [executed, made] = [calls('ExecuteChangeSet').length, calls('CreateChangeSet').length];
  const revision = await git.push({ 'slow.yaml': slow(12, 'redeployed') });
  await eventually(async () => (await git.stackStatus('slow')) === 'UPDATE_IN_PROGRESS', {
    within: 60_000,
    every: 200,
  });
  await eventually(async () => (await deleteBlobs('prepared/')) > 0, { within: 20_000, every: 200 });
  await on.cdk('deploy', { logLevel: 'DEBUG' });
  await git.applied(revision, ['slow']);
  expect(new Set(calls('ExecuteChangeSet').slice(executed)).size).toBe(1);
  expect(new Set(calls('CreateChangeSet').slice(made)).size).toBe(1);
  expect(await outcomes('slow', revision)).toEqual(['succeeded']);
  expect(await logOf(on.aws, 'StackEvent')).toContain('slow: UPDATE_COMPLETE');
}, 240_000);

test('inputs and desired states that are gone are made again', async () => {
  const gone = [await deleteBlobs('bundle/'), await deleteBlobs('desired/'), await deleteBlobs('rendered/')];
  expect(gone.every((deleted) => deleted > 0)).toBe(true);
  const before = (await git.history('web')).length;
  const asked = await on.cli('sync', 'web', '--stack', 'Holdfast');
  expect(asked.output).toMatch(/web/);
  await eventually(
    async () => (await git.history('web'))[0]?.outcome === 'succeeded' && (await git.history('web')).length > before,
    {
      within: 90_000,
      every: 500,
    },
  );
  expect(await logOf(on.aws, 'Reconcile')).toContain('are being fetched again');
}, 120_000);

test('an inventory that is gone: nothing is written or pruned until it is restored', async () => {
  await git.applied(await git.push({ 'web/extra.yaml': configMap('extra', { a: '1' }) }), ['web']);
  await deleteBlobs('inventory/');
  const revision = await git.push({ 'web/extra.yaml': '' });
  expect(await git.says(/^web: .*inventory .* is gone; nothing is written or pruned/)).toBeTruthy();
  expect(await git.data('web', 'extra')).toEqual({ a: '1' });
  await restoreBlobs('inventory/');
  await git.applied(revision, ['web']);
  expect(await git.data('web', 'extra')).toBeUndefined();
}, 120_000);

test('messages that nobody can read end among the dead letters and hold up nobody; the alarm tells', async () => {
  const poison = 'no row of ours';
  const queues = [on.outputs['SourceQueueUrl'], on.outputs['ReconcileQueueUrl']];
  const sqs = new SQSClient(on.aws.clientConfig());
  const letters = async () => {
    const { output, stdout } = await on.cli('dlq', 'list', '--stack', 'Holdfast', '-o', 'json');
    const found = (JSON.parse(stdout) as DeadLetterDocument).letters.filter(({ body }) => body === poison);
    if (found.length !== 2) throw new Error(output);
    return found;
  };
  for (const QueueUrl of queues) {
    await visibility(on.aws, QueueUrl, 1);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: poison }));
  }
  const revision = await git.push({ 'web/settings.yaml': configMap('settings', { text: 'beside poison' }) });
  await git.applied(revision, ['web']);
  const first = await eventually(letters, { within: 90_000, every: 1_000, what: 'two dead letters' });
  expect(first.map(({ queue }) => queue).sort()).toEqual(['reconcile', 'source']);
  expect(await logOf(on.aws, 'Source')).toContain('EventMalformed');
  expect((await on.cli('dlq', 'redrive', '--stack', 'Holdfast')).stdout).toMatch(/^\d+ sent again$/m);
  const known = new Set(first.map(({ id }) => id));
  await eventually(async () => (await letters()).every(({ id }) => !known.has(id)), { within: 90_000, every: 1_000 });
  for (const QueueUrl of queues) await visibility(on.aws, QueueUrl, 180);
  expect(await alarmHeard(on.aws, on.outputs['SourceDlqUrl'] ?? '')).toMatch(/ALARM/);
}, 240_000);

test('a row that a newer version wrote is refused and not written, and holds up nobody else', async () => {
  const table = new DynamoDBClient(on.aws.clientConfig());
  const place = { TableName: on.outputs['TableName'], Key: { pk: { S: 'row#app' }, sk: { S: 'app/root/web' } } };
  const format = async (v: number) =>
    await table.send(
      new UpdateItemCommand({
        ...place,
        UpdateExpression: 'SET v = :v',
        ExpressionAttributeValues: { ':v': { N: String(v) } },
      }),
    );
  await format(2);
  const before = await table.send(new GetItemCommand({ ...place, ConsistentRead: true }));
  const revision = await git.push({
    'web/settings.yaml': configMap('settings', { text: 'newer' }),
    ...many('beside a newer row'),
  });
  try {
    // The others go on; the status says which one does not, and why.
    await git.applied(revision, ['many']);
    const status = await on.cli('status', '--stack', 'Holdfast');
    expect(status.output).toContain('app/root/web was written by a newer version of Holdfast');
    expect((await table.send(new GetItemCommand({ ...place, ConsistentRead: true }))).Item).toEqual(before.Item);
  } finally {
    await format(1);
  }
  // A version that can read it goes on without a new commit.
  await on.cli('sync', 'web', '--stack', 'Holdfast');
  await git.applied(revision, ['web', 'many']);
}, 180_000);

async function outcomes(app: string, revision: string): Promise<readonly string[]> {
  return (await git.history(app)).filter((run) => run.revision === revision).map((run) => run.outcome);
}

/** Puts delete markers, as somebody does who empties a folder of the bucket; answers how many. */
async function deleteBlobs(prefix: string): Promise<number> {
  const s3 = new S3Client({ ...on.aws.clientConfig(), forcePathStyle: true });
  const Bucket = on.outputs['BucketName'];
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
  for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  return Contents.length;
}

/** Takes the delete markers away again. */
async function restoreBlobs(prefix: string): Promise<void> {
  const s3 = new S3Client({ ...on.aws.clientConfig(), forcePathStyle: true });
  const Bucket = on.outputs['BucketName'];
  const { DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: prefix }));
  for (const { Key, VersionId } of DeleteMarkers) await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
}
