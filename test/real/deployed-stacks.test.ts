// What the emulator's CloudFormation cannot do, through what was deployed: the functions reach the sandbox's CloudFormation by the
// endpoint of that one service. Values before and after in change sets, and drift that is put back by a drift-aware change set.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SandboxStacks, startSandboxStacks } from '../../lib/adapters/sandbox/stacks/server.ts';
import type { DriftDocument } from '../../lib/web/views.ts';
import { type Delivery, deliveryTo } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { ask, run } from '../support/aws/fleet.ts';
import { grantRole, targetRoleArn } from '../support/aws/grants.ts';
import { eventually } from '../support/eventually.ts';

let dataDir: string;
let stacks: SandboxStacks;
let on: Deployment;
let git: Delivery;

beforeAll(async () => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'holdfast-stacks-'));
  stacks = await startSandboxStacks({ dataDir, stepMs: 20 });
  on = await startDeployment({
    // Only functions inherit it: the CDK goes on deploying into the emulator.
    env: { AWS_ENDPOINT_URL_CLOUDFORMATION: stacks.endpoint },
    before: grantRole,
    context: { targetRoles: JSON.stringify(['arn:aws:iam::111122223333:role/holdfast-target']) },
  });
  git = deliveryTo(on);
}, 300_000);

afterAll(async () => {
  await on?.close();
  await stacks?.close();
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

/** Without an account: the sandbox has one of its own. */
const config = (): string => `version: 1
targets:
  infra: { cloudformation: { region: eu-west-1, roleArn: '${targetRoleArn(on.aws)}' } }
apps:
  - { name: told, path: queue.yaml, target: infra, stack: { name: told }, drift: { every: 10s } }
  - { name: healed, path: queue.yaml, target: infra, stack: { name: healed }, sync: { selfHeal: true } }
`;
const queue = (seconds: number): string =>
  `Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties: { VisibilityTimeout: ${seconds} }\n`;
const live = (stack: string): unknown =>
  (stacks.liveResource(stack, 'Queue')?.['properties'] as Record<string, unknown> | undefined)?.['VisibilityTimeout'];

test('values of a change set, drift that is told, and drift that is put back', async () => {
  await git.applied(await git.push({ 'holdfast.yaml': config(), 'queue.yaml': queue(45) }), ['told', 'healed']);
  await git.applied(await git.push({ 'queue.yaml': queue(60) }), ['told', 'healed']);
  expect([live('told'), live('healed')].map(String)).toEqual(['60', '60']);

  for (const stack of ['told', 'healed'])
    stacks.editLiveResource({ stack, logicalId: 'Queue', properties: { VisibilityTimeout: 7 } });
  // The one is found by the sweep that the clock begins; the other is looked at now.
  await run(on, ['sync', 'healed', '--stack', 'Holdfast']);
  await eventually(() => String(live('healed')) === '60', { within: 120_000, every: 300, what: 'put back' });
  const told = await eventually(
    async () => {
      const { apps } = await ask<DriftDocument>(on, ['drift', '--stack', 'Holdfast'], 1).catch(() => ({ apps: [] }));
      return apps.find(({ name, items }) => name === 'told' && items.length > 0);
    },
    { within: 180_000, every: 500, what: 'the drift of told' },
  );
  expect(JSON.stringify(told.items)).toContain('VisibilityTimeout');
  expect(String(live('told'))).toBe('7');
  const [run1] = await git.history('healed');
  expect(run1).toMatchObject({ outcome: 'succeeded' });
}, 300_000);
