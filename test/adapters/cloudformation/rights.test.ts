// The target with no more rights than the role of `holdfast target add`: evaluated call by call before the sandbox's stacks.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createCloudFormationTarget } from '../../../lib/adapters/cloudformation/target.ts';
import { type SandboxStacks, startSandboxStacks } from '../../../lib/adapters/sandbox/stacks/server.ts';
import { targetTemplate } from '../../../lib/core/aws/target-template.ts';
import type { Target } from '../../../lib/core/plan/target.ts';
import { rightLines } from '../../../tools/rights-table.ts';
import { type FaultyProxy, faultyProxy } from '../../support/stacks/faulty-proxy.ts';
import { application, finish, StackApp } from '../../support/stacks/run-target.ts';
import { failureOf, queueTemplate } from '../../support/stacks/world.ts';

const { template } = targetTemplate({
  installation: 'holdfast',
  target: 'infra',
  runnerRoles: ['arn:aws:iam::111122223333:role/runner'],
  cloudformation: { stackPrefix: 'infra-', executionPolicies: [] },
});
const rights = rightLines(template as unknown as Parameters<typeof rightLines>[0]);
const granted = rights.flatMap(({ actions }) => actions).filter((action) => action.startsWith('cloudformation:'));

test('the role grants what the client calls, and nothing else', () => {
  const source = readFileSync('lib/adapters/cloudformation/client.ts', 'utf8');
  const called = [...source.matchAll(/new (\w+)Command\(/g)].map(([, call]) => `cloudformation:${call ?? ''}`);
  expect(called.length).toBeGreaterThan(10);
  // These two are asked for by AWS where drift is detected, of whoever starts the detection.
  const implied = ['cloudformation:BatchDescribeTypeConfigurations', 'cloudformation:DetectStackResourceDrift'];
  expect([...new Set(granted)].toSorted()).toEqual([...new Set([...called, ...implied])].toSorted());
});

/** Whether the role allows a call: by the stack that it names, or for all stacks when it names none. */
function allowed(parameters: URLSearchParams): boolean {
  const name = parameters.get('StackName');
  const resource = name === null || name.startsWith('arn:') ? (name ?? '*') : `stack/${name}/*`;
  const action = `cloudformation:${parameters.get('Action') ?? ''}`;
  const fits = (pattern: string): boolean =>
    pattern === '*' || (pattern.includes('stack/infra-*/*') && /(?:^|:)stack\/infra-[^/]*\//.test(resource));
  return rights.some(({ actions, resources }) => actions.includes(action) && resources.some(fits));
}

describe('with the rights of the role', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-test-'));
  let stacks: SandboxStacks;
  let proxy: FaultyProxy;
  let target: Target;

  beforeAll(async () => {
    stacks = await startSandboxStacks({ dataDir, stepMs: 10 });
  });
  afterAll(async () => {
    await stacks.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    proxy = await faultyProxy(stacks.endpoint);
    proxy.forbid((parameters) => !allowed(parameters));
    const { region } = stacks;
    target = createCloudFormationTarget({ name: 'demo', region, endpoint: proxy.endpoint, sandbox: true });
    onTestFinished(async () => await target.close());
  });

  const app = (name: string): StackApp => new StackApp(target, application({ name }));
  const timeout = (name: string) => (stacks.liveResource(name, 'Queue') as { properties: object }).properties;

  test('a stack is made, updated, compared and put back', async () => {
    const one = app('infra-one');
    await one.want(queueTemplate(30)).sync();
    await one.want(queueTemplate(40)).sync();
    stacks.editLiveResource({ stack: 'infra-one', logicalId: 'Queue', properties: { VisibilityTimeout: '77' } });
    expect((await one.observe()).drift).toHaveLength(1);
    await one.sync();
    expect(timeout('infra-one')).toMatchObject({ VisibilityTimeout: 40 });
    expect((await one.observe()).inSync).toBe(true);
  });

  test('a lost reply is made up for', async () => {
    const one = app('infra-lost').want(queueTemplate(30));
    proxy.loseReply('CreateChangeSet');
    proxy.loseReply('ExecuteChangeSet');
    await one.sync();
    expect(timeout('infra-lost')).toMatchObject({ VisibilityTimeout: 30 });
  });

  test('a plan that is thrown away leaves nothing behind, nor does one that is refused', async () => {
    const planned = app('infra-planned').want(queueTemplate(30));
    await target.discard(await planned.prepare(), planned.context());
    const wrong = app('infra-wrong').want(queueTemplate('many'));
    expect((await failureOf(wrong.prepare())).message).toMatch(/infra-wrong\.yaml:\d+:\d+ /);
    for (const one of [planned, wrong]) expect((await one.observe()).health.health).toBe('Missing');
    expect(proxy.calls).toEqual(expect.arrayContaining(['DeleteChangeSet', 'DeleteStack', 'DescribeEvents']));
  });

  test('many stacks are looked at without the list of all, which is asked for once', async () => {
    const apps = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => app(`infra-many-${name}`).want(queueTemplate(30)));
    await apps[6]?.sync();
    let lists = 0;
    proxy.forbid((parameters) => {
      if (parameters.get('Action') === 'DescribeStacks' && !parameters.has('StackName')) lists += 1;
      return !allowed(parameters);
    });
    const requests = apps.map((one) => one.request('check'));
    for (let times = 0; times < 2; times += 1) {
      const seen = await finish((token) => target.observe(requests, apps[0]!.context(), token));
      expect(seen.map(({ health }) => health.health)).toEqual([...Array<string>(6).fill('Missing'), 'Healthy']);
    }
    expect(lists).toBe(1);
  });

  test('a plan that was stored without the id of its stack can still be carried out', async () => {
    const one = app('infra-stored').want(queueTemplate(30));
    const prepared = await one.prepare();
    expect(prepared.execution).not.toHaveProperty('stackId');
    await one.act(prepared);
    expect(timeout('infra-stored')).toMatchObject({ VisibilityTimeout: 30 });
  });

  test('a stack of another name is refused, and nothing is done', async () => {
    expect(await failureOf(app('another').want(queueTemplate(30)).prepare())).toMatchObject({
      code: 'StackForbidden',
      object: 'stack another',
      message: 'The credentials in use may not call DescribeStacks on stack another',
    });
    expect(proxy.calls).toEqual([]);
  });
});
