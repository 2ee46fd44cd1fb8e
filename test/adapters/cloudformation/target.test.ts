// The CloudFormation target against the sandbox's stacks, through the real SDK client.
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { type SandboxStacks, startSandboxStacks } from '../../../lib/adapters/sandbox/stacks/server.ts';
import type { Target } from '../../../lib/core/plan/target.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import { application, finish, lines, StackApp, type StepFailed } from '../../support/stacks/run-target.ts';

let stacks: SandboxStacks;
let target: Target;
let aws: CloudFormationClient;
const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));

beforeAll(async () => {
  stacks = await startSandboxStacks({ dataDir, stepMs: 10 });
  const { endpoint, region } = stacks;
  target = createCloudFormationTarget({ name: 'demo', region, endpoint, sandbox: true });
  aws = new CloudFormationClient({ endpoint, region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
});

afterAll(async () => {
  await target.close();
  aws.destroy();
  await stacks.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const queue = (timeout: number | string, more = '') => `Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: ${timeout}}
  Note:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Sub "\${Stage} \${Queue.Arn}"}
${more}`;

const stackApp = (name: string) => new StackApp(target, application({ name }));
const failure = async (work: Promise<unknown>) =>
  (
    (await work.then(
      () => undefined,
      (error: unknown) => error,
    )) as StepFailed
  ).cause;
const status = async (name: string) => {
  const { Stacks } = await aws.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0]?.StackStatus;
};
const live = (name: string, resource: string) =>
  stacks.liveResource(name, resource)?.['properties'] as Record<string, unknown>;

/** Another tool deploys a stack. */
async function deployByHand(
  name: string,
  body: string,
  type: 'CREATE' | 'UPDATE',
  tags: Readonly<Record<string, string>> = {},
): Promise<void> {
  const ChangeSetName = `by-hand-${type}`;
  await aws.send(
    new CreateChangeSetCommand({
      StackName: name,
      ChangeSetName,
      ChangeSetType: type,
      TemplateBody: body,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  await eventually(async () => {
    await aws.send(new ExecuteChangeSetCommand({ StackName: name, ChangeSetName }));
    return true;
  });
  await eventually(async () => (await status(name))?.endsWith(`${type}_COMPLETE`));
}

test('a stack is created, is in sync, is updated, and a second plan has nothing to do', async () => {
  const app = stackApp('whole').want(queue(30));
  const missing = await app.observe();
  expect([missing.inSync, missing.health.health]).toEqual([false, 'Missing']);

  const created = await app.sync();
  expect(lines(created)).toEqual([
    'create Queue VisibilityTimeout: undefined -> 30',
    'create Note Type: undefined -> "String"',
    'create Note Value: undefined -> "(known after apply)"',
  ]);
  expect(created.plan.changes[0]?.source).toMatchObject({ file: 'whole.yaml', line: 4 });
  expect(live('whole', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  const seen = await app.observe();
  expect([seen.inSync, seen.health.message]).toEqual([true, 'stack whole: CREATE_COMPLETE']);
  expect(app.inventory.entries).toMatchObject([{ id: { stack: 'whole' }, origin: 'created' }]);

  app.want(queue(45), { parameters: { Stage: 'prod' } });
  expect((await app.observe('apply')).inSync).toBe(false);
  const updated = await app.sync();
  expect(lines(updated)[0]).toBe('update Queue VisibilityTimeout: "30" -> "45"');
  expect(lines(updated)[1]).toMatch(/^update Note Value: "dev arn.*" -> "prod arn/);
  expect(live('whole', 'Queue')).toEqual({ VisibilityTimeout: 45 });

  const nothing = await app.sync();
  expect([nothing.plan.changes, nothing.plan.unchanged, nothing.holds]).toEqual([[], 2, []]);
  expect((await app.observe()).inSync).toBe(true);
});

test('the same change has the same id in two plans, another value another id', async () => {
  const app = stackApp('ids').want(queue(30));
  await app.sync();
  app.want(queue(31));
  const [a, b] = [await app.prepare(), await app.prepare()];
  expect(a.plan.changes.map((change) => change.id)).toEqual(b.plan.changes.map((change) => change.id));
  expect(a.plan.digest).toBe(b.plan.digest);
  const other = await app.want(queue(32)).prepare();
  expect(other.plan.changes[0]?.id).not.toBe(a.plan.changes[0]?.id);
  for (const one of [a, b, other]) await target.discard(one, app.context());
});

test('a plan that is not executed leaves neither change set nor stack behind', async () => {
  const app = stackApp('plan-only').want(queue(30));
  const prepared = await app.prepare({ depth: 'full' });
  expect(await status('plan-only')).toBe('REVIEW_IN_PROGRESS');
  await target.discard(prepared, app.context());
  await eventually(async () => (await app.observe()).health.health === 'Missing');
  await expect(status('plan-only')).rejects.toThrow('Stack with id plan-only does not exist');
});

test('what fails tells the root cause, is taken back, and is not retryable', async () => {
  const app = stackApp('fails').want(queue(30));
  await app.sync();
  const cause = await failure(app.want(queue(99_999)).sync());
  expect(cause).toMatchObject({ code: 'StackUpdateFailed', source: 'user', retryable: false });
  expect(cause.message).toContain(
    'failed at Queue (AWS::SQS::Queue): Resource handler returned message: "Value 99999 for parameter VisibilityTimeout is invalid.',
  );
  expect(cause.message).toContain('taken back to the last good state (UPDATE_ROLLBACK_COMPLETE)');
  expect(live('fails', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  // The last good revision wanted again: nothing to write, and healthy.
  const back = await app.want(queue(30)).sync();
  expect(back.plan.changes).toEqual([]);
  expect((await app.observe()).health.health).toBe('Healthy');
});

test("a first deployment that fails is explained, and begins anew only by a person's word", async () => {
  const app = stackApp('never').want(queue(99_999));
  const cause = await failure(app.sync());
  expect(cause).toMatchObject({ code: 'StackCreateFailed', retryable: false, next: 'holdfast sync never --prune' });
  app.want(queue(30));
  const again = await failure(app.sync());
  expect(again).toMatchObject({ code: 'StackNeverCreated', retryable: false });
  expect(again.reason).toContain('Queue (AWS::SQS::Queue)');
  expect(await status('never')).toBe('ROLLBACK_COMPLETE');
  await app.sync({ prune: { enabled: true, confirmed: true } });
  expect(await status('never')).toBe('CREATE_COMPLETE');
});

test('a template that early validation refuses is a failure with file and line; no empty stack stays', async () => {
  const app = stackApp('refused').want(queue('thirty'));
  const cause = await failure(app.sync());
  expect(cause).toMatchObject({ code: 'StackRefused', source: 'user', retryable: false });
  expect(cause.message).toContain('refused.yaml:6:18 #/VisibilityTimeout: expected type: integer, found: string');
  await eventually(
    async () =>
      await status('refused').then(
        () => false,
        () => true,
      ),
  );
});

test('IAM resources without the capability: the next step is named', async () => {
  const app = stackApp('iam').want(
    'Resources:\n  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n',
  );
  expect(await failure(app.sync())).toMatchObject({
    code: 'StackCapabilities',
    next: 'In holdfast.yaml: stack: {capabilities: [CAPABILITY_IAM]} of iam',
  });
  const prepared = await app.want(app.body, { capabilities: ['CAPABILITY_IAM'] }).sync();
  expect(prepared.plan.changes[0]?.risk).toBe('medium');
});

test('an existing stack is shown as adopted, nothing is written; the next change brings the tags', async () => {
  await deployByHand('theirs', queue(30), 'CREATE', { team: 'payments' });
  const app = stackApp('theirs').want(queue(30));
  const adopted = await app.sync();
  expect(lines(adopted)).toEqual(['adopt theirs']);
  expect(app.inventory.entries).toMatchObject([{ origin: 'adopted' }]);
  expect(await status('theirs')).toBe('CREATE_COMPLETE');
  expect((await app.observe()).inSync).toBe(true);
  expect((await app.sync()).plan.changes).toEqual([]);

  const updated = await app.want(queue(31)).sync();
  expect(lines(updated)).toContain('update theirs Tags[Key=holdfast.dev/app].Value: undefined -> "theirs"');
  expect(lines(updated)).toContain('update Queue VisibilityTimeout: "30" -> "31"');
  // Tags that somebody else gave the stack stay.
  expect(stacks.liveResource('theirs', 'Queue')).toMatchObject({ tags: { team: 'payments' } });
  expect((await app.observe()).inSync).toBe(true);
});

test('a stack of another application or installation is refused by name, and taken over only on purpose', async () => {
  const first = stackApp('owned').want(queue(30));
  await first.sync();
  const second = new StackApp(target, application({ name: 'owned' }, { id: 'root/other', name: 'other' })).want(
    queue(31),
  );
  expect(await failure(second.sync())).toMatchObject({
    code: 'StackOwnedElsewhere',
    message: 'Stack owned belongs to application root/owned of this installation',
  });
  const third = stackApp('owned').want(queue(31));
  third.installation = 'elsewhere';
  expect((await failure(third.sync())).message).toContain('the Holdfast installation "local"');
  third.app = { ...third.app, adoptFrom: ['local'] };
  const taken = await third.sync();
  expect(taken.plan.changes[0]).toMatchObject({ action: 'adopt' });
  expect(live('owned', 'Queue')).toEqual({ VisibilityTimeout: 31 });
});

test('a hand edit is drift, named by property, and healed by asserting the template again', async () => {
  const app = stackApp('drifts').want(queue(30));
  await app.sync();
  stacks.editLiveResource({ stack: 'drifts', logicalId: 'Queue', properties: { VisibilityTimeout: '77' } });
  const seen = await app.observe();
  expect(seen.inSync).toBe(false);
  expect(seen.drift).toEqual([
    {
      subject: { kind: 'resource', stack: 'drifts', logicalId: 'Queue', type: 'AWS::SQS::Queue' },
      kind: 'modified',
      owner: 'CloudFormation drift',
      fields: [{ path: 'VisibilityTimeout', before: '77', after: '30', owner: 'CloudFormation drift' }],
    },
  ]);
  const healed = await app.sync();
  expect(healed.holds).toEqual([]);
  expect(lines(healed)).toEqual(['update Queue VisibilityTimeout: "77" -> "30"']);
  expect(live('drifts', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  // What was found before the heal is not taken for what is.
  expect((await app.observe('apply')).drift).toEqual([]);
  expect((await app.observe()).drift).toEqual([]);
});

test('a resource deleted by hand is missing, and comes back', async () => {
  const app = stackApp('gone').want(queue(30));
  await app.sync();
  stacks.editLiveResource({ stack: 'gone', logicalId: 'Note', delete: true });
  expect((await app.observe()).drift).toMatchObject([{ kind: 'missing', subject: { logicalId: 'Note' } }]);
  await app.sync();
  expect(live('gone', 'Note')).toMatchObject({ Type: 'String' });
  expect((await app.observe()).inSync).toBe(true);
});

test('another template deployed over ours is found although CloudFormation calls it in sync', async () => {
  const app = stackApp('overwritten').want(queue(30));
  await app.sync();
  await deployByHand('overwritten', queue(60), 'UPDATE');
  const seen = await app.observe();
  expect(seen.drift).toMatchObject([{ kind: 'modified', owner: 'another CloudFormation update' }]);
  expect(seen.drift[0]?.fields.map((field) => field.path)).toEqual([
    'Template',
    'Tags[Key=holdfast.dev/app].Value',
    'Tags[Key=holdfast.dev/installation].Value',
    'Tags[Key=holdfast.dev/owner].Value',
  ]);
  const again = await app.sync();
  expect(again.plan.changes.map((change) => change.action)).not.toContain('adopt');
  expect(lines(again)).toContain('update Queue VisibilityTimeout: "60" -> "30"');
  expect((await app.observe()).inSync).toBe(true);
});

test('losing data is held until a person says so', async () => {
  const bucket = (name: string) => `Resources:\n  Data: {Type: AWS::S3::Bucket, Properties: {BucketName: ${name}}}\n`;
  const app = stackApp('data').want(bucket('first-name'));
  await app.sync();
  const held = await app.want(bucket('second-name')).prepare();
  expect(held.holds).toMatchObject([{ code: 'DataLoss', source: 'user', retryable: false }]);
  expect(held.plan.changes).toMatchObject([
    { action: 'replace', risk: 'high', note: 'BucketName cannot be changed in place' },
  ]);
  await target.discard(held, app.context());
  const confirmed = await app.prepare({ prune: { enabled: true, confirmed: true } });
  expect(confirmed.holds).toEqual([]);
  await app.act(confirmed);
  expect(live('data', 'Data')).toEqual({ BucketName: 'second-name' });
});

test('a stack changed between plan and execution is not touched, and planned again', async () => {
  const app = stackApp('raced').want(queue(30));
  await app.sync();
  const prepared = await app.want(queue(31)).prepare();
  await deployByHand('raced', queue(60), 'UPDATE');
  const cause = await failure(app.act(prepared));
  expect(cause).toMatchObject({ code: 'StackChanged', retryable: true });
  expect(live('raced', 'Queue')).toEqual({ VisibilityTimeout: 60 });
  await app.sync();
  expect(live('raced', 'Queue')).toEqual({ VisibilityTimeout: 31 });
});

test("somebody else's update is waited for", async () => {
  const slow = queue(30).replace('Properties: {Vis', 'Metadata: {Sandbox: {SlowMs: 400}}\n    Properties: {Vis');
  const app = stackApp('busy').want(slow);
  await app.sync();
  const other = stackApp('busy').want(slow.replace('30', '40'));
  other.inventory = app.inventory;
  const theirs = await other.prepare();
  const acting = other.act(theirs);
  await eventually(async () => (await status('busy')) === 'UPDATE_IN_PROGRESS');
  await app.want(slow.replace('30', '50')).sync();
  await acting;
  expect(app.notes.join('\n')).toContain('stack busy is UPDATE_IN_PROGRESS; waiting for that to end');
  expect(live('busy', 'Queue')).toEqual({ VisibilityTimeout: 50 });
});

test('a lost reply changes nothing: the same calls again lead to the same operation', async () => {
  const app = stackApp('twice').want(queue(30));
  const observation = await app.observe('apply');
  const request = app.request('apply');
  const context = app.context();
  // Both replies of "make the change set" are lost: no token was saved.
  await target.prepare(request, observation, context);
  await target.prepare(request, observation, context);
  const prepared = await finish((token) => target.prepare(request, observation, context, token));
  await target.act(request, prepared, context);
  await target.act(request, prepared, context);
  const result = await finish((token) => target.act(request, prepared, context, token));
  expect(result.applied).toBe(2);
  expect(await status('twice')).toBe('CREATE_COMPLETE');
});

test('the stack is in the inventory before it is written, without a digest until it is done', async () => {
  const app = stackApp('intent').want(queue(30));
  const prepared = await app.prepare();
  const first = await target.act(app.request('apply'), prepared, app.context());
  expect(first.status).toBe('wait');
  expect(app.inventory.entries).toEqual([{ id: { stack: 'intent' }, origin: 'created' }]);
  await app.act(prepared);
  expect(app.inventory.entries[0]).toHaveProperty('digest');
});

test('health is followed while the stack moves', async () => {
  const slow = queue(30).replace('Properties: {Vis', 'Metadata: {Sandbox: {SlowMs: 200}}\n    Properties: {Vis');
  const app = stackApp('follows').want(slow);
  const prepared = await app.prepare();
  await target.act(app.request('apply'), prepared, app.context());
  const notes: string[] = [];
  const report = await finish((token) => target.follow(app.request('check'), app.context(), token), notes);
  expect(notes[0]).toBe('stack follows: CREATE_IN_PROGRESS');
  expect(report).toMatchObject({ health: 'Healthy', message: 'stack follows: CREATE_COMPLETE' });
});

test('the guard stops a worker without a lease before it writes', async () => {
  const app = stackApp('guarded').want(queue(30));
  app.guard = () => {
    throw new TypeError('lease lost');
  };
  await expect(app.prepare()).rejects.toThrow('lease lost');
  await expect(status('guarded')).rejects.toThrow('does not exist');
});

test('secrets are masked before anything is a string', async () => {
  const body = `Parameters:
  Password: {Type: String, NoEcho: true}
Resources:
  Function:
    Type: AWS::Lambda::Function
    Properties:
      Role: arn:aws:iam::000000000000:role/x
      Code: {ImageUri: repo:1}
      Environment: {Variables: {DB_PASSWORD: hunter2, STAGE: dev, URL: "{{resolve:ssm:url}}"}}
  Note: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref Password}}
`;
  const app = stackApp('secret').want(body, { parameters: { Password: 'correct-horse' } });
  const prepared = await app.sync();
  const text = JSON.stringify(prepared.plan);
  expect(text).not.toMatch(/hunter2|correct-horse/);
  expect(lines(prepared)).toContain('create Function Environment.Variables.STAGE: undefined -> "dev"');
  expect(text).toContain('{{resolve:ssm:url}}');
  const first = await app.want(body, { parameters: { Password: 'battery-staple' } }).prepare();
  const second = await app.want(body, { parameters: { Password: 'another-one' } }).prepare();
  expect(JSON.stringify([first.plan, second.plan])).not.toMatch(/battery-staple|another-one|correct-horse/);
  expect(first.plan.changes[0]?.id).not.toBe(second.plan.changes[0]?.id);
});

test('an endpoint that does not answer is a retryable fault of the remote side', async () => {
  const dead = createCloudFormationTarget({
    name: 'dead',
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:1',
    sandbox: true,
  });
  const app = new StackApp(dead, application({ name: 'dead' })).want(queue(30));
  expect(await failure(app.observe())).toMatchObject({ code: 'TargetUnavailable', source: 'remote', retryable: true });
  await dead.close();
});

test('a local nested template and a template that is too large are refused with place and way out', async () => {
  const nested = stackApp('nested').want(
    'Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ./child.yaml}\n',
  );
  expect((await failure(nested.sync())).message).toContain('nested.yaml:4:18 names the local file "./child.yaml"');
  const large = stackApp('large').want(`${queue(30)}Description: ${'x'.repeat(52_000)}\n`);
  expect(await failure(large.sync())).toMatchObject({ code: 'StackTemplateTooLarge' });
  const padded = stackApp('padded').want(`${queue(30)}#${'x'.repeat(52_000)}\n`);
  await padded.sync();
  expect(await status('padded')).toBe('CREATE_COMPLETE');
});

test('nothing is written to another account than the target names', async () => {
  const { endpoint, region } = stacks;
  const other = createCloudFormationTarget({ name: 'demo', region, endpoint, sandbox: true, account: '222222222222' });
  const app = new StackApp(other, application({ name: 'account' })).want(queue(30));
  expect(await failure(app.sync())).toMatchObject({ code: 'StackWrongAccount', source: 'user' });
  await eventually(
    async () =>
      await status('account').then(
        () => false,
        () => true,
      ),
  );
  await other.close();
});

test('requests are counted by call', async () => {
  const calls: string[] = [];
  const counted = createCloudFormationTarget({
    name: 'demo',
    region: stacks.region,
    endpoint: stacks.endpoint,
    sandbox: true,
    onRequest: (call) => calls.push(call),
  });
  await new StackApp(counted, application({ name: 'counted' })).want(queue(30)).observe();
  expect(calls).toEqual(['DescribeStacks']);
  expect(counted.requests()).toEqual({ DescribeStacks: 1 });
  await counted.close();
});
