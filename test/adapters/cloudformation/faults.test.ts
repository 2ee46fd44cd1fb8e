// The target when the network loses replies, the service is busy, and answers are old.
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { type SandboxStacks, startSandboxStacks } from '../../../lib/adapters/sandbox/stacks/server.ts';
import { type FaultyProxy, faultyProxy } from '../../support/stacks/faulty-proxy.ts';
import { application, StackApp } from '../../support/stacks/run-target.ts';
import { failureOf } from '../../support/stacks/world.ts';

let stacks: SandboxStacks;
const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
beforeAll(async () => {
  stacks = await startSandboxStacks({ dataDir, stepMs: 10 });
});
afterAll(async () => {
  await stacks.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const body = (timeout: number) =>
  `Resources:\n  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: ${timeout}}}\n`;

async function behindProxy(name: string): Promise<{ readonly proxy: FaultyProxy; readonly app: StackApp }> {
  const proxy = await faultyProxy(stacks.endpoint);
  const target = createCloudFormationTarget({
    name: 'demo',
    region: stacks.region,
    endpoint: proxy.endpoint,
    sandbox: true,
  });
  onTestFinished(async () => await target.close());
  return { proxy, app: new StackApp(target, application({ name })) };
}

const times = (calls: readonly string[], action: string) => calls.filter((call) => call === action).length;

test('the replies of making and of executing a change set are lost: one stack, one operation', async () => {
  const { proxy, app } = await behindProxy('lost');
  app.want(body(30));
  proxy.loseReply('CreateChangeSet');
  proxy.loseReply('ExecuteChangeSet');
  await app.sync();
  expect([times(proxy.calls, 'CreateChangeSet'), times(proxy.calls, 'ExecuteChangeSet')]).toEqual([2, 2]);
  expect(stacks.liveResource('lost', 'Queue')).toMatchObject({ properties: { VisibilityTimeout: 30 } });
  expect((await app.observe()).inSync).toBe(true);
});

test('a service that asks to slow down is asked again', async () => {
  const { proxy, app } = await behindProxy('slow');
  proxy.throttle('DescribeStacks', 2);
  expect((await app.want(body(30)).observe()).health.health).toBe('Missing');
  expect(times(proxy.calls, 'DescribeStacks')).toBe(1);
});

test('an old answer right after the execution is not taken for its end', async () => {
  const { proxy, app } = await behindProxy('stale');
  await app.want(body(30)).sync();
  const prepared = await app.want(body(40)).prepare();
  proxy.repeatAnswer('DescribeStacks');
  const result = await app.act(prepared);
  expect(result.inventory.entries[0]).toHaveProperty('digest');
  expect(app.notes).toContain('stack stale: CREATE_COMPLETE');
  expect(stacks.liveResource('stale', 'Queue')).toMatchObject({ properties: { VisibilityTimeout: 40 } });
});

test('a service that does not name the change set of a stack is followed by the events of our token', async () => {
  const { proxy, app } = await behindProxy('unnamed');
  proxy.rewrite('DescribeStacks', (answer) => answer.replace(/<ChangeSetId>.*?<\/ChangeSetId>/g, ''));
  await app.want(body(30)).sync();
  await app.want(body(40)).sync();
  expect(stacks.liveResource('unnamed', 'Queue')).toMatchObject({ properties: { VisibilityTimeout: 40 } });
  expect((await app.observe()).inSync).toBe(true);
});

test('an execution that never begins is not taken for one that ended', async () => {
  const { proxy, app } = await behindProxy('never-begins');
  await app.want(body(30)).sync();
  const prepared = await app.want(body(40)).prepare();
  proxy.repeatAnswer('DescribeStacks', 100);
  proxy.rewrite(
    'DescribeStackEvents',
    () => '<DescribeStackEventsResponse><DescribeStackEventsResult/></DescribeStackEventsResponse>',
  );
  let minutes = 0;
  app.now = () => Date.now() + (minutes += 20_000);
  expect(await failureOf(app.act(prepared))).toMatchObject({ code: 'StackChanged', retryable: true });
});
