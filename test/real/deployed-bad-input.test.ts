// The deployed stack and a world that is not as it should be: repositories that do not open, clusters that are gone, roles and
// rights that are missing, requests that nobody of ours sent. Each is said clearly, nothing is applied, and all heals by itself.
import { CreateAccessEntryCommand, DeleteAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import { IAMClient, UpdateAssumeRolePolicyCommand } from '@aws-sdk/client-iam';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeadLetterDocument } from '../../lib/web/views.ts';
import { configMap, deliveryTo, type Delivery, namespaceManifest } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { invoke, logOf, secretsInLogs, seenIn, sendEvent } from '../support/aws/functions.ts';
import { grantCluster, grantRole, targetRoleArn, trustOf } from '../support/aws/grants.ts';
import { eventually } from '../support/eventually.ts';
import { type GitGate, startGitGate } from '../support/git-gate.ts';
import { kubectl } from '../support/real/kubectl.ts';

let on: Deployment;
let git: Delivery;
let gate: GitGate;
const token = 'a-token-that-no-log-may-show';
const stranger = 'holdfast-stranger';
const roleArn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;

beforeAll(async () => {
  on = await startDeployment({
    connected: false,
    before: async (aws) => {
      await grantRole(aws);
      await grantRole(aws, 'another', stranger);
    },
    context: { targetRoles: JSON.stringify([roleArn('holdfast-target'), roleArn(stranger)]) },
  });
  await grantCluster(on.aws, on.plane, on.cluster);
  gate = await startGitGate(on.repository);
  git = deliveryTo(on);
  const first = await git.commit({
    'holdfast.yaml': config([]),
    // Rendered by the function that gets its input and output as signed addresses.
    'web/kustomization.yaml': 'resources: [namespace.yaml, settings.yaml]\n',
    'web/namespace.yaml': namespaceManifest('web'),
    'web/settings.yaml': configMap('settings', { text: 'first' }),
  });
  const connected = await on.cli('connect', `${gate.url}/root.git`, '--no-webhook', '--stack', 'Holdfast');
  if (connected.code !== 0) throw new Error(connected.output);
  await on.deliver(first);
  await git.applied(first, ['web']);
}, 300_000);

afterAll(async () => {
  // After all that went wrong here.
  const shown = on === undefined ? [] : await secretsInLogs(on.aws, on.outputs, [token]);
  await gate?.close();
  await on?.close();
  if (shown.length > 0) throw new Error(`secrets in logs: ${shown.join(', ')}`);
}, 60_000);

afterEach(async () => {
  gate.set('open');
  await putGitSecret({});
});

async function putGitSecret(value: object): Promise<void> {
  const secret = { SecretId: on.outputs['GitSecretArn'], SecretString: JSON.stringify(value) };
  await new SecretsManagerClient(on.aws.clientConfig()).send(new PutSecretValueCommand(secret));
}

const target = (name: string, cluster: string, role: string) =>
  `  ${name}: { eks: { cluster: ${cluster}, region: eu-west-1, roleArn: '${roleArn(role)}' } }\n`;
const config = (more: readonly { readonly app: string; readonly target: string; readonly spec: string }[]) =>
  `version: 1\ntargets:\n${target('prod', 'prod', 'holdfast-target')}${more.map(({ spec }) => spec).join('')}apps:
  - { name: web, path: web, target: prod, namespace: web }
${more.map(({ app, target: at }) => `  - { name: ${app}, path: ${app}, target: ${at}, namespace: web }\n`).join('')}`;
const settings = (text: string) => ({ 'web/settings.yaml': configMap('settings', { text }) });
const rights = () => new EKSClient(on.aws.clientConfig());

test('a repository that wants a sign-in, with no token, a wrong one and the right one', async () => {
  gate.set({ pair: `git:${token}` });
  const secret = async (text: string) => await putGitSecret({ root: { username: 'git', token: text } });
  const revision = await git.push(settings('signed in'));
  expect(await git.says(/does not accept the credentials \(401\)/)).toMatch(/stays in force/);
  await secret('a-wrong-one');
  expect(await gate.refused('git:a-wrong-one')).toBe(true);
  expect(await git.data('web', 'settings')).not.toEqual({ text: 'signed in' });
  await secret(token);
  await git.applied(revision, ['web']);
}, 180_000);

test('a repository that is gone', async () => {
  gate.set({ status: 404 });
  const revision = await git.push(settings('was gone'));
  expect(await git.says(/does not know the repository \(404\)/)).toMatch(/stays in force/);
  gate.set('open');
  await git.applied(revision, ['web']);
}, 120_000);

