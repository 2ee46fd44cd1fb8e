// The deployed stack when AWS fails it: workers killed in the middle, calls throttled, the table out of reach, objects gone,
// messages that nobody can read. Nothing is lost, nothing is done twice, and what is wrong is said.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Delivery, configMap, deliveryTo, namespaceManifest, slowStack } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { everyNth, type FaultEndpoint, startFaultEndpoint } from '../support/aws/fault-endpoint.ts';
import { invoke, killWorkers, logOf, visibility } from '../support/aws/functions.ts';
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
  await writes?.close();
  await on?.close();
  await faults?.close();
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
  for (const app of ['many', 'slow']) {
    const runs = (await git.history(app)).filter((run) => run.revision === revision);
    expect(runs.map((run) => run.outcome)).toEqual(['succeeded']);
  }
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
  expect(await git.data('web', 'settings')).not.toEqual({ text: 'unreachable' });
  faults.set();
  // Nobody rings: the message comes back by itself.
  await git.applied(revision, ['web']);
  await visibility(on.aws, on.outputs['SourceQueueUrl'], 180);
}, 180_000);
