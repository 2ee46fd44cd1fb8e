// What only a real apiserver can show of the target: narrow rights, a dead API group, and a cluster that is gone. Not seeing is never absence.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import type { KubeClient } from '../../lib/adapters/kube/types.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';
import { Workbench } from '../contract/kubernetes-target/workbench.ts';
import { type ControlPlane, startControlPlane } from '../support/cluster/control-plane.ts';
import { eventually } from '../support/eventually.ts';

let plane: ControlPlane;
let admin: KubeClient;
let user: KubeClient;
let setup: Workbench;
beforeAll(async () => {
  plane = await startControlPlane({ controllers: 'none' });
  admin = createKubeClient((await loadKubeconfig({ file: plane.kubeconfig })).connection);
  user = createKubeClient((await loadKubeconfig({ file: plane.userKubeconfig })).connection);
  setup = new Workbench(admin, await admin.discover(), 'default');
});
afterAll(async () => {
  admin?.close();
  user?.close();
  await plane?.stop();
});

/** A namespace in which the user may do `verbs` with ConfigMaps, as a bench of the user. */
async function allowed(namespace: string, verbs: readonly string[]): Promise<Workbench> {
  const rbac = 'rbac.authorization.k8s.io';
  await setup.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await setup.apply({
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { name: 'configmaps', namespace },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }],
  });
  await setup.apply({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'configmaps', namespace },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'configmaps' },
    subjects: [{ kind: 'User', name: 'dev', apiGroup: rbac }],
  });
  return new Workbench(user, setup.directory, namespace);
}

const all = ['get', 'list', 'create', 'patch', 'delete'];

test('rights in some namespaces are enough: lists are made in each', async () => {
  const bench = await allowed('team-a', all);
  const other = await allowed('team-b', all);
  const app = bench.app('web');
  const objects = [bench.configMap('a'), other.configMap('b')];
  await app.synced(objects);
  const { value, requests } = await bench.counted(() => app.sync(objects));
  expect(value.observation).toMatchObject({ inSync: true });
  // One that is refused for the whole cluster, then one in each namespace.
  expect(requests).toEqual({ list: 3 });
});

test('a kind that may not be seen is unknown, not missing, and holds the plan', async () => {
  const bench = await allowed('team-c', all);
  const app = bench.app('web');
  const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'team-c' } };
  const objects = [bench.configMap('a'), secret];
  const observation = await app.observe(objects);
  expect(observation).toMatchObject({ inSync: false, drift: [], health: { health: 'Unknown' } });
  const { prepared } = await app.sync(objects);
  expect(prepared?.holds).toMatchObject([{ code: 'Forbidden', object: 'Secret/team-c/s' }]);
  expect(await bench.get(bench.configMap('a'))).toBeUndefined();
});

test('what may not be seen is not pruned and not forgotten', async () => {
  const bench = await allowed('team-d', all);
  const app = bench.app('web');
  await app.synced([bench.configMap('a')]);
  const secret = { group: '', kind: 'Secret', namespace: 'team-d', name: 's' };
  app.inventory = {
    ...app.inventory,
    entries: [...app.inventory.entries, { id: secret, apiVersion: 'v1', origin: 'created' }],
  };
  const prepared = await app.plan([bench.configMap('a')]);
  expect(prepared.plan).toMatchObject({ changes: [], skipped: [{ subject: { id: secret } }] });
  await app.act([bench.configMap('a')], prepared);
  expect(app.recorded).toEqual(['ConfigMap/a', 'Secret/s']);
});

test('a right that is missing is told before anything is written', async () => {
  const bench = await allowed('team-e', ['get', 'list', 'patch']);
  const { prepared } = await bench.app('web').sync([bench.configMap('a')]);
  expect(prepared?.holds).toMatchObject([{ code: 'Forbidden', source: 'user' }]);
  expect(prepared?.holds[0]?.message).toBe('ConfigMap/team-e/a: this identity may not create configmaps in team-e');
});

test('a refused dry run of a change holds the plan', async () => {
  const bench = await allowed('team-f', all);
  const app = bench.app('web');
  await app.synced([bench.configMap('a')]);
  await allowed('team-f', ['get', 'list']);
  const prepared = await eventually(async () => {
    const next = await app.plan([bench.configMap('a', { k: 'new' })]);
    return next.holds.length > 0 ? next : undefined;
  });
  expect(prepared.holds).toMatchObject([{ code: 'Forbidden', object: 'ConfigMap/team-f/a' }]);
});

test('objects of an API group whose server is dead are unknown, and stay in the inventory', async () => {
  const group = 'dead.example.com';
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const crd: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boxes.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind: 'Box', plural: 'boxes', singular: 'box', listKind: 'BoxList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
  const box: KubeObject = { apiVersion: `${group}/v1`, kind: 'Box', metadata: { name: 'one', namespace: 'default' } };
  const app = setup.app('boxes', { namespace: 'default' });
  await setup.apply(crd);
  await eventually(async () => {
    const next = await app.sync([box, setup.configMap('a')]);
    return next.result?.failures.length === 0;
  });
  const service = { name: 'nobody', namespace: 'default' };
  const apiService: KubeObject = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: `v1.${group}`, labels: { 'kube-aggregator.kubernetes.io/automanaged': 'false' } },
    spec: {
      group,
      version: 'v1',
      service,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
    },
  };
  await setup.apply(apiService, { force: true });
  await eventually(async () => (await admin.discover()).stale.includes(`${group}/v1`), { within: 20_000 });
  // Another process, which asks the cluster anew.
  app.target = setup.target();
  const observation = await app.observe([box, setup.configMap('a')]);
  expect(observation).toMatchObject({ inSync: false, drift: [], health: { health: 'Unknown' } });
  const prepared = await app.plan([setup.configMap('a')]);
  expect(prepared.plan).toMatchObject({ changes: [], skipped: [{ subject: { id: { kind: 'Box' } } }] });
  await app.act([setup.configMap('a')], prepared);
  expect(app.recorded).toEqual(['Box/one', 'ConfigMap/a']);
});

test('a cluster that is gone is an error, never an answer', async () => {
  const nowhere = createKubeClient(
    { server: 'https://127.0.0.1:9', credentials: { current: () => ({}), renew: async () => ({}), renewable: false } },
    { retry: { attempts: 1 } },
  );
  const app = setup.app('web');
  const objects = [setup.configMap('gone-a')];
  await app.synced(objects);
  app.target = setup.target(nowhere);
  await expect(app.observe(objects)).rejects.toMatchObject({ code: 'ClusterUnreachable', retryable: true });
  expect(app.recorded).toEqual(['ConfigMap/gone-a']);
  nowhere.close();
});
