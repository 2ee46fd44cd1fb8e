import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBase64 } from '../../lib/core/base64.ts';

it('gives back any text', () => {
  const holds = (text: string): void => {
    expect(decodeBase64(Buffer.from(text).toString('base64'))).toBe(text);
  };
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), holds));
});

it.each([
  ['YQ', 'a'],
  ['YW\nI=', 'ab'],
  ['/w==', undefined],
  ['a', undefined],
  ['a b!', undefined],
])('%j -> %j', (text, expected) => {
  expect(decodeBase64(text)).toBe(expected);
});