test('a cluster that is gone and a role that cannot be assumed hold up nobody else', async () => {
  const more = [
    { app: 'lost', target: 'nowhere', spec: target('nowhere', 'nowhere', 'holdfast-target') },
    { app: 'strange', target: 'elsewhere', spec: target('elsewhere', 'prod', stranger) },
  ];
  const revision = await git.push({
    'holdfast.yaml': config(more),
    'lost/cm.yaml': configMap('lost', { a: '1' }),
    'strange/cm.yaml': configMap('strange', { a: '1' }),
    ...settings('beside the lost'),
  });
  await git.applied(revision, ['web']);
  expect(await git.says(/^lost: .*no EKS cluster nowhere/)).toContain('eu-west-1');
  expect(await git.says(/^strange: .*cannot be assumed/)).toContain(roleArn(stranger));
  expect(await git.data('web', 'strange')).toBeUndefined();
  expect(await logOf(on.aws, 'Reconcile')).toContain('RoleRefused');
  // The trust policy is mended: nobody pushes, nobody calls.
  const mended = { RoleName: stranger, PolicyDocument: JSON.stringify(trustOf(on.aws, 'holdfast')) };
  await new IAMClient(on.aws.clientConfig()).send(new UpdateAssumeRolePolicyCommand(mended));
  await grantCluster(on.aws, on.plane, on.cluster, stranger);
  await git.applied(revision, ['strange']);
  await git.applied(await git.push({ 'holdfast.yaml': config([]) }), ['web']);
}, 240_000);

test('no access entry: 401, and no rights in the cluster: 403', async () => {
  const entry = { clusterName: on.cluster, principalArn: targetRoleArn(on.aws) };
  await rights().send(new DeleteAccessEntryCommand(entry));
  // The apiserver remembers for ten seconds who was let in.
  await eventually(
    async () => {
      const last = (await git.app('web')).lastRun;
      return last !== null && Date.now() - Date.parse(last.startedAt) - last.durationMs > 11_000;
    },
    { within: 60_000, every: 500 },
  );
  const first = await git.push(settings('let in'));
  expect(await git.says(/^web: .*does not accept .*\(401\)/)).toContain(targetRoleArn(on.aws));
  await rights().send(new CreateAccessEntryCommand({ ...entry, kubernetesGroups: ['nobody'] }));
  expect(await git.says(/^web: .*\(403\)/)).toMatch(/does not allow/);
  expect(await git.data('web', 'settings')).not.toEqual({ text: 'let in' });
  const allow = ['create', 'clusterrolebinding', 'nobody', '--clusterrole=cluster-admin', '--group=nobody'];
  await kubectl(on.plane.kubeconfig, allow);
  await git.applied(first, ['web']);
}, 240_000);

test('requests that the webhook does not take', async () => {
  const post = async (headers: Readonly<Record<string, string>>, body: string | Uint8Array) => {
    const asked = { method: 'POST', path: '/webhook/root', headers, body };
    const answer = await on.request(on.outputs['WebhookUrl'] ?? '', asked);
    return { status: answer.status, code: (JSON.parse(answer.body) as { code: string }).code };
  };
  const json = { 'content-type': 'application/json' };
  expect(await post(json, 'x'.repeat(6.5 * 1024 * 1024))).toEqual({ status: 413, code: 'BodyTooLarge' });
  expect(
    await post(
      json,
      Uint8Array.from({ length: 512 }, (_, at) => at % 256),
    ),
  ).toEqual({
    status: 401,
    code: 'WebhookUnsigned',
  });
  expect(await post({ 'content-type': 'application/octet-stream' }, Uint8Array.of(0, 255, 0))).toEqual({
    status: 415,
    code: 'BodyNotJson',
  });
  expect(await post({ ...json, 'content-encoding': 'gzip' }, Uint8Array.of(31, 139))).toEqual({
    status: 415,
    code: 'BodyEncoded',
  });
}, 60_000);

test('an event of another account is ignored, and an event that is none is kept', async () => {
  const push = (account: string) => ({
    version: '0',
    id: 'e-1',
    'detail-type': 'ECR Image Action',
    source: 'aws.ecr',
    account,
    time: '2026-01-01T00:00:00Z',
    region: 'eu-west-1',
    resources: [],
    detail: {
      'action-type': 'PUSH',
      result: 'SUCCESS',
      'repository-name': 'shop',
      'image-digest': `sha256:${'a'.repeat(64)}`,
      'image-tag': '1.0.0',
    },
  });
  expect(JSON.parse(await invoke(on.aws, on.outputs['ImageFunction'], push('999900001111')))).toEqual({
    repositories: [],
  });
  await eventually(async () => /Ignored: .*999900001111/.test(await logOf(on.aws, 'Image')), {
    within: 10_000,
    every: 300,
  });
  const odd = { ...push('111122223333'), detail: 'nothing' };
  expect(await invoke(on.aws, on.outputs['ImageFunction'], odd)).toContain('The event cannot be used');
  await sendEvent(on.aws, on.outputs['ImageFunction'], odd);
  const kept = await eventually(async () => await seenIn(on.aws, on.outputs['EventsDlqUrl']), {
    within: 30_000,
    every: 300,
  });
  expect(JSON.parse(kept)).toMatchObject({ requestPayload: odd });
  const listed = await eventually(
    async () => {
      const { stdout } = await on.cli('dlq', 'list', '--stack', 'Holdfast', '-o', 'json');
      const { letters } = JSON.parse(stdout) as DeadLetterDocument;
      return letters.find((letter) => letter.queue === 'events' && letter.body === kept);
    },
    { within: 60_000, every: 1_000 },
  );
  expect(listed.reason).toContain('The event cannot be used');
  const { stdout } = await on.cli('dlq', 'redrive', listed.id, '--stack', 'Holdfast');
  expect(stdout).toMatch(/^event \S+ removed: The event cannot be used/);
  expect((await on.cli('dlq', 'list', '--stack', 'Holdfast')).stdout).not.toContain(listed.id);
}, 90_000);
