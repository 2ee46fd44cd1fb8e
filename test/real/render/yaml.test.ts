// YAML means what kubectl means: tables and generated documents, read by us and by the real kubectl.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson, type Json } from '../../../lib/core/json.ts';
import { toYaml } from '../../../lib/core/render/yaml-text.ts';
import { readManifests } from '../../../lib/core/render/yaml.ts';
import { readByKubectl } from '../../support/kubectl-oracle.ts';
import { tempDir } from '../../support/temp-dir.ts';

const document = (spec: string, name: string): string =>
  `apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: ${name}\nspec:\n${spec}`;
const specOf = (value: unknown): string => canonicalJson((value as { spec: Json }).spec);

/** Undefined when we refuse it. */
function ours(spec: string): string | undefined {
  const { documents, problems } = readManifests('a.yaml', document(spec, 'n'));
  return problems.length > 0 ? undefined : documents.map((one) => specOf(one.value)).join(' ');
}

/**
 * Holds every document that we read against what kubectl reads, each in a file of its own. Answers those that kubectl refuses:
 * to accept more is no harm as long as nothing has two meanings.
 */
async function compare(specs: readonly string[]): Promise<readonly string[]> {
  const readable = specs.filter((spec) => ours(spec) !== undefined);
  expect(readable.length).toBeGreaterThan(specs.length / 3);
  const directory = tempDir();
  for (const [index, spec] of readable.entries())
    writeFileSync(join(directory, `${index}.yaml`), document(spec, `n${index}`));
  const theirs = new Map((await readByKubectl(directory)).objects.map((one) => [one.metadata.name, specOf(one)]));
  const both = readable.map((spec, index) => ({ spec, ours: ours(spec), theirs: theirs.get(`n${index}`) }));
  expect(both.filter((one) => one.theirs !== undefined && one.ours !== one.theirs)).toEqual([]);
  return both.filter((one) => one.theirs === undefined).map((one) => one.spec);
}

const words =
  `no yes on off y n Y N Yes NO On OFF true True TRUE tRue ~ null Null NULL nULL 0 00 0123 0o14 0O14 0x1F 0X1f 0b101 -0b11 +0b11
  -0 +0 08 09 089 1_000 1__0 _1 +1 -1 +_ 1_ 0_7 0x_F 12:30:45 1:30 1e3 1E3 1e+3 1e-3 1.e3 1.5 .5 .5e1 5. -.5 +.5 1e400 -1e400 1e-400 .e5
  ._5 .5_0 1_0.5 2001-01-01 2001-1-1 2001-01-01T10:00:00Z 9007199254740991 0o 0x 0b 0b2 1.2.3 1-2 --1 +-1 1e 1e+ !!binary=aGk= = a:b
  http://x a#b {} [] [1,2] {a,b} "\\u00e9" "\\x41" "\\ta" 'it''s' -a ?a :a 1,2 0.0 1.0 0.1 1e15 1e21 1e20 123456789.123456789 0e0 00.5
  07.5 0x1.8 1_e3 +0x1F -0x1F -017 0o-7 1e3_0 .inf .nan 12345678901234567890 <<`.split(/\s+/);
const spaced = [
  '!!str 3',
  '!!int "3"',
  '!!float 3',
  '!!bool yes',
  '!foo bar',
  '!!js/function x',
  '! 3',
  '!!str yes',
  '!!null ""',
  '{a: 1}',
  '1 2',
  '- x',
  '"a\\\n   b"',
  "'a\n\n   b'",
  'a\n    b',
  '|\n    a\n     b',
  '|-\n    a\n\n',
  '|+\n    a\n\n',
  '>\n    a\n    b\n\n    c\n     d\n',
  '>-\n    a',
  '|2\n      a',
  '&x [a]',
  '[*x]',
];

