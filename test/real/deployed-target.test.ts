// A cluster as `holdfast target add` grants it: its template deployed, its manifests applied, its lines written where it says.
import { writeFile } from 'node:fs/promises';
import { CloudFormationClient, CreateStackCommand, waitUntilStackCreateComplete } from '@aws-sdk/client-cloudformation';
import { CreateAccessEntryCommand, EKSClient } from '@aws-sdk/client-eks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { TargetDocument } from '../../lib/cli/target-text.ts';
import { configMap, type Delivery, deliveryTo, namespaceManifest } from '../support/aws/delivery.ts';
import { type Deployment, startDeployment } from '../support/aws/deployment.ts';
import { ask, kube } from '../support/aws/fleet.ts';

let on: Deployment;
let git: Delivery;

beforeAll(async () => {
  on = await startDeployment();
  git = deliveryTo(on);
}, 300_000);

afterAll(async () => await on?.close(), 60_000);

const add = async (name: string, ...flags: readonly string[]): Promise<TargetDocument> =>
  await ask<TargetDocument>(on, ['target', 'add', name, ...flags, '--stack', 'Holdfast']);

interface AccessEntry {
  readonly Properties: { readonly ClusterName: string; readonly KubernetesGroups: string[] };
}

/** Deploys the printed template. The emulator has access entries, but not as resources of a template. */
async function deployCluster({ target, template, roleArn }: TargetDocument): Promise<void> {
  const { AccessEntry: entry, ...Resources } = template['Resources'] as Readonly<Record<string, object>>;
  const client = new CloudFormationClient(on.aws.clientConfig());
  const StackName = `hf-holdfast-${target}`;
  const TemplateBody = JSON.stringify({ ...template, Resources });
  await client.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }));
  await waitUntilStackCreateComplete({ client, maxWaitTime: 60 }, { StackName });
  const { ClusterName, KubernetesGroups } = (entry as AccessEntry).Properties;
  const granted = { clusterName: ClusterName, principalArn: roleArn, kubernetesGroups: KubernetesGroups };
  await new EKSClient(on.aws.clientConfig()).send(new CreateAccessEntryCommand(granted));
}

test('a cluster: followed step by step, a push is carried out in it', async () => {
  const prod = await add('prod', '--kind', 'eks', '--cluster', on.cluster);
  await deployCluster(prod);
  await writeFile(`${on.dir}/manifests.yaml`, prod.manifests ?? '');
  await kube(on, 'apply', '-f', `${on.dir}/manifests.yaml`);
  await on.cdk('deploy', { targetRoles: JSON.stringify(prod.context['targetRoles']) });
  const revision = await git.push({
    'holdfast.yaml': stringify({
      version: 1,
      targets: { prod: prod.config },
      apps: [{ name: 'web', path: 'web', target: 'prod', namespace: 'web' }],
    }),
    'web/namespace.yaml': namespaceManifest('web'),
    'web/settings.yaml': configMap('settings', { text: 'granted' }),
  });
  await git.applied(revision, ['web'], 120_000);
  expect(await git.data('web', 'settings')).toEqual({ text: 'granted' });
}, 400_000);
