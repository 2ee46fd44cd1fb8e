// Drift: what people and other programs change in the cluster, who it was, and how it is put back.
import { expect } from 'vitest';
import { at } from '../cluster/probe.ts';
import { actions, type TargetCase } from './workbench.ts';

export const driftCases: readonly TargetCase[] = [
  {
    name: 'a hand edit is found, with field and owner, and healed',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a', { k: 'v' }), bench.configMap('b')];
      await app.synced(objects);
      await bench.edit(bench.configMap('a'), { data: { k: 'edited' } });
      const observation = await app.observe(objects);
      expect(observation).toMatchObject({
        inSync: false,
        drift: [
          {
            kind: 'modified',
            owner: 'kubectl-edit',
            fields: [{ path: 'data.k', before: 'edited', after: 'v', owner: 'kubectl-edit' }],
          },
        ],
      });
      expect(observation.drift).toHaveLength(1);
      expect(await app.synced(objects)).toMatchObject({ applied: 1 });
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('v');
      expect((await app.observe(objects)).inSync).toBe(true);
    },
  },
  {
    name: 'a hand edit does not stop the next push',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: 'v' })]);
      await bench.edit(bench.configMap('a'), { data: { k: 'edited' } });
      await app.synced([bench.configMap('a', { k: 'new' })]);
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('new');
    },
  },
  {
    name: 'an object deleted by hand is missing, and made again',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a'), bench.configMap('b')];
      await app.synced(objects);
      await bench.client.delete(bench.ref(bench.configMap('a')));
      const observation = await app.observe(objects);
      expect(observation).toMatchObject({
        inSync: false,
        health: { health: 'Missing' },
        drift: [{ kind: 'missing', subject: { id: { name: 'a' } } }],
      });
      expect(actions(await app.plan(objects))).toEqual(['create ConfigMap/a']);
      await app.synced(objects);
      expect(await bench.get(bench.configMap('a'))).toBeDefined();
    },
  },
  {
    name: 'a field that somebody removed is drift, and put back',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a', { k: 'v', other: 'x' })];
      await app.synced(objects);
      await bench.edit(bench.configMap('a'), { data: { k: null } });
      const { drift } = await app.observe(objects);
      expect(drift).toMatchObject([{ kind: 'modified', fields: [{ path: 'data.k', after: 'v' }] }]);
      await app.synced(objects);
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('v');
    },
  },
  {
    name: 'marks that somebody took off are put back, and the object stays ours',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a')];
      await app.synced(objects);
      await bench.edit(bench.configMap('a'), {
        metadata: { labels: { 'holdfast.dev/app': null, 'holdfast.dev/installation': null } },
      });
      expect((await app.observe(objects)).drift).toMatchObject([{ kind: 'modified' }]);
      expect(actions(await app.plan(objects))).toEqual(['update ConfigMap/a']);
      await app.synced(objects);
      expect((await bench.live(bench.configMap('a'))).metadata.labels).toMatchObject({ 'holdfast.dev/app': 'web' });
    },
  },
  {
    name: 'fields that others add are not drift',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.deployment('web'), bench.configMap('a')];
      await app.synced(objects);
      await bench.edit(bench.configMap('a'), { data: { theirs: 'x' } });
      await bench.edit(bench.deployment('web'), { metadata: { annotations: { note: 'x' } } });
      const { requests, value } = await bench.counted(() => app.observe(objects));
      expect(value).toMatchObject({ inSync: true, drift: [] });
      expect(requests).not.toHaveProperty('dry-run');
      await app.synced([bench.deployment('web'), bench.configMap('a', { k: 'new' })]);
      expect(at(await bench.live(bench.configMap('a')), 'data', 'theirs')).toBe('x');
    },
  },
  {
    name: 'replicas that another program sets are its own when Git says nothing',
    run: async (bench) => {
      const app = bench.app('web');
      const { replicas: _, ...spec } = bench.deployment('web')['spec'] as { replicas: number };
      const objects = [{ ...bench.deployment('web'), spec }];
      await app.synced(objects);
      for (const replicas of [0, 3, 2]) {
        await bench.edit(bench.deployment('web'), { spec: { replicas } }, 'autoscaler');
        expect(await app.observe(objects)).toMatchObject({ inSync: true, drift: [] });
      }
    },
  },
  {
    name: 'a value that was changed and changed back is in sync',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = [bench.configMap('a', { k: 'v' })];
      await app.synced(objects);
      await bench.edit(bench.configMap('a'), { data: { k: 'x' } });
      await bench.edit(bench.configMap('a'), { data: { k: 'v' } });
      expect(await app.observe(objects)).toMatchObject({ inSync: true, drift: [] });
    },
  },
  {
    name: 'drift of a Secret is told without its value',
    run: async (bench) => {
      const app = bench.app('web');
      const metadata = { name: 's', namespace: bench.namespace };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { p: 'tr0ub4dor-one' } };
      await app.synced([secret]);
      const edited = Buffer.from('tr0ub4dor-two').toString('base64');
      await bench.edit(secret, { data: { p: edited } });
      const { drift } = await app.observe([secret]);
      expect(drift).toMatchObject([{ kind: 'modified', fields: [{ path: 'data.p' }] }]);
      expect(JSON.stringify(drift)).not.toContain(edited);
    },
  },
];
