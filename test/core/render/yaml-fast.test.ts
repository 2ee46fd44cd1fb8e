// The quick YAML reader may give up, but where it answers it must answer what the full reader answers.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseFast } from '../../../lib/core/render/yaml-fast.ts';
import { parseFull } from '../../../lib/core/render/yaml-full.ts';

/** The package refuses a scalar below a comment that is indented less; kubectl reads it, and so does the quick reader. */
function isParserFault(text: string, message: string | undefined): boolean {
  return /^ *#/m.test(text) && message !== undefined && message.startsWith('Implicit keys need to be on a single line');
}

/** Undefined when they agree or the quick reader gave up, else what they said. */
function difference(text: string): string | undefined {
  const fast = parseFast(text);
  if (fast === undefined) return undefined;
  const full = parseFull(text);
  if (full.kind === 'faults' && isParserFault(text, full.faults[0]?.message)) return undefined;
  const fastText =
    fast === 'empty'
      ? '[]'
      : JSON.stringify([[fast.value, fast.offset, [...fast.places.values()].sort((a, b) => a - b)]]);
  const fullText =
    full.kind === 'faults'
      ? JSON.stringify(full)
      : JSON.stringify(
          full.parsed.map((one) => [one.value, one.offset, [...one.places.values()].sort((a, b) => a - b)]),
        );
  return fastText === fullText ? undefined : `${JSON.stringify(text)}\nquick: ${fastText}\nfull:  ${fullText}`;
}

const odd = fc.constantFrom(
  'name',
  'web',
  'a',
  'yes',
  'on',
  '0123',
  '1e3',
  '1_000',
  '12:30',
  '2001-01-01',
  '~',
  '',
  'x y',
  'a: b',
  '# c',
  '- d',
  'é',
  "it's",
  'say "x"',
  '.5',
  '0x1F',
  'null',
  '<<',
  '...',
  '---',
  '|',
  'a\nb',
  ' lead',
  'trail ',
  'a\n\n b\n',
  '1.0',
  'http://x/y?z=1#f',
  '{{ .Values }}',
  '*a',
  '&b',
  '!c',
  '%d',
  '@e',
  'a,b',
  '[x',
  'k:',
);
const tame = fc.constantFrom(
  'name',
  'web',
  'app.kubernetes.io/name',
  'hello world',
  'http://x/y',
  'it is',
  'a\nb\n',
  'true-ish',
  'key',
  'C',
);
const values = (word: fc.Arbitrary<string>): fc.Memo<unknown> => {
  const value: fc.Memo<unknown> = fc.memo<unknown>(
    (depth): fc.Arbitrary<unknown> =>
      depth <= 1
        ? fc.oneof<fc.Arbitrary<unknown>[]>(
            word,
            fc.integer(),
            fc.boolean(),
            fc.constant(null),
            fc.double({ noNaN: true, noDefaultInfinity: true }),
          )
        : fc.oneof<fc.Arbitrary<unknown>[]>(
            word,
            fc.array(value(depth - 1), { minLength: 1, maxLength: 4 }),
            fc.dictionary(word, value(depth - 1), { minKeys: 1, maxKeys: 4 }),
            fc.dictionary(word, value(depth - 1), { minKeys: 1, maxKeys: 4 }),
          ),
  );
  return value;
};
const content = fc.oneof(values(odd)(4), values(tame)(5));

const options = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  version: fc.constantFrom('1.1' as const, '1.2' as const),
  defaultStringType: fc.constantFrom(
    'PLAIN' as const,
    'QUOTE_SINGLE' as const,
    'QUOTE_DOUBLE' as const,
    'BLOCK_LITERAL' as const,
    'BLOCK_FOLDED' as const,
  ),
  lineWidth: fc.constantFrom(0, 20, 80),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const, 'block' as const),
});

const piece = fc.constantFrom(
  ' ',
  '  ',
  '\n',
  '\n\n',
  '\t',
  '-',
  '- ',
  ':',
  ': ',
  '#',
  ' #',
  '"',
  "'",
  '|',
  '>',
  '|-',
  '>-\n',
  '|+\n',
  '{',
  '}',
  '[',
  ']',
  ',',
  '&a ',
  '*a',
  '!!str ',
  '!',
  '?',
  '? ',
  '%',
  '...\n',
  '---\n',
  '<<: ',
  'a',
  'b: c\n',
  '- d\n',
  '  e: f\n',
  '\\n',
  '\\x41',
  '0',
  '~',
  '@',
  '`',
  '\u00e9',
  '\u{1f600}',
);

describe('the quick YAML reader', () => {
  test('agrees with the full reader on what people and tools write', () => {
    fc.assert(
      fc.property(content, options, (content, style) => {
        const text = stringify(content, { ...style, aliasDuplicateObjects: false, sortMapEntries: false });
        expect(difference(text.endsWith('\n') ? text : `${text}\n`)).toBeUndefined();
      }),
      { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 600) },
    );
  });

  test('agrees with the full reader, or gives up, on damaged text', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(3), piece), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(content, options, damage, (content, style, edits) => {
        let text = stringify(content, { ...style, aliasDuplicateObjects: false });
        for (const [at, cut, insert] of edits) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + cut);
        }
        if (/(?![\n\t])\p{Cc}|^---/mu.test(text)) return;
        expect(difference(`${text}\n`)).toBeUndefined();
      }),
      { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1500) },
    );
  });

  test('agrees with the full reader on lines thrown together', () => {
    const line = fc
      .tuple(fc.nat(5), fc.array(piece, { maxLength: 5 }))
      .map(([indent, parts]) => ' '.repeat(indent) + parts.join(''));
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 8 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        if (/^---/m.test(text)) return;
        expect(difference(text)).toBeUndefined();
      }),
      { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 1500) },
    );
  });

  test('agrees with the full reader on scalars over several lines', () => {
    const part = fc.constantFrom(
      'a',
      'b c',
      '\n',
      '\n ',
      '\n  ',
      '\n    ',
      ' \n  ',
      '\n\n  ',
      '\n \n   ',
      ' # c',
      '#',
      ':',
      ' ',
      "''",
      '\\n',
      '\\"',
      '- ',
      '"',
      "'",
      '&',
      '*',
    );
    const open = fc.constantFrom(
      'v: ',
      'v:\n  ',
      '- ',
      '- v: ',
      'v:\n- ',
      'u:\n  v: ',
      'v: "',
      "v: '",
      '- "',
      'v: ["a\', ',
    );
    const close = fc.constantFrom(
      '\n',
      '\nw: 1\n',
      '"\n',
      "'\n",
      '"\nw: 1\n',
      "'\nw: 1\n",
      '\n  w: 1\n',
      '\n# c\n',
      ']\n',
    );
    fc.assert(
      fc.property(open, fc.array(part, { maxLength: 7 }), close, (start, parts, end) => {
        expect(difference(start + parts.join('') + end)).toBeUndefined();
      }),
      { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 2000) },
    );
  });
});
