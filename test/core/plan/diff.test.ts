import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../lib/core/json.ts';
import { diffFields } from '../../../lib/core/plan/diff.ts';

const cases: readonly (readonly [string, Json | undefined, Json | undefined, readonly object[]])[] = [
  ['nothing', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
  ['another order of keys', { a: 1, b: 2 }, { b: 2, a: 1 }, []],
  ['a value', { spec: { replicas: 2 } }, { spec: { replicas: 3 } }, [{ path: 'spec.replicas', before: 2, after: 3 }]],
  ['null is a value', { a: null }, { a: 0 }, [{ path: 'a', before: null, after: 0 }]],
  ['a field put in', {}, { a: { b: 1 } }, [{ path: 'a', after: { b: 1 } }]],
  ['a field taken out', { a: { b: 1 } }, {}, [{ path: 'a', before: { b: 1 } }]],
  ['another type', { a: [1] }, { a: { b: 1 } }, [{ path: 'a', before: [1], after: { b: 1 } }]],
  [
    'a label with dots',
    { metadata: { labels: { 'app.kubernetes.io/name': 'a' } } },
    { metadata: { labels: { 'app.kubernetes.io/name': 'b' } } },
    [{ path: 'metadata.labels.app.kubernetes.io/name', before: 'a', after: 'b' }],
  ],
  [
    'keys in the order of their characters',
    { b: 1, a: 1, B: 1 },
    {},
    [
      { path: 'B', before: 1 },
      { path: 'a', before: 1 },
      { path: 'b', before: 1 },
    ],
  ],
  [
    'an item by its name',
    { containers: [{ name: 'web', image: 'a' }, { name: 'log' }] },
    { containers: [{ name: 'log' }, { name: 'web', image: 'b' }] },
    [{ path: 'containers[name=web].image', before: 'a', after: 'b' }],
  ],
  [
    'items put in and taken out',
    { env: [{ name: 'A' }, { name: 'B' }] },
    { env: [{ name: 'B' }, { name: 'C' }] },
    [
      { path: 'env[name=A]', before: { name: 'A' } },
      { path: 'env[name=C]', after: { name: 'C' } },
    ],
  ],
  [
    'only the order of items',
    { env: [{ name: 'A' }, { name: 'B' }] },
    { env: [{ name: 'B' }, { name: 'A' }] },
    [{ path: 'env[order]', before: ['name=A', 'name=B'], after: ['name=B', 'name=A'] }],
  ],
  [
    'container ports by number and protocol',
    { ports: [{ containerPort: 53, protocol: 'UDP' }, { containerPort: 53 }] },
    {
      ports: [
        { containerPort: 53, protocol: 'UDP', name: 'dns' },
        { containerPort: 53, protocol: 'TCP' },
      ],
    },
    [
      { path: 'ports[containerPort=53,protocol=UDP].name', after: 'dns' },
      { path: 'ports[containerPort=53,protocol=TCP].protocol', after: 'TCP' },
    ],
  ],
  [
    'service ports',
    { ports: [{ port: 80, targetPort: 1 }] },
    { ports: [{ port: 80, targetPort: 2 }] },
    [{ path: 'ports[port=80,protocol=TCP].targetPort', before: 1, after: 2 }],
  ],
  [
    'mounts by their path',
    {
      volumeMounts: [
        { name: 'v', mountPath: '/a' },
        { name: 'v', mountPath: '/b' },
      ],
    },
    {
      volumeMounts: [
        { name: 'v', mountPath: '/a' },
        { name: 'w', mountPath: '/b' },
      ],
    },
    [{ path: 'volumeMounts[mountPath=/b].name', before: 'v', after: 'w' }],
  ],
  [
    'tags of AWS',
    { Tags: [{ Key: 'a', Value: '1' }] },
    { Tags: [{ Key: 'a', Value: '2' }] },
    [{ path: 'Tags[Key=a].Value', before: '1', after: '2' }],
  ],
  [
    'a name twice: by position',
    { a: [{ name: 'x', v: 1 }, { name: 'x' }] },
    { a: [{ name: 'x', v: 2 }, { name: 'x' }] },
    [{ path: 'a[0].v', before: 1, after: 2 }],
  ],
  [
    'items without names: by position',
    { rules: [{ hosts: ['a'] }, {}] },
    { rules: [{ hosts: ['a', 'b'] }] },
    [
      { path: 'rules[0].hosts', before: ['a'], after: ['a', 'b'] },
      { path: 'rules[1]', before: {} },
    ],
  ],
  [
    'plain lists as one value',
    { args: ['a', 'b'] },
    { args: ['a', 'c', 'b'] },
    [{ path: 'args', before: ['a', 'b'], after: ['a', 'c', 'b'] }],
  ],
  ['an empty list', { env: [] }, { env: [{ name: 'A' }] }, [{ path: 'env', before: [], after: [{ name: 'A' }] }]],
  [
    'a new object, without what its name tells',
    undefined,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'b', labels: { x: 'y' } },
      data: { k: 'v' },
    },
    [
      { path: 'data', after: { k: 'v' } },
      { path: 'metadata', after: { labels: { x: 'y' } } },
    ],
  ],
  [
    'an object that goes',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: {} },
    undefined,
    [{ path: 'data', before: {} }],
  ],
  ['whole values', 1, 2, [{ path: '', before: 1, after: 2 }]],
];

describe('diffFields', () => {
  it.each(cases)('%s', (_, before, after, expected) => {
    expect(diffFields(before, after)).toEqual(expected);
  });

  it('uses merge keys that a schema tells, and none but them', () => {
    const keys = (path: readonly string[]): readonly string[] | undefined =>
      path.join('.') === 'spec.hosts' ? ['host'] : undefined;
    const before = {
      spec: {
        hosts: [
          { host: 'a', name: 'x' },
          { host: 'b', name: 'y' },
        ],
      },
    };
    const after = {
      spec: {
        hosts: [
          { host: 'b', name: 'x' },
          { host: 'a', name: 'x' },
        ],
      },
    };
    expect(diffFields(before, after, keys)).toEqual([{ path: 'spec.hosts[host=b].name', before: 'y', after: 'x' }]);
  });

  const json = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;
  const items = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), v: fc.nat(2) }), { maxLength: 4 });

  it('finds nothing exactly when the values are equal', () => {
    const value = fc.oneof(
      json,
      items.map((list): Json => ({ list })),
    );
    fc.assert(
      fc.property(value, value, (before, after) => {
        const equal = canonicalJson(before) === canonicalJson(after);
        expect(diffFields(before, after).length === 0).toBe(equal);
        expect(diffFields(before, structuredClone<Json>(before))).toEqual([]);
      }),
    );
  });

  it('says the same whatever the order of keys, and the reverse for the way back', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const shuffled = JSON.parse(canonicalJson(after)) as Json;
        expect(diffFields(before, shuffled)).toEqual(diffFields(before, JSON.parse(JSON.stringify(after)) as Json));
        const there = diffFields(before, after).map((change) => change.path);
        const back = diffFields(after, before).map((change) => change.path);
        expect([...back].sort()).toEqual([...there].sort());
      }),
    );
  });
});
