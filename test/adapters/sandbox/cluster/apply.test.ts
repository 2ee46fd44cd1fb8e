// Server-side apply on one object: what is merged, who owns it, what conflicts.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../lib/core/json.ts';
import {
  applyConfiguration,
  readManagers,
  recordUpdate,
  type Writer,
} from '../../../../lib/adapters/sandbox/cluster/fields/managed.ts';
import { FieldSet, pathText } from '../../../../lib/adapters/sandbox/cluster/fields/field-set.ts';
import { DEDUCED } from '../../../../lib/adapters/sandbox/cluster/fields/types.ts';
import { problemsText, typeProblems } from '../../../../lib/adapters/sandbox/cluster/fields/validate.ts';
import { listAt, mapAt, withValue } from '../../../../lib/adapters/sandbox/cluster/json.ts';
import { builtInType } from '../../../../lib/adapters/sandbox/cluster/kinds/schema.ts';

const deployment = builtInType('apps/v1', 'Deployment') ?? DEDUCED;
const service = builtInType('v1', 'Service') ?? DEDUCED;
const NOBODY = new FieldSet();

const writer = (manager: string, time = '2026-01-01T00:00:00Z'): Writer => ({
  manager,
  apiVersion: 'apps/v1',
  subresource: '',
  time,
  excluded: NOBODY,
});

function apply(
  type: typeof deployment,
  live: JsonObject,
  config: JsonObject,
  by: string | Writer,
  force = false,
): JsonObject {
  const result = applyConfiguration(type, [live, config], typeof by === 'string' ? writer(by) : by, force);
  if ('conflicts' in result)
    throw new Error(result.conflicts.map(({ manager, path }) => `${manager.manager} ${pathText(path)}`).join('\n'));
  return result.object;
}

const container = (name: string, rest: JsonObject = {}): JsonObject => ({ name, image: 'nginx', ...rest });
const pods = (...containers: JsonObject[]): JsonObject => ({ spec: { template: { spec: { containers } } } });
const owned = (object: JsonObject, manager: string): string[] =>
  [...readManagers(object).values()]
    .filter((one) => one.manager === manager)
    .flatMap((one) => [...one.fields.paths()].map(pathText));

describe('applying', () => {
  test('merges a list by its key and keeps what others put there', () => {
    const first = apply(deployment, {}, pods(container('web')), 'a');
    const both = apply(deployment, first, pods(container('side')), 'b');
    expect(listAt(both, 'spec', 'template', 'spec', 'containers').map((one) => mapAt(one)['name'])).toEqual([
      'web',
      'side',
    ]);
    expect(owned(both, 'b')).toContain('.spec.template.spec.containers[name="side"].image');
  });

  test('tells list entries apart by all keys, with the default of a missing one', () => {
    const udp = { spec: { ports: [{ port: 53, protocol: 'UDP' }] } };
    const first = apply(service, {}, { spec: { ports: [{ port: 53 }] } }, 'a');
    const both = apply(service, first, udp, 'b');
    expect(listAt(both, 'spec', 'ports')).toEqual([{ port: 53 }, { port: 53, protocol: 'UDP' }]);
  });

  test('removes what is no longer stated, unless someone else states it', () => {
    const live = apply(deployment, {}, { metadata: { labels: { x: '1', y: '2' } } }, 'a');
    const shared = apply(deployment, live, { metadata: { labels: { x: '1' } } }, 'b');
    const dropped = apply(deployment, shared, { metadata: { labels: {} } }, 'a');
    expect(mapAt(dropped, 'metadata', 'labels')).toEqual({ x: '1' });
  });

  test('leaves alone what nobody owns', () => {
    const live = { ...apply(deployment, {}, { spec: { replicas: 1, paused: true } }, 'a') };
    const defaulted = withValue(live, ['spec', 'minReadySeconds'], 5);
    const dropped = apply(deployment, defaulted, { spec: { replicas: 1 } }, 'a');
    expect(dropped['spec']).toEqual({ replicas: 1, minReadySeconds: 5 });
  });

  test('conflicts on a changed value of another manager, and force takes it over', () => {
    const live = apply(deployment, {}, { spec: { replicas: 1 } }, 'a');
    expect(() => apply(deployment, live, { spec: { replicas: 2 } }, 'b')).toThrow('a .spec.replicas');
    const forced = apply(deployment, live, { spec: { replicas: 2 } }, 'b', true);
    expect(mapAt(forced, 'spec')['replicas']).toBe(2);
    expect(owned(forced, 'a')).toEqual([]);
  });

  test('shares a field when both state the same value', () => {
    const live = apply(deployment, {}, { spec: { replicas: 1 } }, 'a');
    const shared = apply(deployment, live, { spec: { replicas: 1 } }, 'b');
    expect(owned(shared, 'a')).toEqual(owned(shared, 'b'));
  });

  test('keeps the time of a manager whose apply changes nothing', () => {
    const live = apply(deployment, {}, { spec: { replicas: 1 } }, writer('a', '2026-01-01T00:00:00Z'));
    const again = apply(deployment, live, { spec: { replicas: 1 } }, writer('a', '2026-02-02T00:00:00Z'));
    expect(again).toEqual(live);
  });

  test('treats a list of a custom resource as one value', () => {
    const live = apply(DEDUCED, {}, { spec: { list: [{ name: 'a' }], x: 1 } }, 'a');
    expect(() => apply(DEDUCED, live, { spec: { list: [{ name: 'b' }] } }, 'b')).toThrow('a .spec.list');
    expect(owned(apply(DEDUCED, live, { spec: { y: 1 } }, 'b'), 'b')).toEqual(['.spec', '.spec.y']);
  });

  test('conflicts with a hand edit', () => {
    const live = apply(deployment, {}, { spec: { replicas: 1 } }, 'a');
    const edited = recordUpdate(deployment, live, withValue(live, ['spec', 'replicas'], 5), writer('kubectl-edit'));
    expect(owned(edited, 'kubectl-edit')).toEqual(['.spec.replicas']);
    expect(owned(edited, 'a')).toEqual([]);
    expect(() => apply(deployment, edited, { spec: { replicas: 1 } }, 'a')).toThrow('kubectl-edit .spec.replicas');
  });
});

