// Random histories: whatever Git and people do, one sync later the cluster says what Git says, and there is nothing left to plan.
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { isObject, type JsonObject } from '../../../lib/core/json.ts';
import { isKubeError } from '../../../lib/adapters/kube/errors.ts';
import type { AppUnderTest, TargetCase, Workbench } from './workbench.ts';

const names = ['a', 'b', 'c'];
const keys = ['k', 'l', 'm'];
const name = fc.constantFrom(...names);
const key = fc.constantFrom(...keys);
const value = fc.constantFrom('1', '2', '3');

type Step =
  | { readonly kind: 'git'; readonly state: Readonly<Record<string, Readonly<Record<string, string>>>> }
  | { readonly kind: 'edit'; readonly name: string; readonly key: string; readonly value: string | null }
  | { readonly kind: 'stranger'; readonly name: string }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'unmark'; readonly name: string }
  | { readonly kind: 'forget' };

// At least one object always, or the guard against empty states would (rightly) hold the run.
const state = fc
  .dictionary(name, fc.dictionary(key, value, { maxKeys: 3 }), { maxKeys: 3 })
  .map((objects) => ({ ...objects, always: { k: '1' } }));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: state.map((wanted): Step => ({ kind: 'git', state: wanted })) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), name, key, value: fc.option(value, { nil: null }) }),
  },
  { weight: 1, arbitrary: name.map((one): Step => ({ kind: 'stranger', name: one })) },
  { weight: 1, arbitrary: name.map((one): Step => ({ kind: 'delete', name: one })) },
  { weight: 1, arbitrary: name.map((one): Step => ({ kind: 'unmark', name: one })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'forget' }) },
);

function objectsOf(bench: Workbench, wanted: Extract<Step, { kind: 'git' }>['state']): readonly KubeObject[] {
  return Object.entries(wanted).map(([one, data]) => bench.configMap(one, data));
}

/** Does something by hand; what is not there cannot be changed. */
async function byHand(bench: Workbench, app: AppUnderTest, act: Exclude<Step, { kind: 'git' }>): Promise<void> {
  if (act.kind === 'forget') {
    const entries = app.inventory.entries.map((entry) => {
      const { baseline: _, ...rest } = entry;
      return rest;
    });
    app.inventory = { v: 1, entries };
    return;
  }
  const object = bench.configMap(act.name);
  const patches: Record<'edit' | 'stranger' | 'unmark', JsonObject> = {
    edit: act.kind === 'edit' ? { data: { [act.key]: act.value } } : {},
    stranger: { data: { theirs: 'x' } },
    unmark: { metadata: { labels: null } },
  };
  try {
    if (act.kind === 'delete') await bench.client.delete(bench.ref(object));
    else await bench.edit(object, patches[act.kind]);
  } catch (error) {
    if (!isKubeError(error, 'NotFound')) throw error;
  }
}

async function play(bench: Workbench, steps: readonly Step[]): Promise<void> {
  // What Git writes and somebody else owns first is taken: these histories are about ending in one state.
  const app = bench.app('web', { conflicts: 'force' });
  let wanted: readonly KubeObject[] = objectsOf(bench, { always: { k: '1' } });
  try {
    for (const one of steps) {
      if (one.kind === 'git') wanted = objectsOf(bench, one.state);
      else await byHand(bench, app, one);
      const { prepared, result } = await app.sync(wanted);
      expect(prepared?.holds ?? []).toEqual([]);
      expect(result?.failures ?? []).toEqual([]);
      await expectSame(bench, app, wanted);
    }
  } finally {
    for (const one of [...names, 'always']) await bench.client.delete(bench.ref(bench.configMap(one)));
  }
}

async function expectSame(bench: Workbench, app: AppUnderTest, wanted: readonly KubeObject[]): Promise<void> {
  for (const object of wanted) {
    const data = (await bench.live(object))['data'];
    expect(isObject(data) ? data : {}).toMatchObject(object['data'] as JsonObject);
  }
  expect(await app.observe(wanted)).toMatchObject({ inSync: true, drift: [] });
  expect((await app.plan(wanted)).plan.changes).toEqual([]);
  expect(app.recorded).toEqual(wanted.map(({ metadata }) => `ConfigMap/${metadata.name ?? ''}`).sort());
}

export const randomCases: readonly TargetCase[] = [
  {
    name: 'any history of pushes and hand edits ends in what Git says',
    run: async (bench) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => play(bench, steps)),
        { numRuns: 12 },
      );
    },
  },
];
