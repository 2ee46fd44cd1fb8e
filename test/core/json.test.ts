// Canonical text: what JSON.stringify would write, with sorted keys, so that digests of other programs and versions agree.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../lib/core/json.ts';

it.each([
  ['', '""'],
  ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
  ['\u0000\n\u007f\u2028é😀', JSON.stringify('\u0000\n\u007f\u2028é😀')],
  ['\ud800', '"\\ud800"'],
  [['', [], {}], '["",[],{}]'],
  [{ b: 1, a: undefined, '': null, 'a"': [undefined as unknown as Json] }, '{"":null,"a\\"":[null],"b":1}'],
])('writes %j', (value, text) => {
  expect(canonicalJson(value as Json)).toBe(text);
});

it('writes any value so that it reads back, whatever the order of its keys', () => {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    // A Map keeps the order of names that look like numbers, which an object would not.
    return new Map(members.map(([key, one]) => [key, sorted(one)]));
  };
  const text = (value: unknown): string => {
    if (value instanceof Map)
      return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${text(one)}`).join(',')}}`;
    return Array.isArray(value) ? `[${value.map(text).join(',')}]` : JSON.stringify(value);
  };
  const property = fc.property(fc.jsonValue(), (value) => {
    expect(canonicalJson(value as Json)).toBe(text(sorted(value)));
  });
  fc.assert(property, { numRuns: 500 });
});
