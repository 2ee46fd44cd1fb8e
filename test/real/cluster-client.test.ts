// What only a real apiserver can show of our client: rights, certificates, and a group whose server is dead.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { type ClusterConnection, fixedCredentials } from '../../lib/adapters/kube/connection.ts';
import { lookupKind } from '../../lib/adapters/kube/discovery.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import type { ApiResource, KubeClient } from '../../lib/adapters/kube/types.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { kubectl } from '../support/real/kubectl.ts';

const configMaps: ApiResource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: [],
};
const configMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'default' },
  data: { k: 'v' },
};

let plane: ControlPlane;
let admin: KubeClient;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: 'none' });
  admin = createKubeClient((await loadKubeconfig({ file: plane.kubeconfig })).connection);
});
afterAll(async () => {
  admin?.close();
  await plane?.stop();
});

function clientOf(connection: Partial<ClusterConnection>): KubeClient {
  const credentials = fixedCredentials({ authorization: `Bearer ${plane.adminToken}` });
  return createKubeClient(
    { server: plane.url, ca: plane.caPem, credentials, ...connection },
    { retry: { attempts: 1 } },
  );
}

test('an identity without rights is refused, and its rules say so', async () => {
  const user = createKubeClient((await loadKubeconfig({ file: plane.userKubeconfig })).connection);
  const call = user.apply(configMaps, configMap, { manager: 'm' });
  await expect(call).rejects.toMatchObject({ code: 'Forbidden', status: 403, source: 'user', retryable: false });
  const ref = { resource: configMaps, namespace: 'default', name: 'a' };
  await expect(user.get(ref)).rejects.toMatchObject({ code: 'Forbidden' });
  const { rules } = await user.selfSubjectRules('default');
  expect(rules.some(({ resources }) => resources.includes('configmaps'))).toBe(false);
  user.close();
});

test('impersonation is what kubectl makes of it', async () => {
  const file = path.join(plane.dir, 'kubeconfig-as');
  const { stdout } = await kubectl(plane.kubeconfig, ['config', 'view', '--raw', '-o', 'json']);
  const config = JSON.parse(stdout) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { ...entry.user, as: 'somebody', 'as-groups': ['devs'] };
  await writeFile(file, JSON.stringify(config));
  const client = createKubeClient((await loadKubeconfig({ file })).connection);
  await expect(client.list(configMaps).next()).rejects.toMatchObject({
    reason: expect.stringContaining('User "somebody"'),
  });
  expect((await kubectl(file, ['get', 'configmaps', '-A'])).stderr).toContain('User "somebody"');
  client.close();
});

test('a token that the server does not know', async () => {
  const client = clientOf({ credentials: fixedCredentials({ authorization: 'Bearer nobody' }) });
  await expect(client.list(configMaps).next()).rejects.toMatchObject({
    code: 'Unauthorized',
    status: 401,
    source: 'user',
  });
  client.close();
});

test('a certificate that nobody vouches for, and a name that is not in it', async () => {
  const noCa: ClusterConnection = { server: plane.url, credentials: fixedCredentials({}) };
  const stranger = createKubeClient(noCa, { retry: { attempts: 1 } });
  const untrusted = { code: 'ClusterUnreachable', source: 'user', message: expect.stringContaining('certificate') };
  await expect(stranger.version()).rejects.toMatchObject(untrusted);
  const misnamed = clientOf({ serverName: 'other.example.com' });
  await expect(misnamed.version()).rejects.toMatchObject(untrusted);
  const trusting = clientOf({ ca: 'unused', insecure: true });
  await expect(trusting.version()).resolves.toMatchObject({ gitVersion: 'v1.36.3' });
  for (const client of [stranger, misnamed, trusting]) client.close();
});

test('an exec plugin gives the token, and is asked again when the server refuses it', async () => {
  const script = path.join(plane.dir, 'plugin.cjs');
  const state = path.join(plane.dir, 'plugin.state');
  await writeFile(state, 'expired-token');
  await writeFile(
    script,
    `const fs = require('node:fs');
     const token = fs.readFileSync(${JSON.stringify(state)}, 'utf8');
     fs.writeFileSync(${JSON.stringify(state)}, ${JSON.stringify(plane.adminToken)});
     console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }));`,
  );
  const { stdout } = await kubectl(plane.kubeconfig, ['config', 'view', '--raw', '-o', 'json']);
  const config = JSON.parse(stdout) as { users: { user: object }[] };
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [script],
    interactiveMode: 'Never',
  };
  for (const entry of config.users) entry.user = { exec };
  const file = path.join(plane.dir, 'kubeconfig-exec');
  await writeFile(file, JSON.stringify(config));
  const client = createKubeClient((await loadKubeconfig({ file })).connection);
  await expect(client.list(configMaps).next()).resolves.toMatchObject({ done: false });
  expect(client.counts()).toEqual({ list: 2 });
  client.close();
});

test('a group whose own server is dead is unknown, not missing', async () => {
  const apiService = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1beta1.metrics.k8s.io' },
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      service: { name: 'nobody', namespace: 'default' },
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
    },
  };
  const found = lookupKind(await admin.discover(), 'apiregistration.k8s.io/v1', 'APIService');
  if (found.state !== 'found') throw new Error(found.state);
  await admin.apply(found.resource, apiService, { manager: 'm' });
  const directory = await eventually(
    async () => {
      const now = await admin.discover();
      return now.stale.includes('metrics.k8s.io/v1beta1') ? now : undefined;
    },
    { within: 20_000, what: 'discovery telling the dead group' },
  );
  expect(lookupKind(directory, 'metrics.k8s.io/v1beta1', 'NodeMetrics')).toMatchObject({ state: 'unknown' });
  await admin.delete({ resource: found.resource, namespace: '', name: 'v1beta1.metrics.k8s.io' });
});

test('what we apply is what kubectl reads, with our manager', async () => {
  await admin.apply(
    configMaps,
    { ...configMap, metadata: { name: 'seen', namespace: 'default' } },
    { manager: 'holdfast:x/y' },
  );
  const { stdout } = await kubectl(plane.kubeconfig, [
    'get',
    'configmap',
    'seen',
    '-o',
    'json',
    '--show-managed-fields',
  ]);
  const seen = JSON.parse(stdout) as { data: object; metadata: { managedFields: { manager: string }[] } };
  expect(seen.data).toEqual({ k: 'v' });
  expect(seen.metadata.managedFields.map(({ manager }) => manager)).toEqual(['holdfast:x/y']);
});
