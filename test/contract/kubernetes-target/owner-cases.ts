// Owners: adopting what exists, refusing what belongs to others, and sharing fields by policy.
import { expect } from 'vitest';
import { at, managedBy } from '../cluster/probe.ts';
import { actions, type TargetCase } from './workbench.ts';

export const ownerCases: readonly TargetCase[] = [
  {
    name: 'an object without an owner is adopted, with its differences, and nothing of it is lost',
    run: async (bench) => {
      const app = bench.app('web');
      const before = bench.configMap('a', { k: 'old', same: 's', theirs: 'x' });
      await bench.client.create(bench.resource('v1', 'ConfigMap'), before, { manager: 'kubectl-create' });
      const wanted = [bench.configMap('a', { k: 'new', same: 's' })];
      const prepared = await app.plan(wanted);
      expect(actions(prepared)).toEqual(['adopt ConfigMap/a']);
      expect(prepared.plan.changes[0]).toMatchObject({ risk: 'medium', note: 'exists without an owner' });
      expect(prepared.plan.changes[0]?.fields).toContainEqual({
        path: 'data.k',
        before: 'old',
        after: 'new',
        owner: 'kubectl-create',
      });
      await app.synced(wanted);
      expect(app.inventory.entries[0]?.origin).toBe('adopted');
      const live = await bench.live(before);
      expect(at(live, 'data')).toEqual({ k: 'new', same: 's', theirs: 'x' });
      // Sole owner from now on: a field removed from Git goes.
      expect(at(managedBy(live, 'kubectl-create') ?? {}, 'fieldsV1', 'f:data')).toEqual({ '.': {}, 'f:theirs': {} });
      expect((await app.observe(wanted)).inSync).toBe(true);
      await app.synced([bench.configMap('a', { k: 'new' })]);
      expect(at(await bench.live(before), 'data')).toEqual({ k: 'new', theirs: 'x' });
    },
  },
  {
    name: 'an adopted object is released, not deleted',
    run: async (bench) => {
      const app = bench.app('web');
      await bench.client.create(bench.resource('v1', 'ConfigMap'), bench.configMap('a'), { manager: 'kubectl-create' });
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      const prepared = await app.plan([bench.configMap('b')]);
      expect(prepared.plan.changes).toMatchObject([
        { action: 'update', note: 'released, not deleted: it was adopted' },
      ]);
      await app.synced([bench.configMap('b')]);
      const live = await bench.live(bench.configMap('a'));
      expect(live.metadata.labels ?? {}).not.toHaveProperty('holdfast.dev/app');
      expect(live.metadata.annotations ?? {}).not.toHaveProperty('holdfast.dev/owner');
      expect(at(live, 'data', 'k')).toBe('v');
      expect(app.recorded).toEqual(['ConfigMap/b']);
    },
  },
  {
    name: 'an object with the marks of another tool is refused by name, and taken with a word',
    run: async (bench) => {
      const annotations = { 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:x/a' };
      await bench.apply(bench.configMap('a', { k: 'theirs' }, { annotations }), { manager: 'argocd-controller' });
      const app = bench.app('web');
      const { prepared } = await app.sync([bench.configMap('a'), bench.configMap('b')]);
      expect(prepared?.holds).toMatchObject([{ code: 'ForeignOwner', object: `ConfigMap/${bench.namespace}/a` }]);
      expect(prepared?.holds[0]?.message).toContain('Argo CD');
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('theirs');
      expect(await bench.get(bench.configMap('b'))).toBeUndefined();
      app.app = { ...app.app, adoptFrom: ['argocd'] };
      await app.synced([bench.configMap('a'), bench.configMap('b')]);
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('v');
    },
  },
  {
    name: 'an object of another application is refused by name',
    run: async (bench) => {
      await bench.app('one').synced([bench.configMap('a')]);
      const { prepared } = await bench.app('two').sync([bench.configMap('a', { k: 'x' })]);
      expect(prepared?.holds).toMatchObject([{ code: 'OwnedByApplication', retryable: true }]);
      expect(prepared?.holds[0]?.message).toContain('demo/one');
    },
  },
  {
    name: 'an object that moves between applications is handed over, never deleted',
    run: async (bench) => {
      const [one, two] = [bench.app('one'), bench.app('two')];
      await one.synced([bench.configMap('a'), bench.configMap('moves')]);
      const { uid } = (await bench.live(bench.configMap('moves'))).metadata;
      one.wantedBy = (id) => (id.name === 'moves' ? 'demo/two' : undefined);
      await one.synced([bench.configMap('a')]);
      expect(one.recorded).toEqual(['ConfigMap/a']);
      await two.sync([bench.configMap('moves')]);
      expect(two.recorded).toEqual(['ConfigMap/moves']);
      const live = await bench.live(bench.configMap('moves'));
      expect(live.metadata.uid).toBe(uid);
      expect(live.metadata.labels).toMatchObject({ 'holdfast.dev/app': 'two' });
      expect(managedBy(live, one.target.kind)).toBeUndefined();
      await two.synced([bench.configMap('moves', { k: 'new' })]);
      expect(at(await bench.live(bench.configMap('moves')), 'data')).toEqual({ k: 'new' });
    },
  },
  {
    name: 'a field of somebody else is refused, with its owner',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: 'v' })]);
      await bench.edit(bench.configMap('a'), { data: { theirs: 'x' } }, 'somebody');
      const { prepared } = await app.sync([bench.configMap('a', { k: 'v', theirs: 'y' })]);
      expect(prepared?.holds).toMatchObject([
        { code: 'FieldConflict', message: `ConfigMap/${bench.namespace}/a: data.theirs is owned by somebody` },
      ]);
    },
  },
  {
    name: 'with yield the field stays with its owner, and that is in sync',
    run: async (bench) => {
      const app = bench.app('web', { conflicts: 'yield' });
      await app.synced([bench.configMap('a', { k: 'v' })]);
      await bench.edit(bench.configMap('a'), { data: { theirs: 'x' } }, 'somebody');
      const wanted = [bench.configMap('a', { k: 'new', theirs: 'y' })];
      await app.synced(wanted);
      expect(at(await bench.live(bench.configMap('a')), 'data')).toEqual({ k: 'new', theirs: 'x' });
      expect((await app.observe(wanted)).inSync).toBe(true);
      expect((await app.plan(wanted)).plan.changes).toEqual([]);
    },
  },
  {
    name: 'with force the field is taken',
    run: async (bench) => {
      const app = bench.app('web', { conflicts: 'force' });
      await app.synced([bench.configMap('a', { k: 'v' })]);
      await bench.edit(bench.configMap('a'), { data: { theirs: 'x' } }, 'somebody');
      await app.synced([bench.configMap('a', { k: 'v', theirs: 'y' })]);
      expect(at(await bench.live(bench.configMap('a')), 'data', 'theirs')).toBe('y');
    },
  },
  {
    name: 'a renamed application takes its objects along',
    run: async (bench) => {
      await bench.app('old').synced([bench.configMap('a', { k: 'v', gone: 'x' })]);
      const app = bench.app('new', { movedFrom: 'old' });
      const wanted = [bench.configMap('a', { k: 'v2' })];
      expect(actions(await app.plan(wanted))).toEqual(['adopt ConfigMap/a']);
      await app.synced(wanted);
      expect((await bench.live(bench.configMap('a'))).metadata.labels).toMatchObject({ 'holdfast.dev/app': 'new' });
      expect((await app.observe(wanted)).inSync).toBe(true);
    },
  },
];
