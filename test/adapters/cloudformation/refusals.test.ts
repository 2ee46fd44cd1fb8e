// What the CloudFormation target refuses, holds or explains, and that it then changes nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { eventually } from '../../support/eventually.ts';
import { application, StackApp } from '../../support/stacks/run-target.ts';
import { failureOf, openStackWorld, queueTemplate, type StackWorld } from '../../support/stacks/world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = await openStackWorld();
});
afterAll(async () => await world.close());

test('what fails tells the root cause, is taken back, and is not retryable', async () => {
  const app = world.app('fails').want(queueTemplate(30));
  await app.sync();
  const cause = await failureOf(app.want(queueTemplate(99_999)).sync());
  expect(cause).toMatchObject({ code: 'StackUpdateFailed', source: 'user', retryable: false });
  expect(cause.message).toContain(
    'failed at Queue (AWS::SQS::Queue): Resource handler returned message: "Value 99999 for parameter VisibilityTimeout is invalid.',
  );
  expect(cause.message).toContain('taken back to the last good state (UPDATE_ROLLBACK_COMPLETE)');
  expect(world.live('fails', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  // The last good revision wanted again: nothing to write, and healthy.
  const back = await app.want(queueTemplate(30)).sync();
  expect(back.plan.changes).toEqual([]);
  expect((await app.observe()).health.health).toBe('Healthy');
});

test("a first deployment that fails is explained, and begins anew only by a person's word", async () => {
  const app = world.app('never').want(queueTemplate(99_999));
  const cause = await failureOf(app.sync());
  expect(cause).toMatchObject({ code: 'StackCreateFailed', retryable: false, next: 'holdfast sync never --prune' });
  app.want(queueTemplate(30));
  const again = await failureOf(app.sync());
  expect(again).toMatchObject({ code: 'StackNeverCreated', retryable: false });
  expect(again.reason).toContain('Queue (AWS::SQS::Queue)');
  expect(await world.status('never')).toBe('ROLLBACK_COMPLETE');
  await app.sync({ prune: { enabled: true, confirmed: true } });
  expect(await world.status('never')).toBe('CREATE_COMPLETE');
});

test('a template that early validation refuses is a failure with file and line; no empty stack stays', async () => {
  const app = world.app('refused').want(queueTemplate('thirty'));
  const cause = await failureOf(app.sync());
  expect(cause).toMatchObject({ code: 'StackRefused', source: 'user', retryable: false });
  expect(cause.message).toContain('refused.yaml:6:18 #/VisibilityTimeout: expected type: integer, found: string');
  await eventually(() => world.isGone('refused'));
});

test('IAM resources without the capability: the next step is named', async () => {
  const app = world
    .app('iam')
    .want('Resources:\n  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n');
  expect(await failureOf(app.sync())).toMatchObject({
    code: 'StackCapabilities',
    next: 'In holdfast.yaml: stack: {capabilities: [CAPABILITY_IAM]} of iam',
  });
  const prepared = await app.want(app.body, { capabilities: ['CAPABILITY_IAM'] }).sync();
  expect(prepared.plan.changes[0]?.risk).toBe('medium');
});

test('a stack of another application or installation is refused by name, and taken over only on purpose', async () => {
  const first = world.app('owned').want(queueTemplate(30));
  await first.sync();
  const second = new StackApp(world.target, application({ name: 'owned' }, { id: 'root/other', name: 'other' })).want(
    queueTemplate(31),
  );
  expect(await failureOf(second.sync())).toMatchObject({
    code: 'StackOwnedElsewhere',
    message: 'Stack owned belongs to application root/owned of this installation',
  });
  const third = world.app('owned').want(queueTemplate(31));
  third.installation = 'elsewhere';
  expect((await failureOf(third.sync())).message).toContain('the Holdfast installation "local"');
  third.app = { ...third.app, adoptFrom: ['local'] };
  const taken = await third.sync();
  expect(taken.plan.changes[0]).toMatchObject({ action: 'adopt' });
  expect(world.live('owned', 'Queue')).toEqual({ VisibilityTimeout: 31 });
});

test('losing data is held until a person says so', async () => {
  const bucket = (name: string) => `Resources:\n  Data: {Type: AWS::S3::Bucket, Properties: {BucketName: ${name}}}\n`;
  const app = world.app('data').want(bucket('first-name'));
  await app.sync();
  const held = await app.want(bucket('second-name')).prepare();
  expect(held.holds).toMatchObject([{ code: 'DataLoss', source: 'user', retryable: false }]);
  expect(held.plan.changes).toMatchObject([
    { action: 'replace', risk: 'high', note: 'BucketName cannot be changed in place' },
  ]);
  await world.target.discard(held, app.context());
  const confirmed = await app.prepare({ prune: { enabled: true, confirmed: true } });
  expect(confirmed.holds).toEqual([]);
  await app.act(confirmed);
  expect(world.live('data', 'Data')).toEqual({ BucketName: 'second-name' });
});

test('the guard stops a worker without a lease before it writes', async () => {
  const app = world.app('guarded').want(queueTemplate(30));
  app.guard = () => {
    throw new TypeError('lease lost');
  };
  await expect(app.prepare()).rejects.toThrow('lease lost');
  await expect(world.status('guarded')).rejects.toThrow('does not exist');
});

test('an endpoint that does not answer is a retryable fault of the remote side', async () => {
  const dead = createCloudFormationTarget({
    name: 'dead',
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:1',
    sandbox: true,
  });
  const app = new StackApp(dead, application({ name: 'dead' })).want(queueTemplate(30));
  expect(await failureOf(app.observe())).toMatchObject({
    code: 'TargetUnavailable',
    source: 'remote',
    retryable: true,
  });
  await dead.close();
});

test('a local nested template and a template that is too large are refused with place and way out', async () => {
  const nested = world
    .app('nested')
    .want('Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ./child.yaml}\n');
  expect((await failureOf(nested.sync())).message).toContain('nested.yaml:4:18 names the local file "./child.yaml"');
  const large = world.app('large').want(`${queueTemplate(30)}Description: ${'x'.repeat(52_000)}\n`);
  expect(await failureOf(large.sync())).toMatchObject({ code: 'StackTemplateTooLarge' });
  const padded = world.app('padded').want(`${queueTemplate(30)}#${'x'.repeat(52_000)}\n`);
  await padded.sync();
  expect(await world.status('padded')).toBe('CREATE_COMPLETE');
});

test('nothing is written to another account than the target names', async () => {
  const { endpoint, region } = world.stacks;
  const other = createCloudFormationTarget({ name: 'demo', region, endpoint, sandbox: true, account: '222222222222' });
  const app = new StackApp(other, application({ name: 'account' })).want(queueTemplate(30));
  expect(await failureOf(app.sync())).toMatchObject({ code: 'StackWrongAccount', source: 'user' });
  await eventually(() => world.isGone('account'));
  await other.close();
});

test('a role of another account, an unknown macro and an unknown type are refused before anything is made', async () => {
  const role = world.app('role').want(queueTemplate(30), { roleArn: 'arn:aws:iam::999999999999:role/deploy' });
  const known = createCloudFormationTarget({
    name: 'demo',
    region: world.stacks.region,
    endpoint: world.stacks.endpoint,
    sandbox: true,
    account: world.stacks.account,
  });
  const elsewhere = new StackApp(known, role.app).want(role.body);
  expect(await failureOf(elsewhere.sync())).toMatchObject({ code: 'StackRoleElsewhere' });
  await known.close();
  const macro = world.app('macro').want(`Transform: Unheard\n${queueTemplate(30)}`);
  expect((await failureOf(macro.sync())).message).toBe(
    'CloudFormation refuses the template of stack macro: No transform named Unheard found.',
  );
  const type = world.app('type').want('Resources:\n  A: {Type: AWS::Nothing::Here}\n');
  expect((await failureOf(type.sync())).message).toContain('Unrecognized resource types: [AWS::Nothing::Here]');
  for (const name of ['role', 'macro', 'type']) expect(await world.isGone(name)).toBe(true);
});
