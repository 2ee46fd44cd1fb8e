// Manifests are read the way kubectl reads them, and what it would drop or round is refused with its place.
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../lib/core/config/model.ts';
import { readManifests } from '../../../lib/core/render/yaml.ts';

const values = (text: string, file = 'a.yaml'): unknown[] =>
  readManifests(file, text).documents.map((one) => one.value);
const problems = (text: string, file = 'a.yaml'): string[] => readManifests(file, text).problems.map(problemText);

describe('scalars', () => {
  const table: readonly [string, unknown][] = [
    ['no', false],
    ['on', true],
    ['y', true],
    ['tRue', 'tRue'],
    ['~', null],
    ['', null],
    ['0123', 83],
    ['0o14', 12],
    ['0x1F', 31],
    ['-0b11', -3],
    ['089', 89],
    ['1_000', 1000],
    ['12:30:45', '12:30:45'],
    ['1e3', 1000],
    ['1e400', '1e400'],
    ['.5_0', 0.5],
    ['+1', 1],
    ['-0', 0],
    ['2001-01-01', '2001-01-01'],
    ['2001-01-01T10:00:00Z', '2001-01-01T10:00:00Z'],
    ['9007199254740991', 9_007_199_254_740_991],
    ['1000000000000000000', 1e18],
    ["'no'", 'no'],
    ['"0123"', '0123'],
    ['!!str yes', 'yes'],
    ['!!int "3"', 3],
    ['!!float 3', 3],
    ['!!binary aGk=', 'hi'],
    ['!!js/function x', 'x'],
    ['! 3', '3'],
    ['http://x:80/#a', 'http://x:80/#a'],
    ['[yes, 0123, a]', [true, 83, 'a']],
    ['{on: 1}', { true: 1 }],
  ];
  test.each(table)('%s', (written, meant) => {
    expect(values(`v: ${written}\n`)).toEqual([{ v: meant }]);
    expect(values(`v:\n- ${written}\n`)).toEqual([{ v: [meant] }]);
  });

  test.each([
    '.inf',
    '-.Inf',
    '.nan',
    '12345678901234567890',
    '9007199254740993',
    '!!int x',
    '!!binary "%"',
    '!!binary /w==',
  ])('%s is refused, not rounded', (written) =>
    expect(problems(`a: 1\nv: ${written}\n`)).toEqual([expect.stringMatching(/^a\.yaml:2:\d+ Yaml(Number|Tag) /)]),
  );

  test('keys are resolved like values', () => {
    expect(values('yes: 1\n0x10: 2\n1.5: 3\n1e15: 4\n"no": 5\n')).toEqual([
      { true: 1, '16': 2, '1.5': 3, '1e+15': 4, no: 5 },
    ]);
  });
});

