// Which files a plain application reads, and what its globs mean.
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../lib/core/config/model.ts';
import { globMatches } from '../../../lib/core/render/glob.ts';
import { plainFiles } from '../../../lib/core/render/plain-files.ts';
import { appOf } from '../../support/render-tree.ts';

test.each([
  ['*.json', 'a.json', true],
  ['*.json', 'x/y/a.json', true],
  ['*.json', 'a.jsonx', false],
  ['x/*.json', 'x/a.json', true],
  ['x/*.json', 'x/y/a.json', false],
  ['x/**/*.json', 'x/y/z/a.json', true],
  ['x/**/*.json', 'x/a.json', true],
  ['**/test', 'a/test/b.yaml', true],
  ['test', 'a/test/b.yaml', true],
  ['test/', 'test/b.yaml', true],
  ['./test', 'test/b.yaml', true],
  ['test/**', 'test/a/b.yaml', true],
  ['a?.yaml', 'ab.yaml', true],
  ['a?.yaml', 'a.yaml', false],
  ['[a-c]x.yaml', 'bx.yaml', true],
  ['[!a-c]x.yaml', 'bx.yaml', false],
  ['{a,b*}.yaml', 'bcd.yaml', true],
  ['{a,b*}.yaml', 'c.yaml', false],
  ['a*b*c', 'aXbXbc', true],
  ['a*b*c', 'aXbXb', false],
  ['a.b', 'axb', false],
  ['*', 'anything/at/all', true],
])('%s matches %s: %s', (glob, path, wanted) => {
  expect(globMatches(glob, path)).toBe(wanted);
});

test('a glob made to be slow is not', () => {
  const name = 'a'.repeat(250);
  expect(globMatches(`${'*a'.repeat(90)}b`, name)).toBe(false);
  expect(globMatches(`${'**/a/'.repeat(30)}b`, `${'a/'.repeat(60)}c`)).toBe(false);
});

describe('plain files', () => {
  const paths = [
    'app/b.yaml',
    'app/a.yml',
    'app/x/c.json',
    'app/x/d.txt',
    'app/E.YAML',
    'app2/a.yaml',
    'holdfast.yaml',
    'app/x/y/z.yaml',
  ];
  test('every YAML and JSON file below the path, in path order', () => {
    expect(plainFiles(appOf(), paths).files).toEqual(['app/a.yml', 'app/b.yaml', 'app/x/c.json', 'app/x/y/z.yaml']);
  });
  test('without recursion, and with exclude', () => {
    expect(plainFiles(appOf({ recurse: false }), paths).files).toEqual(['app/a.yml', 'app/b.yaml']);
    expect(plainFiles(appOf({ exclude: ['x/y', '*.json'] }), paths).files).toEqual(['app/a.yml', 'app/b.yaml']);
  });
  test('the root holds the configuration, which is no manifest', () => {
    expect(plainFiles(appOf({ path: '', recurse: false }), [...paths, 'q.yaml']).files).toEqual(['q.yaml']);
  });
  test('a single file, whatever its name', () => {
    expect(plainFiles(appOf({ path: 'app/x/d.txt' }), ['app/x/d.txt']).files).toEqual(['app/x/d.txt']);
  });
  test('the file of a kustomization or chart, named as the path', () => {
    expect(
      plainFiles(appOf({ path: 'app/kustomization.yaml' }), ['app/kustomization.yaml']).problems.map(problemText),
    ).toEqual([
      'app/kustomization.yaml:1:1 PlainNested this file makes its directory a kustomization; write the directory as the path of the application',
    ]);
  });
  test('a nested kustomization or chart is refused by name, unless excluded', () => {
    const nested = ['app/a.yaml', 'app/k/kustomization.yml', 'app/c/Chart.yaml'];
    expect(plainFiles(appOf(), nested).problems.map(problemText)).toEqual([
      'app/k/kustomization.yml:1:1 PlainNested app/k is a kustomization inside an application of plain files; make it an application of its own, or name it under "exclude"',
      'app/c/Chart.yaml:1:1 PlainNested app/c is a Helm chart inside an application of plain files; make it an application of its own, or name it under "exclude"',
    ]);
    expect(plainFiles(appOf({ exclude: ['k', 'c/**'] }), nested)).toEqual({ files: ['app/a.yaml'], problems: [] });
  });
});
