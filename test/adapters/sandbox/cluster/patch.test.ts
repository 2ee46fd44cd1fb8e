// The three plain patch formats.
import { describe, expect, test } from 'vitest';
import { jsonPatch, mergePatch, strategicPatch } from '../../../../lib/adapters/sandbox/cluster/api/patch.ts';
import { DEDUCED } from '../../../../lib/adapters/sandbox/cluster/fields/types.ts';
import { builtInType } from '../../../../lib/adapters/sandbox/cluster/kinds/schema.ts';

const pod = builtInType('v1', 'Pod') ?? DEDUCED;

test('a merge patch removes with null and replaces lists', () => {
  expect(mergePatch({ a: 1, b: { c: 1, d: 2 }, l: [1, 2] }, { a: null, b: { c: 3 }, l: [3] })).toEqual({
    b: { c: 3, d: 2 },
    l: [3],
  });
});

describe('a JSON patch', () => {
  const target = { a: { b: [1, 2, 3] }, 'x/y': 1 };

  test.each([
    [[{ op: 'add', path: '/a/b/1', value: 9 }], { a: { b: [1, 9, 2, 3] }, 'x/y': 1 }],
    [[{ op: 'add', path: '/a/b/-', value: 9 }], { a: { b: [1, 2, 3, 9] }, 'x/y': 1 }],
    [[{ op: 'remove', path: '/x~1y' }], { a: { b: [1, 2, 3] } }],
    [[{ op: 'replace', path: '/a/b/0', value: 7 }], { a: { b: [7, 2, 3] }, 'x/y': 1 }],
    [[{ op: 'move', from: '/x~1y', path: '/z' }], { a: { b: [1, 2, 3] }, z: 1 }],
    [[{ op: 'copy', from: '/a/b/0', path: '/c' }], { a: { b: [1, 2, 3] }, 'x/y': 1, c: 1 }],
    [[{ op: 'test', path: '/a/b', value: [1, 2, 3] }], target],
    [[{ op: 'remove', path: '/nope' }], target],
  ])('%j', (patch, wanted) => {
    expect(jsonPatch(target, patch)).toEqual(wanted);
  });

  test.each([
    [[{ op: 'test', path: '/x~1y', value: 2 }]],
    [[{ op: 'add', path: '/no/way', value: 2 }]],
    [[{ op: 'remove', path: '/a/b/9' }]],
    [[{ op: 'nonsense', path: '/a' }]],
  ])('%j is refused as the server does it', (patch) => {
    expect(() => jsonPatch(target, patch)).toThrow('the server rejected our request due to an error in our request');
  });
});

describe('a strategic merge patch', () => {
  const target = {
    spec: {
      containers: [
        { name: 'a', image: '1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: '2' },
      ],
    },
  };
  const patched = (containers: object[]) => strategicPatch(pod, target, { spec: { containers: containers as never } });

  test('merges keyed lists at every level', () => {
    expect(patched([{ name: 'a', env: [{ name: 'Y', value: '2' }] }])).toEqual({
      spec: {
        containers: [
          {
            name: 'a',
            image: '1',
            env: [
              { name: 'X', value: '1' },
              { name: 'Y', value: '2' },
            ],
          },
          { name: 'b', image: '2' },
        ],
      },
    });
  });

  test('deletes and replaces where it is told to', () => {
    expect(patched([{ name: 'a', $patch: 'delete' }])).toEqual({ spec: { containers: [{ name: 'b', image: '2' }] } });
    expect(patched([{ $patch: 'replace' }, { name: 'z' }])).toEqual({ spec: { containers: [{ name: 'z' }] } });
  });

  test('adds to and takes from sets', () => {
    const held = { metadata: { finalizers: ['a', 'b'] } };
    expect(strategicPatch(pod, held, { metadata: { finalizers: ['c'] } })).toEqual({
      metadata: { finalizers: ['a', 'b', 'c'] },
    });
    expect(strategicPatch(pod, held, { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } })).toEqual({
      metadata: { finalizers: ['b'] },
    });
  });
});
