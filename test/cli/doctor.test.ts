// `holdfast doctor` on AWS: before and after a deployment, each line with what to do.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { type FakeAws, stackOutputs, startFakeAws, webhookHost } from '../support/aws/fake-aws.ts';
import { holdfast } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

vi.setConfig({ testTimeout: 40_000 });

const bootstrap = { name: 'CDKToolkit', outputs: { BootstrapVersion: '30' } };
const outputs = { ...stackOutputs, ReconcileFunction: 'Holdfast-Reconcile' };
const installed = { name: 'Holdfast', outputs };
const secret = 'webhook-secret-of-the-tests';

interface Line {
  readonly name: string;
  readonly state: string;
  readonly level: string;
  readonly found: string;
  readonly next?: string;
}

async function doctor(
  aws: FakeAws,
  args: readonly string[] = [],
  cwd = tempDir(),
): Promise<{ readonly code: number | null; readonly lines: ReadonlyMap<string, Line> }> {
  const answer = await holdfast(['doctor', '-o', 'json', ...args], { cwd, env: aws.env });
  const { checks } = JSON.parse(answer.stdout) as { checks: readonly Line[] };
  return { code: answer.code, lines: new Map(checks.map((line) => [line.name, line])) };
}

/** A deployed installation where all is well; `status` is what its API says. */
async function deployed(status: object = {}, letters: readonly object[] = []): Promise<FakeAws> {
  const aws = await startFakeAws([bootstrap, installed]);
  aws.secrets.set(stackOutputs['WebhookSecretArn']!, JSON.stringify({ root: secret }));
  aws.functionUrl = ({ host, path, headers, body }) => {
    if (host === webhookHost) {
      const right = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      return headers['x-hub-signature-256'] === right ? { json: { status: 'pong' } } : { status: 401, json: {} };
    }
    if (path === '/api/dlq') return { json: { schemaVersion: 1, letters } };
    return { json: { schemaVersion: 1, apps: [], lastTick: new Date().toISOString(), ...status } };
  };
  return aws;
}

test('before the deployment: credentials, region, clock, bootstrap, and what comes next', async () => {
  const aws = await startFakeAws();
  const { code, lines } = await doctor(aws);
  expect(code).toBe(0);
  expect(lines.get('AWS credentials')).toEqual({
    name: 'AWS credentials',
    state: 'ok',
    level: 'ok',
    found: 'arn:aws:iam::111122223333:user/ada',
  });
  expect(lines.get('AWS region')).toMatchObject({ found: 'eu-west-1' });
  expect(lines.get('clock')).toMatchObject({ state: 'ok' });
  expect(lines.get('CDK bootstrap')).toMatchObject({ level: 'warn', next: 'npx cdk bootstrap' });
  expect(lines.get('stack Holdfast')).toMatchObject({ level: 'warn', found: 'not deployed', next: 'npx cdk deploy' });
});

test('where AWS is not set up nothing is said of it', async () => {
  const answer = await holdfast(['doctor', '-o', 'json'], { cwd: tempDir() });
  expect(answer.stdout).not.toContain('AWS');
});

test('all is well', async () => {
  const { code, lines } = await doctor(await deployed(), ['--stack', 'Holdfast']);
  expect(code).toBe(0);
  expect([...lines.values()].slice(4).map(({ name, level, found }) => [name, level, found])).toMatchObject([
    ['AWS credentials', 'ok', 'arn:aws:iam::111122223333:user/ada'],
    ['AWS region', 'ok', 'eu-west-1'],
    ['clock', 'ok', expect.stringMatching(/^[01] s (?:ahead of|behind) AWS$/)],
    ['CDK bootstrap', 'ok', 'version 30'],
    ['stack Holdfast', 'ok', 'CREATE_COMPLETE, installation holdfast'],
    ['API', 'ok', '0 applications'],
    ['tick', 'ok', expect.stringMatching(/^\d s ago$/)],
    ['dead letters', 'ok', 'none'],
    ['webhook', 'ok', 'a signed ping was answered'],
    ['network', 'ok', 'reconcile is in no VPC'],
    ['targets', 'warn', 'not checked: no holdfast.yaml here'],
  ]);
});

