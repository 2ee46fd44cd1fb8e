import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from '../../../lib/core/plan/lines.ts';

const signs = { same: ' ', removed: '-', added: '+', gap: '…' };
const printed = (before: string, after: string): readonly string[] =>
  diffLines(before, after).map(({ kind, text }) => signs[kind] + text);

describe('diffLines', () => {
  it.each([
    [
      'one line of many',
      '1\n2\n3\n4\n5\n6\n7',
      '1\n2\n3\nx\n5\n6\n7',
      ['…1 line the same', ' 2', ' 3', '-4', '+x', ' 5', ' 6', '…1 line the same'],
    ],
    ['a line put in', 'a\nb', 'a\nx\nb', [' a', '+x', ' b']],
    ['a line taken out at the end', 'a\nb', 'a', [' a', '-b']],
    [
      'two places',
      '1\n2\n3\n4\n5\n6\n7\n8\n9',
      'x\n2\n3\n4\n5\n6\n7\n8\ny',
      ['-1', '+x', ' 2', ' 3', '…3 lines the same', ' 7', ' 8', '-9', '+y'],
    ],
    ['the same text', 'a\nb', 'a\nb', ['…2 lines the same']],
  ])('%s', (_, before, after, expected) => {
    expect(printed(before, after)).toEqual(expected);
  });

  it('takes away and adds what makes one text of the other', () => {
    const text = fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 5 })
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after);
        fc.pre(!lines.some((line) => line.kind === 'gap'));
        const side = (other: string): string =>
          lines
            .filter((line) => line.kind !== other)
            .map((line) => line.text)
            .join('\n');
        expect(side('added')).toBe(before);
        expect(side('removed')).toBe(after);
      }),
    );
  });

  it('two huge texts end in bounded work', () => {
    const long = (letter: string): string =>
      Array.from({ length: 20_000 }, (_, index) => `${letter}${index}`).join('\n');
    expect(diffLines(long('a'), long('b'))).toHaveLength(40_000);
  });
});
