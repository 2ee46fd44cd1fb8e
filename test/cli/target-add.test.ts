// `holdfast target add`: the role of a target, and every line that names it.
import { expect, test, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { stackOutputs, startFakeAws } from '../support/aws/fake-aws.ts';
import { type Answer, holdfast } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

vi.setConfig({ testTimeout: 40_000 });

async function world() {
  return await startFakeAws([{ name: 'Holdfast', outputs: { ...stackOutputs, BusName: 'holdfast' } }]);
}

async function add(env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Answer> {
  return await holdfast(['target', 'add', ...args], { cwd: tempDir(), env });
}

test('a cluster: template, manifests, context and config, each after what to do with it', async () => {
  const aws = await world();
  const answer = await add(aws.env, 'prod', '--kind', 'eks', '--cluster', 'main');
  expect(answer.code).toBe(0);
  expect(answer.stderr).toBe('stack Holdfast in eu-west-1\n');
  const headings = answer.stdout.split('\n').filter((line) => /^# {0,4}(?:\d\.|aws)|^# {4}/.test(line));
  expect(headings).toEqual([
    '# 1. holdfast-target-prod.yaml: deploy it in the account of the target',
    '#    aws cloudformation deploy --stack-name hf-holdfast-prod --template-file holdfast-target-prod.yaml --capabilities CAPABILITY_NAMED_IAM --region eu-west-1',
    '# 2. As administrator of the cluster: kubectl apply -f -',
    '# 3. Context in cdk.json, added to what its lists hold, then npx cdk deploy',
    '# 4. In holdfast.yaml',
  ]);
  const [template = '', manifests = '', context = '', config = ''] = answer.stdout
    .split(/^# \d\. .*\n(?:# {4}.*\n)?/m)
    .slice(1);
  expect(parse(template)).toMatchObject({
    Resources: { RunnerRole: {}, AccessEntry: { Properties: { ClusterName: 'main' } } },
  });
  expect(parse(template)).not.toHaveProperty('Resources.ForwardRole');
  expect(parseAllDocuments(manifests)).toHaveLength(2);
  const roleArn = 'arn:aws:iam::111122223333:role/hf-holdfast-prod';
  expect(JSON.parse(context)).toEqual({ context: { targetRoles: [roleArn] } });
  expect(parse(config)).toEqual({ targets: { prod: { eks: { cluster: 'main', region: 'eu-west-1', roleArn } } } });
});

test('stacks in another account: its events are forwarded, and have to be believed', async () => {
  const aws = await world();
  const answer = await add(
    aws.env,
    'infra',
    '--kind',
    'cloudformation',
    '--account',
    '444455556666',
    '--region',
    'eu-north-1',
    '-o',
    'json',
  );
  const roleArn = 'arn:aws:iam::444455556666:role/hf-holdfast-infra';
  const document = JSON.parse(answer.stdout) as { template: { Resources: object }; manifests?: string };
  expect(document).toMatchObject({
    schemaVersion: 1,
    target: 'infra',
    kind: 'cloudformation',
    roleArn,
    config: { cloudformation: { region: 'eu-north-1', account: '444455556666', roleArn } },
    context: { targetRoles: [roleArn], eventAccounts: ['444455556666'] },
  });
  expect(document.manifests).toBeUndefined();
  expect(JSON.stringify(document.template)).toContain('arn:aws:events:eu-west-1:111122223333:event-bus/holdfast');
  expect(JSON.stringify(document.template)).toContain(stackOutputs['ReconcileRoleArn']);
});

test('stacks: what every application of the target has to say is told where it is written', async () => {
  const aws = await world();
  const { stdout } = await add(aws.env, 'infra', '--kind', 'cloudformation');
  expect(stdout.trimEnd().split('\n').slice(-4)).toEqual([
    '# Every application of this target needs',
    '#   stack: { name: infra-…, roleArn: … }',
    '# The names begin so; roleArn is the output ExecutionRoleArn of stack hf-holdfast-infra.',
    '# Drift is compared where --read-policies lets the runner read the resources.',
  ]);
  const readOnly = 'arn:aws:iam::aws:policy/ReadOnlyAccess';
  const json = ['infra', '--kind', 'cloudformation', '--read-policies', readOnly, '-o', 'json'];
  expect(JSON.parse((await add(aws.env, ...json)).stdout)).toMatchObject({
    stacks: { namePrefix: 'infra-', roleArnOutput: 'ExecutionRoleArn', of: 'hf-holdfast-infra' },
    template: { Resources: { RunnerRole: { Properties: { ManagedPolicyArns: [readOnly] } } } },
  });
});

test('--deploy makes the stack, and a second time changes nothing', async () => {
  const aws = await world();
  const first = await add(aws.env, 'prod', '--kind', 'eks', '--cluster', 'main', '--deploy');
  expect(first.stderr).toBe(
    'stack Holdfast in eu-west-1\ndeploying stack hf-holdfast-prod in eu-west-1\nstack hf-holdfast-prod: CREATE_COMPLETE\n',
  );
  const again = await add(aws.env, 'prod', '--kind', 'eks', '--cluster', 'main', '--deploy');
  expect(again.stderr).toContain('stack hf-holdfast-prod: unchanged\n');
});

test('--deploy is refused where the credentials are of another account', async () => {
  const aws = await world();
  const answer = await add(aws.env, 'prod', '--kind', 'eks', '--cluster', 'c', '--account', '444455556666', '--deploy');
  expect(answer.code).toBe(3);
  expect(aws.requests.some(({ body }) => body.includes('Action=CreateStack'))).toBe(false);
});

test.each([
  ['Prod', '--kind', 'eks', '--cluster', 'c'],
  ['prod'],
  ['prod', '--kind', 'gke'],
  ['prod', '--kind', 'eks'],
  ['prod', '--kind', 'cloudformation', '--cluster', 'c'],
  ['prod', '--kind', 'cloudformation', '--account', '123'],
  ['prod', '--kind', 'cloudformation', '--stack-prefix', '*'],
])('%s %s %s is wrong usage', async (...args) => {
  expect((await add({}, ...args)).code).toBe(3);
});