test('a tick that stays away, dead letters, problems, a webhook with another secret', async () => {
  const lastTick = new Date(Date.now() - 20 * 60_000).toISOString();
  const letter = { id: '1', queue: 'source', at: 0, attempts: 5, reason: 'x' };
  const aws = await deployed({ lastTick, problems: ['no holdfast.yaml'] }, [letter]);
  aws.secrets.set(stackOutputs['WebhookSecretArn']!, JSON.stringify({ root: 'another' }));
  const { code, lines } = await doctor(aws, ['--stack', 'Holdfast']);
  expect(code).toBe(2);
  expect(lines.get('tick')).toMatchObject({ level: 'fail', found: '20 min ago' });
  expect(lines.get('dead letters')).toMatchObject({ level: 'warn', found: '1', next: 'holdfast dlq list' });
  expect(lines.get('API')).toMatchObject({ level: 'warn', found: '0 applications; no holdfast.yaml' });
  expect(lines.get('webhook')).toMatchObject({
    level: 'fail',
    found: expect.stringContaining('does not know this secret'),
  });
});

test('a stack that was asked for and is not there; one that failed; credentials that are refused', async () => {
  const aws = await startFakeAws([bootstrap, { name: 'Bad', status: 'UPDATE_ROLLBACK_FAILED', reason: 'no', outputs }]);
  const missing = await doctor(aws, ['--stack', 'Nothing']);
  expect(missing.code).toBe(2);
  expect(missing.lines.get('stack Nothing')).toMatchObject({ level: 'fail' });
  expect((await doctor(aws, ['--stack', 'Bad'])).lines.get('stack Bad')).toMatchObject({
    level: 'fail',
    found: 'UPDATE_ROLLBACK_FAILED: no',
  });
  aws.refused.set('GetCallerIdentity', { code: 'InvalidClientTokenId', status: 403 });
  const refused = await doctor(aws, ['--stack', 'Bad']);
  expect(refused.lines.get('AWS credentials')).toMatchObject({
    level: 'fail',
    found: expect.stringContaining('AWS does not accept these credentials'),
  });
  expect(refused.lines.has('stack Bad')).toBe(false);
});

test('a function in a VPC without a way to AWS: every missing endpoint by name', async () => {
  const aws = await deployed();
  const endpoint = (service: string): string =>
    `<item><serviceName>com.amazonaws.eu-west-1.${service}</serviceName></item>`;
  aws.vpc = {
    id: 'vpc-1',
    answers: { DescribeVpcEndpoints: ['s3', 'dynamodb', 'sts', 'sqs'].map(endpoint).join(''), DescribeNatGateways: '' },
  };
  const { lines } = await doctor(aws, ['--stack', 'Holdfast']);
  expect(lines.get('network')).toMatchObject({
    level: 'fail',
    found: 'vpc-1 has no NAT gateway and no endpoint for lambda, cloudformation, eks, events, secretsmanager',
  });
  aws.vpc = { id: 'vpc-1', answers: { ...aws.vpc.answers, DescribeNatGateways: '<state>available</state>' } };
  expect((await doctor(aws, ['--stack', 'Holdfast'])).lines.get('network')).toMatchObject({ level: 'ok' });
});

test('targets of the repository here: a role only reconcile may assume, and a cluster that is not there', async () => {
  const aws = await deployed();
  aws.refused.set('AssumeRole', { code: 'AccessDenied', status: 403 });
  const cwd = tempDir();
  writeFileSync(
    join(cwd, 'holdfast.yaml'),
    'version: 1\ntargets:\n  prod: { eks: { cluster: gone, region: eu-west-1 } }\n  infra: { cloudformation: { region: eu-west-1, roleArn: "arn:aws:iam::444455556666:role/holdfast" } }\napps: []\n',
  );
  const { lines } = await doctor(aws, ['--stack', 'Holdfast'], cwd);
  expect(lines.get('role of target infra')).toMatchObject({
    level: 'warn',
    found: 'cannot be tested as you: it may trust arn:aws:iam::111122223333:role/holdfast-reconcile alone',
  });
  expect(lines.get('cluster of target prod')).toMatchObject({
    level: 'fail',
    found: 'There is no EKS cluster gone in eu-west-1 of this account',
  });
});
