// Applying: first, again, changed, many at once, and things that must exist before others.
import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { at } from '../cluster/probe.ts';
import { actions, type AppUnderTest, done, type TargetCase, type Workbench } from './workbench.ts';

function service(bench: Workbench, name: string): KubeObject {
  const spec = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: bench.namespace }, spec };
}

function crd(suffix: string): KubeObject {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `boxes.${suffix}.example.com` },
    spec: {
      group: `${suffix}.example.com`,
      scope: 'Namespaced',
      names: { kind: 'Box', plural: 'boxes', singular: 'box', listKind: 'BoxList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

async function observeAll(apps: readonly AppUnderTest[], objects: (app: AppUnderTest) => readonly KubeObject[]) {
  const [first] = apps;
  if (first === undefined) throw new Error('no applications');
  const requests = apps.map((app) => app.request(objects(app)));
  return { requests, observations: done(await first.target.observe(requests, first.context())) };
}

export const applyCases: readonly TargetCase[] = [
  {
    name: 'a first apply creates everything with marks, in one write each',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.deployment('web'), service(bench, 'web'), bench.configMap('web')];
      const { value, requests } = await bench.counted(() => app.synced(objects));
      expect(value).toMatchObject({ applied: 3, deleted: 0, failures: [] });
      expect(requests).toMatchObject({ apply: 3 });
      expect(requests).not.toHaveProperty('dry-run');
      const live = await bench.live(bench.configMap('web'));
      expect(live.metadata).toMatchObject({
        labels: { 'holdfast.dev/app': 'web', 'holdfast.dev/installation': bench.installation },
        annotations: { 'holdfast.dev/owner': `${bench.installation}/demo/web|/ConfigMap|${bench.namespace}/web` },
      });
      const deployment = await bench.live(bench.deployment('web'));
      expect(at(deployment, 'spec', 'template', 'metadata', 'labels')).toEqual({ app: 'web' });
      expect(app.recorded).toEqual(['ConfigMap/web', 'Deployment/web', 'Service/web']);
      expect(app.lines).toContain(`Deployment/${bench.namespace}/web created`);
    },
  },
  {
    name: 'again with nothing to do costs lists only, and opens no desired state',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.deployment('web'), service(bench, 'web'), bench.configMap('web')];
      await app.synced(objects);
      const openedBefore = app.opened;
      const { value, requests } = await bench.counted(() => app.sync(objects));
      expect(value.observation).toMatchObject({ inSync: true, drift: [], compared: 3 });
      expect(requests).toEqual({ list: 3 });
      expect(app.opened).toBe(openedBefore);
    },
  },
  {
    name: 'a status that moves is no difference',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.deployment('web', [{ name: 'web', image: 'web:1' }], { replicas: 1 })];
      await app.synced(objects);
      const live = await bench.live(bench.deployment('web'));
      const patch = { status: { observedGeneration: live.metadata.generation ?? 1, replicas: 1 } };
      await bench.client.patch(bench.ref(live), 'merge', patch, { manager: 'controller', subresource: 'status' });
      expect((await app.observe(objects)).inSync).toBe(true);
    },
  },
  {
    name: 'a changed field is one change, with before and after',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: '1', same: 'x' }), bench.configMap('b')]);
      const wanted = [bench.configMap('a', { k: '2', same: 'x' }), bench.configMap('b')];
      const prepared = await app.plan(wanted, 'apply');
      expect(prepared.plan.changes).toMatchObject([
        { action: 'update', risk: 'low', fields: [{ path: 'data.k', before: '1', after: '2' }], source: { line: 1 } },
      ]);
      expect(prepared.plan.unchanged).toBe(1);
      const { value, requests } = await bench.counted(() => app.act(wanted, prepared));
      expect(value).toMatchObject({ applied: 1, failures: [] });
      expect(requests).toEqual({ apply: 1 });
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('2');
      expect((await app.observe(wanted)).inSync).toBe(true);
    },
  },
  {
    name: 'a field removed from Git is removed from the cluster',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: '1', gone: 'x' })]);
      const wanted = [bench.configMap('a', { k: '1' })];
      const prepared = await app.plan(wanted);
      expect(prepared.plan.changes[0]?.fields).toEqual([{ path: 'data.gone', before: 'x' }]);
      await app.synced(wanted);
      expect(at(await bench.live(bench.configMap('a')), 'data')).toEqual({ k: '1' });
    },
  },
  {
    name: 'planning twice gives the same ids, and a plan of everything after an apply is empty',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.deployment('web'), bench.configMap('a')];
      const [first, second] = [await app.plan(objects), await app.plan(objects, 'apply')];
      expect(first.plan.digest).toBe(second.plan.digest);
      expect(actions(first)).toEqual(['create ConfigMap/a', 'create Deployment/web']);
      await app.synced(objects);
      expect((await app.plan(objects)).plan).toMatchObject({ changes: [], unchanged: 2 });
    },
  },
  {
    name: 'a default that is written out changes nothing but who owns it',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([service(bench, 'web')]);
      const spelled = service(bench, 'web');
      const wanted = [{ ...spelled, spec: { ...(spelled['spec'] as object), sessionAffinity: 'None' } }];
      const prepared = await app.plan(wanted);
      expect(prepared.plan.changes).toMatchObject([{ action: 'update', fields: [] }]);
      await app.synced(wanted);
      expect((await app.plan(wanted)).plan.changes).toEqual([]);
    },
  },
  {
    name: 'a CRD and its objects go in one apply',
    run: async (bench) => {
      const suffix = `t${randomBytes(4).toString('hex')}`;
      const app = bench.app('boxes');
      const box: KubeObject = {
        apiVersion: `${suffix}.example.com/v1`,
        kind: 'Box',
        metadata: { name: 'one' },
        spec: { size: 3 },
      };
      const objects = [box, crd(suffix)];
      const prepared = await app.plan(objects);
      expect(actions(prepared)).toEqual([
        `create CustomResourceDefinition/boxes.${suffix}.example.com`,
        'create Box/one',
      ]);
      expect(prepared.plan.warnings[0]).toContain('declared by a CRD of the same plan');
      await app.synced(objects);
      await bench.rediscover();
      const placed = { ...box, metadata: { name: 'one', namespace: bench.namespace } };
      expect(at(await bench.live(placed), 'spec', 'size')).toBe(3);
      expect((await app.sync(objects)).observation.inSync).toBe(true);
      await bench.client.delete(bench.ref(crd(suffix)));
    },
  },
  {
    name: 'a namespace and its content go in one apply',
    run: async (bench) => {
      const name = `${bench.namespace}-own`;
      const app = bench.app('team', { namespace: name });
      const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      const inside = { ...bench.configMap('a'), metadata: { name: 'a' } };
      const prepared = await app.plan([inside, namespace]);
      expect(prepared.plan.warnings[0]).toContain('its namespace is made by the same plan');
      await app.synced([inside, namespace]);
      expect(await bench.get({ ...inside, metadata: { name: 'a', namespace: name } })).toBeDefined();
    },
  },
  {
    name: 'many applications share their lists',
    run: async (bench) => {
      const target = bench.target();
      const apps = Array.from({ length: 40 }, (_, index) => {
        const app = bench.app(`app-${index}`);
        app.target = target;
        return app;
      });
      const objects = (app: AppUnderTest) => [
        bench.configMap(`${app.app.name}-a`),
        bench.configMap(`${app.app.name}-b`),
        service(bench, app.app.name),
        bench.deployment(app.app.name),
      ];
      const first = await bench.counted(async () => {
        const { requests, observations } = await observeAll(apps, objects);
        await Promise.all(
          apps.map(async (app, index) => {
            const [request, observation] = [requests[index], observations[index]];
            if (request === undefined || observation === undefined) throw new Error('no observation');
            const prepared = done(await target.prepare(request, observation, app.context()));
            expect(await app.act(objects(app), prepared)).toMatchObject({ applied: 4, failures: [] });
          }),
        );
      });
      expect(first.requests).toEqual({ apply: 160, discovery: 2, list: 6, rules: 1 });
      const again = await bench.counted(async () => (await observeAll(apps, objects)).observations);
      expect(again.value.every(({ inSync }) => inSync)).toBe(true);
      expect(again.requests).toEqual({ list: 3 });
    },
  },
  {
    name: 'what is new is looked for with one list of a kind; what is there already is found all the same',
    run: async (bench) => {
      const names = Array.from({ length: 10 }, (_, index) => `${bench.namespace}-${index}`);
      const objects = names.map((name, index) => bench.configMap(name, {}, index < 5 ? {} : { namespace: 'default' }));
      const [first, last] = [objects[0], objects.at(-1)];
      if (first === undefined || last === undefined) throw new Error('no objects');
      const list = async (): Promise<unknown> =>
        (await bench.counted(async () => await bench.app('web').plan(objects))).requests['list'];
      expect(await list()).toBe(1);
      await bench.client.create(bench.resource('v1', 'ConfigMap'), last, { manager: 'somebody' });
      expect(await list()).toBe(1);
      expect(actions(await bench.app('web').plan(objects))).toContain(`adopt ConfigMap/${names.at(-1)}`);
      await bench.client.delete(bench.ref(last));
      await bench.app('web').synced(objects);
      // With the inventory lost nothing is known, and all of it carries our marks.
      expect(await list()).toBeGreaterThan(1);
      expect(actions(await bench.app('web').plan(objects))).toEqual([]);
      await Promise.all(objects.slice(5).map(async (object) => await bench.client.delete(bench.ref(object))));
    },
  },
  {
    name: 'a Secret is in the cluster and nowhere else',
    run: async (bench) => {
      const app = bench.app('web');
      const secret = (value: string): KubeObject => ({
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 's', namespace: bench.namespace },
        stringData: { password: value },
      });
      await app.synced([secret('tr0ub4dor-first')]);
      const prepared = await app.plan([secret('tr0ub4dor-second')]);
      await app.synced([secret('tr0ub4dor-second')]);
      const live = await bench.live(secret(''));
      expect(at(live, 'data', 'password')).toBe(Buffer.from('tr0ub4dor-second').toString('base64'));
      const told = JSON.stringify([prepared, app.saved, app.lines]);
      expect(prepared.plan.changes).toHaveLength(1);
      for (const value of ['tr0ub4dor-first', 'tr0ub4dor-second']) {
        expect(told).not.toContain(value);
        expect(told).not.toContain(Buffer.from(value).toString('base64'));
      }
    },
  },
];
