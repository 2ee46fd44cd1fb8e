// The CloudFormation target against the sandbox's stacks, through the real SDK client.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { eventually } from '../../support/eventually.ts';
import { application, finish, lines, StackApp } from '../../support/stacks/run-target.ts';
import { failureOf, openStackWorld, queueTemplate, type StackWorld } from '../../support/stacks/world.ts';

let world: StackWorld;
beforeAll(async () => {
  world = await openStackWorld();
});
afterAll(async () => await world.close());

test('a stack is created, is in sync, is updated, and a second plan has nothing to do', async () => {
  const app = world.app('whole').want(queueTemplate(30));
  const missing = await app.observe();
  expect([missing.inSync, missing.health.health]).toEqual([false, 'Missing']);

  const created = await app.sync();
  expect(lines(created)).toEqual([
    'create Queue VisibilityTimeout: undefined -> 30',
    'create Note Type: undefined -> "String"',
    'create Note Value: undefined -> "(known after apply)"',
  ]);
  expect(created.plan.changes[0]?.source).toMatchObject({ file: 'whole.yaml', line: 4 });
  expect(world.live('whole', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  const seen = await app.observe();
  expect([seen.inSync, seen.health.message]).toEqual([true, 'stack whole: CREATE_COMPLETE']);
  expect(app.inventory.entries).toMatchObject([{ id: { stack: 'whole' }, origin: 'created' }]);

  app.want(queueTemplate(45), { parameters: { Stage: 'prod' } });
  expect((await app.observe('apply')).inSync).toBe(false);
  const updated = await app.sync();
  expect(lines(updated)[0]).toBe('update Queue VisibilityTimeout: "30" -> "45"');
  expect(lines(updated)[1]).toMatch(/^update Note Value: "dev arn.*" -> "prod arn/);
  expect(world.live('whole', 'Queue')).toEqual({ VisibilityTimeout: 45 });

  const nothing = await app.sync();
  expect([nothing.plan.changes, nothing.plan.unchanged, nothing.holds]).toEqual([[], 2, []]);
  expect((await app.observe()).inSync).toBe(true);
});

test('the same change has the same id in two plans, another value another id', async () => {
  const app = world.app('ids').want(queueTemplate(30));
  await app.sync();
  app.want(queueTemplate(31));
  const [a, b] = [await app.prepare(), await app.prepare()];
  expect(a.plan.changes.map((change) => change.id)).toEqual(b.plan.changes.map((change) => change.id));
  expect(a.plan.digest).toBe(b.plan.digest);
  const other = await app.want(queueTemplate(32)).prepare();
  expect(other.plan.changes[0]?.id).not.toBe(a.plan.changes[0]?.id);
  for (const one of [a, b, other]) await world.target.discard(one, app.context());
});

test('a plan that is not executed leaves neither change set nor stack behind', async () => {
  const app = world.app('plan-only').want(queueTemplate(30));
  const prepared = await app.prepare({ depth: 'full' });
  expect(await world.status('plan-only')).toBe('REVIEW_IN_PROGRESS');
  await world.target.discard(prepared, app.context());
  await eventually(async () => (await app.observe()).health.health === 'Missing');
  await expect(world.status('plan-only')).rejects.toThrow('Stack with id plan-only does not exist');
});

test('an existing stack is shown as adopted, nothing is written; the next change brings the tags', async () => {
  await world.deployByHand('theirs', queueTemplate(30), 'CREATE', { team: 'payments' });
  const app = world.app('theirs').want(queueTemplate(30));
  const adopted = await app.sync();
  expect(lines(adopted)).toEqual(['adopt theirs']);
  expect(app.inventory.entries).toMatchObject([{ origin: 'adopted' }]);
  expect(await world.status('theirs')).toBe('CREATE_COMPLETE');
  expect((await app.observe()).inSync).toBe(true);
  expect((await app.sync()).plan.changes).toEqual([]);

  const updated = await app.want(queueTemplate(31)).sync();
  expect(lines(updated)).toContain('update theirs Tags[Key=holdfast.dev/app].Value: undefined -> "theirs"');
  expect(lines(updated)).toContain('update Queue VisibilityTimeout: "30" -> "31"');
  // Tags that somebody else gave the stack stay.
  expect(world.stacks.liveResource('theirs', 'Queue')).toMatchObject({ tags: { team: 'payments' } });
  expect((await app.observe()).inSync).toBe(true);
});

test('a hand edit is drift, named by property, and healed by asserting the template again', async () => {
  const app = world.app('drifts').want(queueTemplate(30));
  await app.sync();
  world.stacks.editLiveResource({ stack: 'drifts', logicalId: 'Queue', properties: { VisibilityTimeout: '77' } });
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
  expect(world.live('drifts', 'Queue')).toEqual({ VisibilityTimeout: 30 });
  // What was found before the heal is not taken for what is.
  expect((await app.observe('apply')).drift).toEqual([]);
  expect((await app.observe()).drift).toEqual([]);
});

test('a resource deleted by hand is missing, and comes back', async () => {
  const app = world.app('gone').want(queueTemplate(30));
  await app.sync();
  world.stacks.editLiveResource({ stack: 'gone', logicalId: 'Note', delete: true });
  expect((await app.observe()).drift).toMatchObject([{ kind: 'missing', subject: { logicalId: 'Note' } }]);
  await app.sync();
  expect(world.live('gone', 'Note')).toMatchObject({ Type: 'String' });
  expect((await app.observe()).inSync).toBe(true);
});

test('another template deployed over ours is found although CloudFormation calls it in sync', async () => {
  const app = world.app('overwritten').want(queueTemplate(30));
  await app.sync();
  await world.deployByHand('overwritten', queueTemplate(60), 'UPDATE');
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

test('a stack changed between plan and execution is not touched, and planned again', async () => {
  const app = world.app('raced').want(queueTemplate(30));
  await app.sync();
  const prepared = await app.want(queueTemplate(31)).prepare();
  await world.deployByHand('raced', queueTemplate(60), 'UPDATE');
  const cause = await failureOf(app.act(prepared));
  expect(cause).toMatchObject({ code: 'StackChanged', retryable: true });
  expect(world.live('raced', 'Queue')).toEqual({ VisibilityTimeout: 60 });
  await app.sync();
  expect(world.live('raced', 'Queue')).toEqual({ VisibilityTimeout: 31 });
});

test("somebody else's update is waited for", async () => {
  const slow = queueTemplate(30).replace(
    'Properties: {Vis',
    'Metadata: {Sandbox: {SlowMs: 400}}\n    Properties: {Vis',
  );
  const app = world.app('busy').want(slow);
  await app.sync();
  const other = world.app('busy').want(slow.replace('30', '40'));
  other.inventory = app.inventory;
  const theirs = await other.prepare();
  const acting = other.act(theirs);
  await eventually(async () => (await world.status('busy')) === 'UPDATE_IN_PROGRESS');
  await app.want(slow.replace('30', '50')).sync();
  await acting;
  expect(app.notes.join('\n')).toContain('stack busy is UPDATE_IN_PROGRESS; waiting for that to end');
  expect(world.live('busy', 'Queue')).toEqual({ VisibilityTimeout: 50 });
});

test('a lost reply changes nothing: the same calls again lead to the same operation', async () => {
  const app = world.app('twice').want(queueTemplate(30));
  const observation = await app.observe('apply');
  const request = app.request('apply');
  const context = app.context();
  // Both replies of "make the change set" are lost: no token was saved.
  await world.target.prepare(request, observation, context);
  await world.target.prepare(request, observation, context);
  const prepared = await finish((token) => world.target.prepare(request, observation, context, token));
  await world.target.act(request, prepared, context);
  await world.target.act(request, prepared, context);
  const result = await finish((token) => world.target.act(request, prepared, context, token));
  expect(result.applied).toBe(2);
  expect(await world.status('twice')).toBe('CREATE_COMPLETE');
});

test('the stack is in the inventory before it is written, without a digest until it is done', async () => {
  const app = world.app('intent').want(queueTemplate(30));
  const prepared = await app.prepare();
  const first = await world.target.act(app.request('apply'), prepared, app.context());
  expect(first.status).toBe('wait');
  expect(app.inventory.entries).toEqual([{ id: { stack: 'intent' }, origin: 'created' }]);
  await app.act(prepared);
  expect(app.inventory.entries[0]).toHaveProperty('digest');
});

test('health is followed while the stack moves', async () => {
  const slow = queueTemplate(30).replace(
    'Properties: {Vis',
    'Metadata: {Sandbox: {SlowMs: 200}}\n    Properties: {Vis',
  );
  const app = world.app('follows').want(slow);
  const prepared = await app.prepare();
  await world.target.act(app.request('apply'), prepared, app.context());
  const notes: string[] = [];
  const report = await finish((token) => world.target.follow(app.request('check'), app.context(), token), notes);
  expect(notes[0]).toBe('stack follows: CREATE_IN_PROGRESS');
  expect(report).toMatchObject({ health: 'Healthy', message: 'stack follows: CREATE_COMPLETE' });
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
  const app = world.app('secret').want(body, { parameters: { Password: 'correct-horse' } });
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

test('requests are counted by call', async () => {
  const calls: string[] = [];
  const counted = createCloudFormationTarget({
    name: 'demo',
    region: world.stacks.region,
    endpoint: world.stacks.endpoint,
    sandbox: true,
    onRequest: (call) => calls.push(call),
  });
  await new StackApp(counted, application({ name: 'counted' })).want(queueTemplate(30)).observe();
  expect(calls).toEqual(['DescribeStacks']);
  expect(counted.requests()).toEqual({ DescribeStacks: 1 });
  await counted.close();
});
