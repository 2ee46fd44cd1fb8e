// The quick reader may give up, but never differ: what it answers, the whole reader answers, places included, and without a fault.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readQuickly } from '../../../lib/core/config/quick-yaml.ts';
import { readYaml } from '../../../lib/core/config/yaml.ts';
import { configDocs } from '../../../tools/config-docs.ts';

const example = /```yaml\n([\s\S]*?)```/.exec(configDocs()['docs/configuration.md'] ?? '')?.[1] ?? '';

/** Whether the quick reader answered. */
function agrees(text: string): boolean {
  const quick = readQuickly(text);
  if (quick === undefined) return false;
  const whole = readYaml(text);
  expect(whole.faults).toEqual([]);
  expect(quick.value).toEqual(whole.value);
  expect(quick.rootAt).toBe(whole.rootAt);
  expect([...quick.members.values()]).toEqual([...whole.members.values()]);
  return true;
}

describe('answers', () => {
  it.each([
    ['the example of the documentation', example],
    ['comments everywhere', '# a\na: 1 # b\n\n# c\nb:\n  # d\n  c: 2 #\n  # e'],
    ['a list at the depth of its key', 'a:\n- b\n- c: 1\n  d: 2\ne: 3\n'],
    ['lists of mappings', 'a:\n  - b: 1\n    c:\n      d: 2\n  -   e: 3\n'],
    ['lists in flow', 'a: [b, [c, {d: e}], {}, []]\n'],
    ['quotes', 'a: "x: # y"\nb: \'p: q\'\nc: ["1", \'2\']\n'],
    ['colons and hashes inside words', 'a: http://x:80/y#z\nb: [c:d, 10.0.0.0/16]\n'],
    ['types', 'a: true\nb: False\nc: null\nd: ~\ne: 1.10\nf: 010\ng: 1e3\nh: yes\ni: +1\n'],
    ['no line end', 'a: b'],
  ])('%s', (_, text) => {
    expect(agrees(text)).toBe(true);
  });
});

describe('leaves to the whole reader', () => {
  it.each([
    ['nothing', ''],
    ['a list as root', '- a\n'],
    ['anchors', 'a: &x 1\nb: *x\n'],
    ['tags', 'a: !!str 1\n'],
    ['block scalars', 'a: |\n  b\n'],
    ['text that goes on', 'a: b\n  c\n'],
    ['documents', '---\na: 1\n'],
    ['escapes', 'a: "\\n"\n'],
    ['quoted quotes', "a: 'it''s'\n"],
    ['quoted keys', '"a": 1\n'],
    ['a key twice', 'a: 1\na: 2\n'],
    ['reserved keys', 'a: {__proto__: 1}\n'],
    ['an empty value', 'a:\nb: 1\n'],
    ['flow over several lines', 'a: [b,\n  c]\n'],
    ['a comma at the end', 'a: [b, ]\n'],
    ['a mapping of one in a list', 'a: [b: c]\n'],
    ['tabs', 'a:\tb\n'],
    ['other bases', 'a: 0x1F\n'],
    ['negative numbers', 'a: -1\n'],
    ['a less deep line that fits nothing', 'a:\n    b: 1\n  c: 2\n'],
    ['65 levels', `a: ${'['.repeat(65)}${']'.repeat(65)}\n`],
  ])('%s', (_, text) => {
    expect(agrees(text)).toBe(false);
  });
});

describe('agrees on', () => {
  const piece = fc.constantFrom(
    'a',
    'b: ',
    'c',
    ': ',
    ':',
    ' ',
    '  ',
    '\n',
    '\n  ',
    '\n- ',
    '- ',
    '-',
    '{',
    '}',
    '[',
    ']',
    ', ',
    ',',
    '"',
    "'",
    '#',
    ' # ',
    '1',
    '1.0',
    '~',
    'null',
    'true',
    '0o7',
    '.5',
    '.inf',
    '&',
    '*',
    '!',
    '|',
    '>',
    '%',
    '@',
    '`',
    '?',
    '? ',
    '<<',
    '=',
    '$',
    '(',
    '\\',
    'é',
    '\u0085',
    '\r\n',
    '---',
    '...',
  );

  it('any mixture of the pieces of YAML', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }).map((parts) => `k: ${parts.join('')}`),
        (text) => {
          expect(agrees(text)).toBeTypeOf('boolean');
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('the example with anything put in or taken out anywhere', () => {
    const edit = fc.tuple(fc.nat(example.length), fc.nat(3), piece);
    const edited = fc
      .array(edit, { minLength: 1, maxLength: 2 })
      .map((edits) => edits.reduce((text, [at, cut, put]) => text.slice(0, at) + put + text.slice(at + cut), example));
    fc.assert(
      fc.property(edited, (text) => {
        expect(agrees(text)).toBeTypeOf('boolean');
      }),
      { numRuns: 1000 },
    );
  });

  it('ordinary data as a writer of YAML writes it, and answers most of it', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/);
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        word,
        fc.nat(),
        fc.boolean(),
        fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(word, tie('value'), { minKeys: 1, maxKeys: 3 }),
      ),
    }));
    let answered = 0;
    let all = 0;
    fc.assert(
      fc.property(fc.dictionary(word, value, { minKeys: 1, maxKeys: 4 }), (data) => {
        all += 1;
        if (agrees(stringify(data))) answered += 1;
      }),
      { numRuns: 300 },
    );
    expect(answered / all).toBeGreaterThan(0.5);
  });
});