test('scalars as values, in lists and as keys', async () => {
  const scalars = [...words, ...spaced];
  expect(await compare(scalars.map((scalar) => `  v: ${scalar}\n`))).toEqual([]);
  expect(await compare(scalars.map((scalar) => `- ${scalar}\n`))).toEqual([]);
  expect(await compare(words.map((scalar) => `  ${scalar}: v\n`))).toEqual([]);
});

test('merge keys, anchors and empty values', async () => {
  expect(
    await compare([
      '  a: &a {x: 1, z: 2}\n  b:\n    z: 0\n    <<: *a\n    x: 9\n',
      '  a: &a {x: 1}\n  b: &b {x: 2, w: 3}\n  c: {<<: [*a, *b], q: 4}\n  d: {<<: [*b, *a]}\n',
      '  a: &a\n    n: &n {x: 1}\n  b: {<<: *a, m: *n}\n',
      '  a:\n  b: [,]\n',
      '  a:\n  - \n  - b:\n  -\n',
      '  "<<": 1\n',
      '  ? a\n  : b\n',
      '  ? [a]\n  : b\n',
      '  a: [b: c, d]\n',
      '  a: {b, c: }\n',
      '  a: # c\n  # d\n    b: 1 # e\n',
      '- - a\n  - b\n-   c: 1\n    d: 2\n',
    ]),
  ).toEqual([]);
});

const characters = fc.string({
  unit: fc.constantFrom(...'aynoNY0189._-+:exEX ~#!|>{}[],"\'\\/=<é\n'.split('')),
  minLength: 1,
  maxLength: 8,
});

test('generated plain scalars', async () => {
  const plain = fc.string({
    unit: fc.constantFrom(...'0123456789._-+:exobEXaynfYN~'.split('')),
    minLength: 1,
    maxLength: 7,
  });
  expect(await compare(fc.sample(plain, { numRuns: 1500, seed: 7 }).map((scalar) => `  v: ${scalar}\n`))).toEqual([]);
});

test('generated text in every style', async () => {
  const styles = ['PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'] as const;
  const value: fc.Arbitrary<unknown> = fc.oneof(
    characters,
    fc.array(characters, { maxLength: 3 }),
    fc.dictionary(characters, characters, { maxKeys: 3 }),
  );
  const samples = fc.sample(fc.tuple(value, fc.constantFrom(...styles), fc.constantFrom(0, 20)), {
    numRuns: 800,
    seed: 11,
  });
  const specs = samples.map(([content, defaultStringType, lineWidth]) =>
    stringify({ v: content }, { defaultStringType, lineWidth, version: '1.1' }).replace(/^(?=.)/gm, '  '),
  );
  expect(await compare(specs)).toEqual([]);
});

test('what we write means to kubectl what it means to us', async () => {
  const value = fc.dictionary(characters, fc.oneof(characters, fc.array(characters, { maxLength: 3 })), {
    minKeys: 1,
    maxKeys: 3,
  });
  const values = fc.sample(value, { numRuns: 800, seed: 17 });
  const specs = values.map((one) => toYaml(one).replace(/^(?=.)/gm, '  '));
  expect(await compare(specs)).toEqual([]);
  expect(specs.map(ours)).toEqual(values.map((one) => canonicalJson(one)));
});

test('whatever a person may mistype: never another meaning than kubectl gives it', async () => {
  const piece = fc.constantFrom(
    ' ',
    '\n  ',
    '\n    ',
    '- ',
    ': ',
    ':',
    '# ',
    '"',
    "'",
    '|',
    '>',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '&a ',
    '*a',
    'a',
    'b: ',
    'c',
    '1',
    'yes',
    '!!str ',
    '? ',
  );
  const text = fc.array(piece, { minLength: 1, maxLength: 8 }).map((parts) => `  v: ${parts.join('')}\n`);
  const readable = fc.sample(text, { numRuns: 3000, seed: 13 }).filter((spec) => ours(spec) !== undefined);
  // A few that kubectl refuses we can read; they have one meaning then.
  expect((await compare(readable)).length).toBeLessThan(10);
});
