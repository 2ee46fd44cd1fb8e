// Changes by hand, through nothing but a kubeconfig.
import { describe, expect, test } from 'vitest';
import {
  deleteLive,
  editLive,
  parseLiveObject,
  readLive,
  replaceLive,
  scaleLive,
  setLive,
} from '../../../../lib/adapters/sandbox/cluster/live-edit.ts';
import { listAt } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { configMap, deployment, deployments, freshCluster } from './support.ts';

const web = parseLiveObject('deploy/web');

describe('a change by hand', () => {
  test('is a real conflict for who applied the field', async () => {
    const { cluster, apply } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web', 'nginx', { replicas: 1 }), 'holdfast');
    await editLive(cluster.kubeconfigPath, web, { spec: { replicas: 3 } });
    const reply = await apply(`${deployments}/web`, deployment('web', 'nginx', { replicas: 1 }), 'holdfast');
    expect(reply.body['message']).toBe(
      'Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas',
    );
  });

  test('can set one field of a list entry, and remove one', async () => {
    const { cluster, apply } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web', 'nginx:1'));
    await setLive(cluster.kubeconfigPath, web, 'spec.template.spec.containers[name=web].image', 'nginx:2');
    await setLive(cluster.kubeconfigPath, web, 'metadata.annotations["a.b/c"]', 'x');
    const live = await readLive(cluster.kubeconfigPath, web);
    expect(live).toMatchObject({
      metadata: { annotations: { 'a.b/c': 'x' } },
      spec: { template: { spec: { containers: [{ image: 'nginx:2' }] } } },
    });
    await setLive(cluster.kubeconfigPath, web, 'metadata.annotations["a.b/c"]', undefined);
    expect(JSON.stringify(await readLive(cluster.kubeconfigPath, web))).not.toContain('a.b/c');
  });

  test('scales through the scale subresource, as kubectl does', async () => {
    const { cluster, apply, send } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web'));
    await scaleLive(cluster.kubeconfigPath, web, 4);
    const { body } = await send('GET', `${deployments}/web`);
    expect(body).toMatchObject({ spec: { replicas: 4 } });
    expect(listAt(body, 'metadata', 'managedFields')).toContainEqual(
      expect.objectContaining({ manager: 'kubectl', operation: 'Update', subresource: 'scale' }),
    );
  });

  test('of a copy that is out of date is refused', async () => {
    const { cluster, apply } = await freshCluster();
    await apply('/api/v1/namespaces/default/configmaps/c', configMap('c', { k: '1' }));
    const object = parseLiveObject('cm/c');
    const copy = await readLive(cluster.kubeconfigPath, object);
    expect(await replaceLive(cluster.kubeconfigPath, object, { ...copy, data: { k: '2' } })).toMatchObject({
      data: { k: '2' },
    });
    await expect(replaceLive(cluster.kubeconfigPath, object, { ...copy, data: { k: '3' } })).rejects.toMatchObject({
      reason: expect.stringContaining('the object has been modified'),
    });
  });

  test('deletes', async () => {
    const { cluster, apply, send } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web'));
    await deleteLive(cluster.kubeconfigPath, web);
    expect((await send('GET', `${deployments}/web`)).status).toBe(404);
  });
});

describe('a mistake', () => {
  test('in the name of the object is said', () => {
    expect(() => parseLiveObject('deployment')).toThrow('kind/name');
  });

  test('in the kind, the object or the field is said', async () => {
    const { cluster, apply } = await freshCluster();
    await apply(`${deployments}/web`, deployment('web'));
    const file = cluster.kubeconfigPath;
    await expect(readLive(file, { kind: 'gizmo', name: 'x' })).rejects.toMatchObject({ code: 'SandboxUnknownKind' });
    await expect(readLive(file, { kind: 'deployment', name: 'x' })).rejects.toMatchObject({
      code: 'SandboxRefused',
      reason: 'deployments.apps "x" not found',
    });
    await expect(setLive(file, web, 'spec.template.spec.containers[name=nope].image', 'x')).rejects.toMatchObject({
      code: 'SandboxFieldPath',
    });
    await expect(readLive('/nowhere/kubeconfig', web)).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  });
});
