// YAML that we write is read back as what it was, by us and by a reader of the other version.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { canonicalJson, type Json } from '../../../lib/core/json.ts';
import { toYaml } from '../../../lib/core/render/yaml-text.ts';
import { readManifests } from '../../../lib/core/render/yaml.ts';

const words = fc.constantFrom(
  'yes',
  'no',
  'y',
  'on',
  'null',
  '~',
  '',
  '0123',
  '0o14',
  '1_000',
  '1e3',
  '.inf',
  '12:30',
  '<<',
  '2001-01-01',
  '- a',
  'a: b',
  'a #b',
  ' a',
  'a ',
  '|',
  'a\nb',
  'a\nb\n',
  'a\n\nb\n\n',
  '\n',
  ' a\nb',
  'a\n  b\n',
  'a \nb',
  '\ta\nb',
  'é',
  '😀',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u0000',
  'http://x:80/y?z=1',
  '@a',
  '`b',
  '%c',
  '{a}',
  '[b',
  "it's",
  'say "x"',
  '---',
  '...',
  'a:b',
  '=',
  'key',
  'app.kubernetes.io/name',
  '-',
  '?',
  ':',
);
const text = fc.oneof(
  words,
  fc.string({ maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\t', '#', ':', '-'), maxLength: 10 }),
);
const value: fc.Memo<Json> = fc.memo<Json>(
  (depth): fc.Arbitrary<Json> =>
    depth <= 1
      ? fc.oneof<fc.Arbitrary<Json>[]>(
          text,
          fc.maxSafeInteger(),
          fc.boolean(),
          fc.constant(null),
          fc.constantFrom(1.5, 1e21, 1e-7, -0.25),
        )
      : fc.oneof<fc.Arbitrary<Json>[]>(
          fc.array(value(depth - 1), { maxLength: 3 }),
          fc.dictionary(
            text.filter((key) => key !== '__proto__'),
            value(depth - 1),
            { maxKeys: 3 },
          ),
          text,
        ),
);
const document = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  value(4),
  { minKeys: 1, maxKeys: 4 },
);
const runs = { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 800) };

describe('what is written is read back', () => {
  test('by the reader of manifests', () => {
    fc.assert(
      fc.property(document, (written) => {
        const read = readManifests('a.yaml', toYaml(written));
        expect(read.problems).toEqual([]);
        expect(read.documents.map((one) => canonicalJson(one.value))).toEqual([canonicalJson(written)]);
      }),
      runs,
    );
  });

  test('by a YAML 1.2 reader', () => {
    fc.assert(
      fc.property(document, (written) => {
        expect(canonicalJson(parse(toYaml(written)) as Json)).toBe(canonicalJson(written));
      }),
      runs,
    );
  });
});

test('looks like what people write', () => {
  const manifest: Json = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'web', labels: { app: 'web', version: '1.0', on: 'yes' }, annotations: {} },
    data: { 'a.conf': 'one\n  two\n\nthree\n', list: '- a', empty: '' },
    items: [{ name: 'a', ports: [80, 443] }, ['x', []], 'hello world', null],
  };
  expect(toYaml(manifest)).toMatchInlineSnapshot(`
    "apiVersion: v1
    kind: ConfigMap
    metadata:
      name: web
      labels:
        app: web
        version: "1.0"
        "on": "yes"
      annotations: {}
    data:
      a.conf: |
        one
          two

        three
      list: "- a"
      empty: ""
    items:
      - name: a
        ports:
          - 80
          - 443
      - - x
        - []
      - hello world
      - null
    "
  `);
});