const value = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('x', 'y'), fc.boolean());
const config = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.oneof(value, fc.dictionary(fc.constantFrom('d', 'e'), value, { minKeys: 1 })),
  {
    minKeys: 1,
  },
);

describe('any two appliers', () => {
  test('get what they state, and applying twice changes nothing', () => {
    fc.assert(
      fc.property(config, config, (mine, theirs) => {
        const live = apply(DEDUCED, {}, { spec: mine }, 'a', true);
        const both = apply(DEDUCED, live, { spec: theirs }, 'b', true);
        expect(mapAt(both, 'spec')).toMatchObject(theirs);
        expect(apply(DEDUCED, both, { spec: theirs }, 'b')).toEqual(both);
      }),
    );
  });

  test('leave nothing behind when both state nothing any more', () => {
    fc.assert(
      fc.property(config, config, (mine, theirs) => {
        const both = apply(DEDUCED, apply(DEDUCED, {}, { spec: mine }, 'a', true), { spec: theirs }, 'b', true);
        const left = apply(DEDUCED, apply(DEDUCED, both, {}, 'a', true), {}, 'b', true);
        expect(mapAt(left, 'spec')).toEqual({});
        expect(mapAt(left, 'metadata')['managedFields']).toBeUndefined();
      }),
    );
  });

  test('own together exactly what is there', () => {
    fc.assert(
      fc.property(config, config, (mine, theirs) => {
        const both = apply(DEDUCED, apply(DEDUCED, {}, { spec: mine }, 'a', true), { spec: theirs }, 'b', true);
        const leaves = (prefix: string, object: JsonObject): string[] =>
          Object.entries(object).flatMap(([name, below]) =>
            typeof below === 'object' && below !== null
              ? leaves(`${prefix}.${name}`, mapAt(below))
              : [`${prefix}.${name}`],
          );
        const all = new Set([...owned(both, 'a'), ...owned(both, 'b')]);
        for (const leaf of leaves('.spec', mapAt(both, 'spec'))) expect(all).toContain(leaf);
      }),
    );
  });
});

describe('a schema mistake', () => {
  const check = (object: JsonObject) => problemsText(typeProblems(deployment, object, { allowDuplicates: false }));

  test.each([
    [{ spec: { replcas: 2 } }, '.spec.replcas: field not declared in schema'],
    [{ spec: { replicas: 'two' } }, '.spec.replicas: expected numeric (int or float), got string'],
    [{ spec: { paused: 'x' } }, '.spec.paused: expected boolean, got &{x}'],
    [{ spec: [] }, '.spec: expected map, got &{[]}'],
    [
      pods(container('a', { imagee: 'x' })),
      '.spec.template.spec.containers[name="a"].imagee: field not declared in schema',
    ],
    [pods(container('a'), container('a')), '.spec.template.spec.containers: duplicate entries for key [name="a"]'],
    [
      pods({ name: 'a', image: 5 }),
      '.spec.template.spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:5}',
    ],
  ])('%j is said in the server’s words', (object, message) => {
    expect(check(object)).toBe(message);
  });
});
