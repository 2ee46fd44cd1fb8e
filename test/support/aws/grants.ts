// What a person grants an installation before it can deliver: a role for its targets, and what the cluster lets that role do.
import { CreateAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import type { ControlPlane } from '../cluster/control-plane.ts';
import { kubectl } from '../real/kubectl.ts';
import type { Ministack } from './ministack/start.ts';

/** Name of the role that targets name. */
export const targetRole = 'holdfast-target';
const group = 'holdfast';

export const targetRoleArn = (aws: Ministack): string => `arn:aws:iam::${aws.accountId}:role/${targetRole}`;

/** A role of targets, to be assumed with the external id of the installation only. */
export async function grantRole(aws: Ministack, installation = 'holdfast'): Promise<void> {
  const iam = new IAMClient(aws.clientConfig());
  const trust = {
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
  await iam.send(new CreateRoleCommand({ RoleName: targetRole, AssumeRolePolicyDocument: JSON.stringify(trust) }));
  const rights = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ['eks:DescribeCluster', 'cloudformation:*'], Resource: '*' }],
  };
  const policy = { RoleName: targetRole, PolicyName: 'deliver', PolicyDocument: JSON.stringify(rights) };
  await iam.send(new PutRolePolicyCommand(policy));
}

/** The cluster knows the role as a group, and the group may do everything. */
export async function grantCluster(aws: Ministack, plane: ControlPlane, cluster: string): Promise<void> {
  const eks = new EKSClient(aws.clientConfig());
  const principalArn = targetRoleArn(aws);
  await eks.send(new CreateAccessEntryCommand({ clusterName: cluster, principalArn, kubernetesGroups: [group] }));
  const binding = ['create', 'clusterrolebinding', group, '--clusterrole=cluster-admin', `--group=${group}`];
  const { code, stderr } = await kubectl(plane.kubeconfig, binding);
  if (code !== 0) throw new Error(`kubectl: ${stderr}`);
}
