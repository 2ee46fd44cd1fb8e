// EKS for real but for AWS: tokens that we sign are reviewed by the emulator for a real kube-apiserver, with access entries and RBAC.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CreateAccessEntryCommand, CreateClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EksProbe } from '../support/aws/eks-probe.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { freePort } from '../support/cluster/processes.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from '../support/real/kubectl.ts';

const cluster = 'prod';
const tokenSecret = 'a-path-that-nobody-guesses';
const group = 'holdfast';
let dir: string;
let aws: Ministack;
let plane: ControlPlane;
let keys: Readonly<Record<string, string>>;

/** The emulator and the apiserver know each other before either is up. */
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-eks-'));
  const port = await freePort();
  const kube = path.join(dir, 'kube');
  const endpoint = `https://127.0.0.1:${port}`;
  aws = await startMinistack({ eks: { endpoint, caFile: path.join(kube, 'certs', 'apiserver.crt'), tokenSecret } });
  const webhook = path.join(dir, 'review.json');
  const reviewer = { server: aws.tokenReviewUrl(cluster, tokenSecret), 'certificate-authority': aws.caFile };
  const review = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'reviewer', cluster: reviewer }],
    users: [{ name: 'apiserver', user: {} }],
    contexts: [{ name: 'reviewer', context: { cluster: 'reviewer', user: 'apiserver' } }],
    'current-context': 'reviewer',
  };
  await writeFile(webhook, JSON.stringify(review));
  const flags = [
    `--authentication-token-webhook-config-file=${webhook}`,
    '--authentication-token-webhook-cache-ttl=1s',
  ];
  plane = await startControlPlane({ dir: kube, port, apiserverFlags: flags });
  keys = await makeUser();
  const service = await makeRole('cluster');
  await eks().send(new CreateClusterCommand({ name: cluster, roleArn: service, resourcesVpcConfig: {} }));
}, 120_000);

afterAll(async () => {
  await plane?.stop();
  await aws?.close();
  await rm(dir, { recursive: true, force: true });
});

const eks = (): EKSClient => new EKSClient(aws.clientConfig());
const iam = (): IAMClient => new IAMClient(aws.clientConfig());
const allow = (...actions: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });

/** Somebody who may assume roles and nothing else: the root of the emulator is never checked. */
async function makeUser(): Promise<Readonly<Record<string, string>>> {
  await iam().send(new CreateUserCommand({ UserName: 'runner' }));
  const policy = { UserName: 'runner', PolicyName: 'p', PolicyDocument: allow('sts:AssumeRole', 'sts:TagSession') };
  await iam().send(new PutUserPolicyCommand(policy));
  const { AccessKey } = await iam().send(new CreateAccessKeyCommand({ UserName: 'runner' }));
  return { AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '', AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '' };
}

/** A role that the user may assume when it names the external id. */
async function makeRole(name: string): Promise<string> {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${aws.accountId}:user/runner` },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: { StringEquals: { 'sts:ExternalId': 'holdfast:test' } },
      },
    ],
  };
  const made = await iam().send(
    new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  const describe = { RoleName: name, PolicyName: 'p', PolicyDocument: allow('eks:DescribeCluster') };
  await iam().send(new PutRolePolicyCommand(describe));
  return made.Role?.Arn ?? '';
}

async function probe(more: Partial<EksProbe>): Promise<unknown> {
  const script = path.join(import.meta.dirname, '../support/aws/eks-probe.ts');
  const asked: EksProbe = { cluster, region: aws.region, ...more };
  const env = { ...aws.env, ...keys };
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(asked)], { env });
  return JSON.parse(stdout);
}

/** Reviews and rights are cached by the apiserver for seconds. */
async function until(as: Partial<EksProbe>, answer: object): Promise<void> {
  const look = async (): Promise<boolean> => {
    expect(await probe(as)).toMatchObject(answer);
    return true;
  };
  await eventually(look, { within: 30_000, every: 200 });
}

test('401 without an access entry, 403 without RBAC, and then in; a token for another cluster stays out', async () => {
  const roleArn = await makeRole('deployer');
  const as = { roleArn, externalId: 'holdfast:test' };
  expect(await probe(as)).toMatchObject({
    code: 'Unauthorized',
    next: `aws eks create-access-entry --cluster-name prod --region ${aws.region} --principal-arn ${roleArn} --kubernetes-groups holdfast`,
  });
  await eks().send(
    new CreateAccessEntryCommand({ clusterName: cluster, principalArn: roleArn, kubernetesGroups: [group] }),
  );
  await until(as, { code: 'Forbidden' });
  const binding = ['create', 'clusterrolebinding', 'holdfast', '--clusterrole=cluster-admin', `--group=${group}`];
  const bound = await kubectl(plane.kubeconfig, binding);
  expect(bound).toMatchObject({ code: 0 });
  await until(as, { configMaps: expect.any(Number) });
  expect(await probe({ ...as, signFor: 'another' })).toMatchObject({ code: 'Unauthorized' });
}, 120_000);

test('a wrong external id does not get the role, and the trust policy is what to check', async () => {
  const roleArn = await makeRole('guarded');
  const answer = await probe({ roleArn, externalId: 'holdfast:other' });
  expect(answer).toMatchObject({ code: 'RoleRefused', source: 'user', object: roleArn });
  expect(answer).toHaveProperty('next', expect.stringContaining('sts:ExternalId, if asked for, is holdfast:other'));
});

test('who may not describe the cluster is told the right that is missing', async () => {
  expect(await probe({})).toMatchObject({ code: 'AwsForbidden', next: expect.stringContaining('eks:DescribeCluster') });
});
