// Pruning: only what we made, never to empty, never past the budget, and out of the inventory only when seen gone.
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { actions, type TargetCase, type Workbench } from './workbench.ts';

function many(bench: Workbench, count: number): readonly KubeObject[] {
  return Array.from({ length: count }, (_, index) => bench.configMap(`m-${index}`));
}

export const pruneCases: readonly TargetCase[] = [
  {
    name: 'an object removed from Git is deleted, last, and leaves the inventory',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      const wanted = [bench.configMap('a', { k: 'new' })];
      const prepared = await app.plan(wanted);
      expect(actions(prepared)).toEqual(['update ConfigMap/a', 'delete ConfigMap/b']);
      expect(prepared.plan.changes[1]).toMatchObject({ risk: 'high', note: 'not in 0123456789ab any more' });
      expect(await app.synced(wanted)).toMatchObject({ applied: 1, deleted: 1 });
      expect(await bench.get(bench.configMap('b'))).toBeUndefined();
      expect(app.recorded).toEqual(['ConfigMap/a']);
      expect((await app.sync(wanted)).observation.inSync).toBe(true);
    },
  },
  {
    name: 'what we did not make is not deleted, whatever labels it carries',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a')]);
      const { labels = {}, annotations = {} } = (await bench.live(bench.configMap('a'))).metadata;
      await bench.apply(bench.configMap('copy', { k: 'v' }, { labels, annotations }), { manager: 'copier' });
      await app.synced([bench.configMap('a', { k: 'new' })]);
      expect(await bench.get(bench.configMap('copy'))).toBeDefined();
    },
  },
  {
    name: 'nothing is deleted when Git says there is nothing',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a')]);
      const { prepared } = await app.sync([]);
      expect(prepared?.holds).toMatchObject([{ code: 'PruneToEmpty' }]);
      expect(await bench.get(bench.configMap('a'))).toBeDefined();
    },
  },
  {
    name: 'deletes past the budget hold the whole plan',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced(many(bench, 12));
      const { prepared } = await app.sync(many(bench, 5));
      expect(prepared?.holds).toMatchObject([{ code: 'PruneBudget' }]);
      expect(prepared?.plan.changes).toHaveLength(7);
      expect(await bench.get(bench.configMap('m-11'))).toBeDefined();
      app.prune = { enabled: true, confirmed: true };
      expect(await app.synced(many(bench, 5))).toMatchObject({ deleted: 7 });
      expect(app.recorded).toHaveLength(5);
    },
  },
  {
    name: 'pruning that is off, or waits for a person, keeps objects and says why',
    run: async (bench) => {
      const app = bench.app('web');
      const policy = app.app.prune;
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      app.app = { ...app.app, prune: { ...policy, enabled: false } };
      const prepared = await app.plan([bench.configMap('a')]);
      expect(prepared.plan).toMatchObject({ changes: [], skipped: [{ reason: 'pruning is off' }] });
      await app.act([bench.configMap('a')], prepared);
      expect(app.recorded).toEqual(['ConfigMap/a', 'ConfigMap/b']);
      app.app = { ...app.app, prune: { ...policy, confirm: true } };
      expect((await app.plan([bench.configMap('a')])).plan.skipped[0]?.reason).toContain('waits for a person');
      app.prune = { enabled: true, confirmed: true };
      await app.synced([bench.configMap('a')]);
      expect(await bench.get(bench.configMap('b'))).toBeUndefined();
    },
  },
  {
    name: 'a namespace is not deleted without an explicit word',
    run: async (bench) => {
      const app = bench.app('team');
      const metadata = { name: `${bench.namespace}-team` };
      const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata };
      await app.synced([namespace, bench.configMap('a')]);
      const prepared = await app.plan([bench.configMap('a')]);
      expect(prepared.plan).toMatchObject({ changes: [], skipped: [{ subject: { id: { kind: 'Namespace' } } }] });
      await app.act([bench.configMap('a')], prepared);
      expect(app.recorded).toContain(`Namespace/${metadata.name}`);
      // Kept on purpose is settled: the next look asks for no run.
      expect((await app.sync([bench.configMap('a')])).observation.inSync).toBe(true);
    },
  },
  {
    name: 'what a finalizer holds stays in the inventory until it is seen gone',
    run: async (bench) => {
      const app = bench.app('web');
      const held = bench.configMap('held', { k: 'v' }, { finalizers: ['example.com/hold'] });
      await app.synced([bench.configMap('a'), held]);
      await app.synced([bench.configMap('a')]);
      expect(app.recorded).toEqual(['ConfigMap/a', 'ConfigMap/held']);
      const waiting = await app.sync([bench.configMap('a')]);
      expect(waiting.observation.inSync).toBe(false);
      expect(waiting.prepared?.plan).toMatchObject({
        changes: [],
        skipped: [{ reason: expect.stringContaining('being deleted') }],
      });
      await bench.edit(held, { metadata: { finalizers: null } });
      await app.sync([bench.configMap('a')]);
      expect(app.recorded).toEqual(['ConfigMap/a']);
      expect((await app.sync([bench.configMap('a')])).observation.inSync).toBe(true);
    },
  },
  {
    name: 'a lost inventory is rebuilt from marks, and nothing is deleted',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      const fresh = bench.app('web');
      fresh.pruneHeld = true;
      const { prepared } = await fresh.sync([bench.configMap('a')]);
      expect(prepared?.plan).toMatchObject({ changes: [], unchanged: 1 });
      expect(fresh.recorded).toEqual(['ConfigMap/a', 'ConfigMap/b']);
      expect(await bench.get(bench.configMap('b'))).toBeDefined();
      fresh.pruneHeld = false;
      const next = await fresh.plan([bench.configMap('a', { k: 'new' })]);
      expect(actions(next)).toEqual(['update ConfigMap/a']);
      expect(next.plan.skipped[0]?.reason).toContain('rebuilt from marks');
      expect((await fresh.sync([bench.configMap('a')])).observation.inSync).toBe(true);
      fresh.prune = { enabled: true, confirmed: true };
      expect(await fresh.synced([bench.configMap('a')])).toMatchObject({ deleted: 1 });
      expect(await bench.get(bench.configMap('b'))).toBeUndefined();
    },
  },
  {
    name: 'a lost inventory is rebuilt for kinds that Git does not name any more',
    run: async (bench) => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'old', namespace: bench.namespace } };
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), secret]);
      const fresh = bench.app('web');
      fresh.pruneHeld = true;
      const { prepared } = await fresh.sync([bench.configMap('a')]);
      expect(prepared?.plan).toMatchObject({ changes: [], unchanged: 1 });
      expect(prepared?.plan.warnings[0]).toContain('Secret');
      expect(fresh.recorded).toEqual(['ConfigMap/a', 'Secret/old']);
      fresh.pruneHeld = false;
      fresh.prune = { enabled: true, confirmed: true };
      expect(await fresh.synced([bench.configMap('a')])).toMatchObject({ deleted: 1 });
      expect(await bench.get(secret)).toBeUndefined();
    },
  },
  {
    name: 'an object that changed hands by name is forgotten, not deleted',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      await bench.client.delete(bench.ref(bench.configMap('b')));
      await bench.apply(bench.configMap('b'), { manager: 'somebody' });
      await app.sync([bench.configMap('a')]);
      expect(app.recorded).toEqual(['ConfigMap/a']);
      expect(await bench.get(bench.configMap('b'))).toBeDefined();
    },
  },
  {
    name: 'an object recorded in a version that is served no more is still found, and deleted',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), bench.deployment('web')]);
      const entries = app.inventory.entries.map((entry) =>
        'kind' in entry.id && entry.id.kind === 'Deployment' ? { ...entry, apiVersion: 'apps/v1beta1' } : entry,
      );
      app.inventory = { ...app.inventory, entries };
      expect(await app.synced([bench.configMap('a')])).toMatchObject({ deleted: 1 });
      expect(await bench.get(bench.deployment('web'))).toBeUndefined();
    },
  },
];
