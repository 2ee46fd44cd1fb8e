// Faults: refusals, stale plans, killed runs, lost leases. Nothing is lost, nothing is done twice, and each says what to do.
import { expect } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { at } from '../cluster/probe.ts';
import type { TargetCase } from './workbench.ts';

class Killed extends Error {}

export const faultCases: readonly TargetCase[] = [
  {
    name: 'a schema mistake is told, tried once, and changes nothing',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a')]);
      const wrong = bench.deployment('web', [{ name: 'web', image: 'web:1' }], { replcas: 2 });
      const { value, requests } = await bench.counted(() => app.plan([bench.configMap('a', { k: 'new' }), wrong]));
      expect(value.holds).toMatchObject([{ code: 'SchemaMistake', source: 'user', retryable: false }]);
      expect(value.holds[0]?.reason).toContain('replcas');
      expect(requests).toMatchObject({ 'dry-run': 2 });
    },
  },
  {
    name: 'a refused write is told, the rest of its wave is written, later waves are not',
    run: async (bench) => {
      const app = bench.app('web');
      const wrong = { ...bench.configMap('wrong'), data: { k: 7 } };
      const objects = [bench.configMap('a'), wrong, bench.deployment('web')];
      const { result } = await app.sync(objects);
      expect(result).toMatchObject({ applied: 1, failures: [{ code: 'SchemaMistake' }] });
      expect(await bench.get(bench.configMap('a'))).toBeDefined();
      expect(await bench.get(bench.deployment('web'))).toBeUndefined();
      // Everything that may exist is recorded, and the next run finishes.
      expect(app.recorded).toEqual(['ConfigMap/a', 'ConfigMap/wrong', 'Deployment/web']);
      await app.synced([bench.configMap('a'), bench.configMap('wrong'), bench.deployment('web')]);
    },
  },
  {
    name: 'an immutable field is explained, and nothing is deleted to change it',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.deployment('web')]);
      const selector = { matchLabels: { app: 'other' } };
      const template = {
        metadata: { labels: { app: 'other' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      };
      const { prepared } = await app.sync([bench.deployment('web', [], { selector, template })]);
      expect(prepared?.holds).toMatchObject([{ code: 'ImmutableField' }]);
      expect(prepared?.plan.changes).toMatchObject([{ action: 'replace', risk: 'high' }]);
      expect(JSON.stringify(prepared?.plan.changes[0]?.fields)).toContain('spec.selector');
      expect(at(await bench.live(bench.deployment('web')), 'spec', 'selector', 'matchLabels')).toEqual({ app: 'web' });
    },
  },
  {
    name: 'an unknown kind holds the plan, is named, and what is near is told',
    run: async (bench) => {
      const metadata = { name: 'x', namespace: bench.namespace };
      const held = async (apiVersion: string, kind: string) => {
        const { prepared } = await bench.app('web').sync([bench.configMap('a'), { apiVersion, kind, metadata }]);
        return prepared?.holds.map(({ code, object, next }) => [code, object, next]);
      };
      expect(await held('nowhere.example.com/v1', 'Thing')).toEqual([
        ['UnknownKind', `Thing/${bench.namespace}/x`, expect.stringContaining('CRD')],
      ]);
      expect(await held('apps/v1beta1', 'Deployment')).toMatchObject([
        [expect.anything(), expect.anything(), 'Did you mean apiVersion: apps/v1?'],
      ]);
      expect(await held('v1', 'Deployment')).toMatchObject([
        [expect.anything(), expect.anything(), 'Did you mean apiVersion: apps/v1?'],
      ]);
      expect(await held('apps/v1', 'Deploymnet')).toMatchObject([
        [expect.anything(), expect.anything(), 'Did you mean kind: Deployment?'],
      ]);
      expect(await bench.get(bench.configMap('a'))).toBeUndefined();
    },
  },
  {
    name: 'a namespace that is not there is named by the plan and by the apply',
    run: async (bench) => {
      const app = bench.app('web');
      const lost = bench.configMap('a', {}, { namespace: `${bench.namespace}-lost` });
      expect((await app.plan([lost])).plan.warnings[0]).toContain('does not exist');
      const { result } = await app.sync([lost]);
      expect(result?.failures).toMatchObject([{ code: 'NamespaceMissing' }]);
    },
  },
  {
    name: 'a plan that is out of date is not carried out',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: 'v' })]);
      const wanted = [bench.configMap('a', { k: 'new' })];
      const prepared = await app.plan(wanted);
      await bench.edit(bench.configMap('a'), { data: { k: 'meanwhile' } });
      expect(await app.act(wanted, prepared)).toMatchObject({
        applied: 0,
        failures: [{ code: 'PlanStale', retryable: true }],
      });
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('meanwhile');
    },
  },
  {
    name: 'a plan survives changes that have nothing to do with it',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a', { k: 'v' })]);
      const wanted = [bench.configMap('a', { k: 'new' })];
      const prepared = await app.plan(wanted);
      await bench.edit(bench.configMap('a'), { data: { theirs: 'x' } });
      expect(await app.act(wanted, prepared)).toMatchObject({ applied: 1, failures: [] });
      expect(at(await bench.live(bench.configMap('a')), 'data')).toEqual({ k: 'new', theirs: 'x' });
    },
  },
  {
    name: 'an object that appears after the plan is not overwritten',
    run: async (bench) => {
      const app = bench.app('web');
      const wanted = [bench.configMap('a', { k: 'v' })];
      const prepared = await app.plan(wanted);
      await bench.apply(bench.configMap('a', { k: 'theirs' }), { manager: 'somebody' });
      expect(await app.act(wanted, prepared)).toMatchObject({ applied: 0, failures: [{ code: 'PlanStale' }] });
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('theirs');
    },
  },
  {
    name: 'an object that appears without a conflict is not adopted unseen',
    run: async (bench) => {
      const app = bench.app('web');
      const wanted = [bench.configMap('a', { k: 'v' })];
      const prepared = await app.plan(wanted);
      await bench.apply(bench.configMap('a', { theirs: 'x' }), { manager: 'somebody' });
      expect(await app.act(wanted, prepared)).toMatchObject({ applied: 0, failures: [{ code: 'PlanStale' }] });
      expect(at(await bench.live(bench.configMap('a')), 'data')).toEqual({ theirs: 'x' });
    },
  },
  {
    name: 'what is taken back by force is only what the plan showed',
    run: async (bench) => {
      const app = bench.app('web');
      const wanted = [bench.configMap('a', { k: 'v' })];
      await app.synced(wanted);
      await bench.edit(bench.configMap('a'), { data: { k: 'first' } });
      const prepared = await app.plan(wanted);
      expect(prepared.plan.changes[0]?.fields[0]).toMatchObject({ before: 'first' });
      await bench.edit(bench.configMap('a'), { data: { k: 'second' } });
      expect(await app.act(wanted, prepared)).toMatchObject({ applied: 0, failures: [{ code: 'PlanStale' }] });
      expect(at(await bench.live(bench.configMap('a')), 'data', 'k')).toBe('second');
    },
  },
  {
    name: 'acting twice on one plan writes once',
    run: async (bench) => {
      const app = bench.app('web');
      const wanted = [bench.configMap('a')];
      const prepared = await app.plan(wanted);
      await app.act(wanted, prepared);
      const { resourceVersion } = (await bench.live(bench.configMap('a'))).metadata;
      expect(await app.act(wanted, prepared)).toMatchObject({ failures: [] });
      expect((await bench.live(bench.configMap('a'))).metadata.resourceVersion).toBe(resourceVersion);
    },
  },
  {
    name: 'killed between intent and result: the inventory is a superset, and the next run finishes',
    run: async (bench) => {
      const app = bench.app('web');
      await app.synced([bench.configMap('a'), bench.configMap('old')]);
      let saves = 0;
      app.onSave = () => {
        saves += 1;
        if (saves === 2) throw new Killed();
      };
      const wanted = [bench.configMap('a', { k: 'new' }), bench.configMap('b')];
      const stored = app.inventory;
      await expect(app.sync(wanted)).rejects.toThrow(Killed);
      const [intent] = app.saved.slice(-2);
      expect(intent?.entries.map(({ id }) => ('kind' in id ? id.name : '')).sort()).toEqual(['a', 'b', 'old']);
      // The second save did not happen: what is stored is the intent.
      app.inventory = intent ?? stored;
      app.onSave = () => undefined;
      const again = await app.sync(wanted);
      expect(again.prepared?.plan.changes).toEqual([]);
      expect(app.recorded).toEqual(['ConfigMap/a', 'ConfigMap/b']);
      expect((await app.sync(wanted)).observation.inSync).toBe(true);
    },
  },
  {
    name: 'a lost lease stops before the next write',
    run: async (bench) => {
      const app = bench.app('web');
      const objects = Array.from({ length: 50 }, (_, index) => bench.configMap(`m-${index}`));
      let writes = 0;
      app.guard = () => {
        writes += 1;
        if (writes > 5)
          throw new HoldfastError({ code: 'LeaseLost', source: 'system', message: 'another worker has it' });
      };
      await expect(app.sync(objects)).rejects.toMatchObject({ code: 'LeaseLost' });
      const { requests } = await bench.counted(async () => bench.get(bench.configMap('m-0')));
      expect(requests).toEqual({ get: 1 });
      let written = 0;
      for (const object of objects) if ((await bench.get(object)) !== undefined) written += 1;
      expect(written).toBeLessThan(10);
    },
  },
  {
    name: 'told to stop, it records what was written and can go on',
    run: async (bench) => {
      const app = bench.app('web');
      const stop = new AbortController();
      const objects = [bench.configMap('a'), bench.deployment('web')];
      app.signal = stop.signal;
      app.guard = () => {
        if (app.lines.length > 0) stop.abort();
      };
      const { result } = await app.sync(objects);
      expect(result).toMatchObject({ applied: 1, failures: [{ code: 'Interrupted', retryable: true }] });
      app.signal = new AbortController().signal;
      await app.synced(objects);
      expect(await bench.get(bench.deployment('web'))).toBeDefined();
    },
  },
  {
    name: 'refusals of a Secret do not repeat its value',
    run: async (bench) => {
      const app = bench.app('web');
      const metadata = { name: 's', namespace: bench.namespace };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { p: { nested: 'tr0ub4dor' } } };
      const { prepared, result } = await app.sync([secret]);
      const told = JSON.stringify([prepared, result, app.lines]);
      expect((prepared?.holds.length ?? 0) + (result?.failures.length ?? 0)).toBe(1);
      expect(told).not.toContain('tr0ub4dor');
    },
  },
];