describe('structure', () => {
  test('several documents; empty ones and comments are left out', () => {
    const read = readManifests('a.yaml', '\ufeff# c\n---\n---\na: 1\r\n--- # x\n  b: 2\n...\n---\n# end\n---\nnull\n');
    expect(read.documents.map(({ value, line, column }) => [value, line, column])).toEqual([
      [{ a: 1 }, 4, 1],
      [{ b: 2 }, 6, 3],
    ]);
  });

  test('merge keys: what stands later wins, as for kubectl', () => {
    expect(values('x: &x {a: 1, b: 2}\nw:\n  b: 0\n  <<: *x\n  a: 9\nz:\n  <<: [*x, {c: 3, a: 7}]\n')).toEqual([
      { x: { a: 1, b: 2 }, w: { a: 9, b: 2 }, z: { a: 1, b: 2, c: 3 } },
    ]);
  });

  test('aliases are expanded into separate values', () => {
    expect(values('a: &a [1]\nb: *a\n')).toEqual([{ a: [1], b: [1] }]);
  });

  test('blocks keep and drop line ends', () => {
    expect(values('a: |\n  x\n   y\n\nb: |-\n  x\nc: >\n  x\n  y\n\n  z\nd: |+\n  x\n\ne: "a\\\n  b"\n')).toEqual([
      { a: 'x\n y\n', b: 'x', c: 'x y\nz\n', d: 'x\n\n', e: 'ab' },
    ]);
  });

  test('JSON files, one or several values, with escapes', () => {
    expect(values('{"a": "\\u00e9\\ud83d\\ude00", "yes": 1e2}\n{"b": [ ]}', 'a.json')).toEqual([
      { a: 'é😀', yes: 100 },
      { b: [] },
    ]);
    expect(values('{"a": 1}\n---\n{"b": 2}\n---\nc: 3\n')).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  test('positions of mappings inside a document', () => {
    const [document] = readManifests('l.yaml', 'a: 1\n---\nkind: List\nitems:\n- kind: A\n- {kind: B}\n').documents;
    const [, list] = readManifests('l.yaml', 'a: 1\n---\nkind: List\nitems:\n- kind: A\n- {kind: B}\n').documents;
    const items = (list!.value as { items: object[] }).items;
    expect(items.map((item) => list!.positionOf(item as never))).toEqual([
      { file: 'l.yaml', line: 5, column: 3 },
      { file: 'l.yaml', line: 6, column: 3 },
    ]);
    expect(document?.positionOf({})).toEqual({ file: 'l.yaml', line: 1, column: 1 });
  });
});

describe('refused, with the place', () => {
  test.each([
    ['a duplicate key', 'a: 1\nb: 2\na: 3\n', 'a.yaml:3:1 YamlDuplicateKey the key "a" is there twice'],
    ['a key that means the same', 'yes: 1\n"true": 3\n', 'a.yaml:2:1 YamlDuplicateKey the key "true" is there twice'],
    ['a duplicate in flow style', 'x: {a: 1, a: 2}\n', 'a.yaml:1:11 YamlDuplicateKey the key "a" is there twice'],
    ['a self-referring alias', 'a: &a [*a]\n', 'a.yaml:1:8 YamlAlias the anchor &a contains itself'],
    ['an alias without anchor', 'a: *b\n', expect.stringMatching(/^a\.yaml:1:4 Yaml(Alias|Syntax) /)],
    ['a tab as indentation', 'a:\n\tb: 1\n', expect.stringMatching(/^a\.yaml:2:1 YamlSyntax /)],
    ['a NUL', 'a: 1\nb: x\0y\n', 'a.yaml:2:5 YamlCharacter the character U+0000 is not allowed here'],
    ['a BOM in the middle', 'a: 1\n\ufeffb: 2\n', 'a.yaml:2:1 YamlCharacter the character U+FEFF is not allowed here'],
    [
      'text after ---',
      '--- a: 1\n',
      'a.yaml:1:1 YamlSeparator only a comment may follow --- on its line; kubectl refuses it',
    ],
    [
      'a document after ...',
      'a: 1\n...\nb: 2\n',
      'a.yaml:3:1 YamlSeparator kubectl ignores what follows "..."; begin the next document with ---',
    ],
    [
      'a directive',
      '%YAML 1.2\n---\na: 1\n',
      'a.yaml:1:1 YamlDirective kubectl does not read YAML directives (%YAML, %TAG)',
    ],
    ['a null key', '~: 1\n', 'a.yaml:1:1 YamlKey a key must be text, a number or a boolean'],
    ['__proto__', 'a:\n  __proto__: {b: 1}\n', 'a.yaml:2:3 YamlKey the key __proto__ is not accepted'],
    ['<< of a list', 'a: {<<: [1]}\n', 'a.yaml:1:5 YamlMerge << needs a mapping, or a list of mappings'],
    ['a colon in a plain value', 'a: 1\nb: c: d\n', expect.stringMatching(/^a\.yaml:2:\d+ YamlSyntax /)],
  ])('%s', (_, text, wanted) => {
    const read = readManifests('a.yaml', text);
    expect(problemText(read.problems[0]!)).toEqual(wanted);
  });

  test('duplicates, rounded numbers and syntax in JSON files', () => {
    expect(problems('{"a": 1,\n "a": 2}', 'a.json')).toEqual([
      'a.json:2:2 YamlDuplicateKey the key "a" is there twice',
    ]);
    expect(problems('{"a":\n 12345678901234567890}', 'a.json')[0]).toMatch(/^a\.json:2:2 YamlNumber /);
    expect(problems('{"a": 1\n "b": 2}', 'a.json')).toEqual([`a.json:2:2 JsonSyntax expected "," or "}", found """`]);
    expect(problems('{"a":{"__proto__":{}}}', 'a.json')).toEqual([
      'a.json:1:7 YamlKey the key __proto__ is not accepted',
    ]);
  });

  test('a bad document does not hide the others', () => {
    expect(problems('a: [\n---\nb: 1\n---\nc: 1\nc: 2\n')).toHaveLength(2);
    expect(problems('a: [1\n---\nb: 1\n---\nc: 1\nc: 2\n').at(-1)).toBe(
      'a.yaml:6:1 YamlDuplicateKey the key "c" is there twice',
    );
  });
});

describe('bounds', () => {
  test('a billion laughs stops', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let level = 1; level < 12; level += 1)
      lines.push(
        `a${level}: &a${level} [${Array(10)
          .fill(`*a${level - 1}`)
          .join(',')}]`,
      );
    expect(problems(`${lines.join('\n')}\n`)[0]).toMatch(/ YamlTooLarge /);
  });

  test('deep nesting stops in every style', () => {
    expect(problems(`a: ${'['.repeat(20_000)}`)[0]).toMatch(/ Yaml(TooDeep|Syntax) /);
    expect(problems(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)[0]).toMatch(/ YamlTooDeep /);
    expect(problems(`${'- '.repeat(500)}a\n`)[0]).toMatch(/ YamlTooDeep /);
  });

  test('a huge scalar is read or refused in bounded time', () => {
    const huge = 'x'.repeat(50 * 1024 * 1024);
    expect(values(`a: ${huge}\n`)).toHaveLength(1);
    expect(problems(`a: &a ${huge}\n`)[0]).toMatch(/ YamlTooLarge /);
  });

  test('too many documents are refused', () => {
    expect(problems('---\na: 1\n'.repeat(100_000))[0]).toMatch(/ YamlTooLarge /);
  });
});
