// The algebra of field sets, by its laws and in the server's notation.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareElements, elementText } from '../../../../lib/adapters/sandbox/cluster/fields/element.ts';
import { FieldSet, pathText } from '../../../../lib/adapters/sandbox/cluster/fields/field-set.ts';

const element = fc.oneof(
  fc.constantFrom('a', 'b', 'c').map((name) => `f:${name}`),
  fc.constantFrom(80, 443).map((port) => `k:{"port":${port},"protocol":"TCP"}`),
  fc.constantFrom('x', 'y').map((value) => `v:"${value}"`),
);
const set = fc
  .array(fc.array(element, { minLength: 1, maxLength: 4 }), { maxLength: 8 })
  .map((paths) => FieldSet.of(...paths));

const texts = (one: FieldSet): string[] => [...one.paths()].map(pathText).sort();

describe('a set of fields', () => {
  test('is the same after it was written and read', () => {
    fc.assert(
      fc.property(set, (one) => {
        expect(texts(FieldSet.fromFieldsV1(one.toFieldsV1()))).toEqual(texts(one));
      }),
    );
  });

  test('holds in union, intersection and difference what sets of paths hold', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [left, right] = [texts(a), texts(b)];
        expect(texts(a.union(b))).toEqual([...new Set([...left, ...right])].sort());
        expect(texts(a.intersection(b))).toEqual(left.filter((path) => right.includes(path)));
        expect(texts(a.difference(b))).toEqual(left.filter((path) => !right.includes(path)));
      }),
    );
  });

  test('never changes when it is combined', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const before = JSON.stringify([a.toFieldsV1(), b.toFieldsV1()]);
        a.union(b);
        a.difference(b);
        a.recursiveDifference(b);
        a.intersection(b);
        expect(JSON.stringify([a.toFieldsV1(), b.toFieldsV1()])).toBe(before);
      }),
    );
  });

  test('loses what lies below a removed path only in the recursive difference', () => {
    const all = FieldSet.of(['f:spec', 'f:replicas'], ['f:status'], ['f:status', 'f:ready']);
    const status = FieldSet.of(['f:status']);
    expect(texts(all.difference(status))).toEqual(['.spec.replicas', '.status.ready']);
    expect(texts(all.recursiveDifference(status))).toEqual(['.spec.replicas']);
  });

  test('is written with the field itself first and keys by number', () => {
    const ports = FieldSet.of(
      ['f:ports', 'k:{"port":443}'],
      ['f:ports', 'k:{"port":80}', 'f:name'],
      ['f:ports', 'k:{"port":80}'],
    );
    expect(JSON.stringify(ports.toFieldsV1())).toBe(
      '{"f:ports":{"k:{\\"port\\":80}":{".":{},"f:name":{}},"k:{\\"port\\":443}":{}}}',
    );
  });
});

describe('a path element', () => {
  test('reads as in the conflicts of a real server', () => {
    expect(elementText('f:spec')).toBe('.spec');
    expect(elementText('k:{"containerPort":80,"protocol":"TCP"}')).toBe('[containerPort=80,protocol="TCP"]');
    expect(elementText('v:"x"')).toBe('[="x"]');
    expect(elementText('i:0')).toBe('[0]');
  });

  test('has a total order', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        expect(Math.sign(compareElements(a, b)) + Math.sign(compareElements(b, a))).toBe(0);
        const [first = '', , last = ''] = [a, b, c].sort(compareElements);
        expect(compareElements(first, last)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
