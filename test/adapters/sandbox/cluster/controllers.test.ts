// What happens by itself after a write.
import { describe, expect, test } from 'vitest';
import { listAt, numberAt, textAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { eventually } from '../../../support/eventually.ts';
import { type Client, configMap, configMaps, deployment, deployments, freshCluster, names } from './support.ts';

const condition = async (client: Client, path: string, type: string) => {
  const { body } = await client.send('GET', path);
  return listAt(body, 'status', 'conditions').find((one) => textAt(one, 'type') === type);
};

describe('a Deployment', () => {
  test('gets ready', async () => {
    const client = await freshCluster();
    await client.apply(`${deployments}/web`, deployment('web', 'nginx:1', { replicas: 2 }));
    await eventually(
      async () => textAt(await condition(client, `${deployments}/web`, 'Available'), 'status') === 'True',
    );
    const { body } = await eventually(async () => {
      const reply = await client.send('GET', `${deployments}/web`);
      return numberAt(reply.body, 'status', 'availableReplicas') === 2 && reply;
    });
    const counts = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
    expect(body).toMatchObject({ status: counts });
  });

  test.each(['nginx:crash', 'nginx:missing', 'nginx:never-ready'])(
    'with the image %s passes its deadline',
    async (image) => {
      const client = await freshCluster();
      await client.apply(`${deployments}/web`, deployment('web', image, { progressDeadlineSeconds: 1 }));
      const progressing = await eventually(async () => {
        const one = await condition(client, `${deployments}/web`, 'Progressing');
        return textAt(one, 'status') === 'False' && one;
      });
      expect(progressing).toMatchObject({ reason: 'ProgressDeadlineExceeded' });
      expect(await condition(client, `${deployments}/web`, 'Available')).toMatchObject({ status: 'False' });
    },
  );

  test('with a bad new image keeps its old pods', async () => {
    const client = await freshCluster();
    const ready = async () =>
      numberAt((await client.send('GET', `${deployments}/web`)).body, 'status', 'readyReplicas');
    await client.apply(`${deployments}/web`, deployment('web'));
    await eventually(async () => (await ready()) === 1);
    await client.apply(`${deployments}/web`, deployment('web', 'nginx:crash'));
    await eventually(async () => {
      const pods = await client.send('GET', '/api/v1/namespaces/default/pods');
      return pods.text.includes('CrashLoopBackOff');
    });
    expect(await ready()).toBe(1);
  });

  test('takes its ReplicaSets and pods with it', async () => {
    const client = await freshCluster();
    await client.apply(`${deployments}/web`, deployment('web'));
    const pods = async () => names((await client.send('GET', '/api/v1/namespaces/default/pods')).body).length;
    await eventually(async () => (await pods()) === 1);
    await client.send('DELETE', `${deployments}/web`);
    await eventually(async () => (await pods()) === 0);
    const sets = await client.send('GET', '/apis/apps/v1/namespaces/default/replicasets');
    expect(names(sets.body)).toEqual([]);
  });
});

test('a Job completes', async () => {
  const client = await freshCluster();
  const jobs = '/apis/batch/v1/namespaces/default/jobs';
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'busybox' }] } };
  await client.apply(`${jobs}/once`, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once' },
    spec: { template },
  });
  await eventually(async () => textAt(await condition(client, `${jobs}/once`, 'Complete'), 'status') === 'True');
  expect((await client.send('GET', `${jobs}/once`)).body).toMatchObject({ status: { succeeded: 1 } });
});

test('a custom resource is served when its definition is established, not before', async () => {
  const client = await freshCluster();
  const widget = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'a' },
    spec: { any: [{ thing: 1 }] },
  };
  const path = '/apis/example.com/v1/namespaces/default/widgets/a';
  const served = { kind: 'Widget', plural: 'widgets' };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }];
  const made = await client.apply('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: { group: 'example.com', scope: 'Namespaced', names: served, versions },
  });
  expect(made.text).not.toContain('Established');
  await eventually(async () => (await client.apply(path, widget)).status === 201);
  await client.send('DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com');
  await eventually(async () => (await client.send('GET', path)).status === 404);
});

describe('deletion', () => {
  test('waits for finalizers', async () => {
    const { apply, send } = await freshCluster();
    await apply(`${configMaps}/a`, configMap('a', {}, { finalizers: ['example.com/hold'] }));
    const held = await send('DELETE', `${configMaps}/a`);
    expect(held.body['metadata']).toHaveProperty('deletionTimestamp');
    const merge = { 'content-type': 'application/merge-patch+json' };
    await send('PATCH', `${configMaps}/a`, { metadata: { finalizers: null } }, merge);
    expect((await send('GET', `${configMaps}/a`)).status).toBe(404);
  });

  test('of a namespace empties it first and lets nothing new in', async () => {
    const { apply, send } = await freshCluster();
    await apply('/api/v1/namespaces/shop', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const held = '/api/v1/namespaces/shop/configmaps/a';
    await apply(held, configMap('a', {}, { finalizers: ['example.com/hold'] }));
    await send('DELETE', '/api/v1/namespaces/shop');
    expect(await apply('/api/v1/namespaces/shop/configmaps/b', configMap('b', {}))).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } },
    });
    const merge = { 'content-type': 'application/merge-patch+json' };
    await send('PATCH', held, { metadata: { finalizers: null } }, merge);
    await eventually(async () => (await send('GET', '/api/v1/namespaces/shop')).status === 404);
    expect((await send('GET', held)).status).toBe(404);
  });

  test('in the foreground keeps the owner until its dependents are gone', async () => {
    const { apply, send } = await freshCluster();
    const owner = await apply(`${configMaps}/owner`, configMap('owner', {}));
    const reference = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'owner',
      uid: textAt(owner.body, 'metadata', 'uid'),
      blockOwnerDeletion: true,
    };
    await apply(`${configMaps}/owned`, configMap('owned', {}, { ownerReferences: [reference] }));
    const reply = await send('DELETE', `${configMaps}/owner`, { propagationPolicy: 'Foreground' });
    expect(listAt(reply.body, 'metadata', 'finalizers')).toEqual(['foregroundDeletion']);
    await eventually(async () => (await send('GET', `${configMaps}/owner`)).status === 404);
    expect((await send('GET', `${configMaps}/owned`)).status).toBe(404);
  });
});
