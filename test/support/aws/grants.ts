// What a person grants an installation before it can deliver: a role for its targets, and what the cluster lets that role do.
import { CreateAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  CreateRoleCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { kubectl } from '../real/kubectl.ts';
import type { Keys, Ministack } from './ministack/start.ts';

/** Name of the role that targets name. */
export const targetRole = 'holdfast-target';

export const targetRoleArn = (aws: Ministack, name = targetRole): string =>
  `arn:aws:iam::${aws.accountId}:role/${name}`;

/** The trust policy of a role for targets: with the external id of one installation only. */
export function trustOf(aws: Ministack, installation: string): object {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${aws.accountId}:root` },
        Action: ['sts:AssumeRole', 'sts:TagSession'],
        Condition: { StringEquals: { 'sts:ExternalId': `holdfast:${installation}` } },
      },
    ],
  };
}

/** A role of targets, to be assumed with the external id of the installation only. */
export async function grantRole(aws: Ministack, installation = 'holdfast', name = targetRole): Promise<void> {
  const iam = new IAMClient(aws.clientConfig());
  const trust = JSON.stringify(trustOf(aws, installation));
  await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
  const rights = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['eks:DescribeCluster', 'cloudformation:*'], Resource: '*' }],
  };
  const policy = { RoleName: name, PolicyName: 'deliver', PolicyDocument: JSON.stringify(rights) };
  await iam.send(new PutRolePolicyCommand(policy));
}

/** The cluster knows the role as a group, and the group may do everything. */
export async function grantCluster(
  aws: Ministack,
  plane: ControlPlane,
  cluster: string,
  name = targetRole,
): Promise<void> {
  const eks = new EKSClient(aws.clientConfig());
  const principalArn = targetRoleArn(aws, name);
  await eks.send(new CreateAccessEntryCommand({ clusterName: cluster, principalArn, kubernetesGroups: [name] }));
  const binding = ['create', 'clusterrolebinding', name, '--clusterrole=cluster-admin', `--group=${name}`];
  const { code, stderr } = await kubectl(plane.kubeconfig, binding);
  if (code !== 0) throw new Error(`kubectl: ${stderr}`);
}

/** Keys with which a test is a function: for the moment of asking, its role may be assumed by the account, too. */
export async function sessionOf(aws: Ministack, roleArn: string): Promise<Keys> {
  const iam = new IAMClient(aws.clientConfig());
  const RoleName = roleArn.split('/').at(-1) ?? '';
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const trusted = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '');
  const account = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${aws.accountId}:root` }, Action: 'sts:AssumeRole' },
    ],
  };
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(account) }));
  try {
    const assume = new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: 'test' });
    const { Credentials } = await new STSClient(aws.clientConfig()).send(assume);
    return {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
  } finally {
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trusted }));
  }
}
