import { describe, expect, it } from 'vitest';
import { discoveredName, matchDirectories } from '../../../lib/core/config/discover.ts';
import { patternFault } from '../../../lib/core/config/formats.ts';
import { lines, read, readGood, treeOf } from './support.ts';

const files = [
  'teams/red/apps/web/w',
  'teams/red/apps/api/a',
  'teams/blue/apps/web/w',
  'teams/blue/x/y',
  'teams/.git/apps/z/z',
  'teams/file',
  'k8s-web/a',
  'k8s-api/a',
  'k8s-/a',
];

describe('patterns', () => {
  it.each([
    ['teams/*/apps/*', ['teams/blue/apps/web', 'teams/red/apps/api', 'teams/red/apps/web']],
    ['teams/*', ['teams/blue', 'teams/red']],
    ['./teams//*/', ['teams/blue', 'teams/red']],
    ['teams/.*', ['teams/.git']],
    ['teams/*/x', ['teams/blue/x']],
    ['k8s-*', ['k8s-api', 'k8s-web']],
    ['nowhere/*', []],
    ['teams/*/apps/web/w/*', []],
  ])('%s finds directories only, in path order', async (pattern, expected) => {
    expect((await matchDirectories(treeOf(files), pattern)).map((match) => match.path)).toEqual(expected);
  });

  it.each([
    ['teams/**', 'ConfigPattern'],
    ['teams/a*b*', 'ConfigPattern'],
    ['teams', 'ConfigPattern'],
    ['teams/{a,b}/*', 'ConfigPattern'],
    ['a/../*', 'ConfigPattern'],
    ['../*', 'ConfigPathEscape'],
    ['/teams/*', 'ConfigPathEscape'],
  ])('%s is refused', (pattern, code) => {
    expect(patternFault(pattern)?.code).toBe(code);
  });
});

describe('names', () => {
  it.each([
    [undefined, ['red', 'web'], 'red-web'],
    ['{2}-{1}', ['red', 'web'], 'web-red'],
    ['shop-{1}', ['red', 'web'], 'shop-red'],
    [undefined, ['Red_Team', 'My.App 2'], 'red-team-my-app-2'],
  ])('%s of %j is %s', (template, captures, expected) => {
    expect(discoveredName(template, captures)).toBe(expected);
  });

  it.each([
    ['{3}', '5:11 ConfigName {3} does not stand for a "*" of the pattern, which has 2'],
    ['{x}', '5:11 ConfigName {x} does not stand for a "*" of the pattern, which has 2'],
    ['web', '5:11 ConfigName With "discover" the name is a template and needs a part such as {1}'],
  ])('the template %s is refused', async (template, expected) => {
    const text = `version: 1\ntargets: {demo: {sandbox: {}}}\napps:\n  # here\n  - name: "${template}"\n    discover: teams/*/apps/*\n    target: demo\n`;
    expect(lines(await read(text, files))).toContain(expected);
  });
});

describe('in a catalogue', () => {
  const config = (entries: string): string => `version: 1\ntargets: {demo: {sandbox: {}}}\napps:\n${entries}`;

  it('leaves directories to entries that name them', async () => {
    const catalogue = await readGood(
      config(
        '  - {discover: teams/*/apps/*, target: demo}\n  - {name: special, path: teams/red/apps/web/, target: demo}\n',
      ),
      files,
    );
    expect(catalogue.apps.map((app) => app.name)).toEqual(['blue-web', 'red-api', 'special']);
  });

  it('holds a directory whose name is no name, and takes the others', async () => {
    const result = await read(config('  - {discover: teams/*, target: demo}\n'), [
      'teams/café/a',
      'teams/ok/a',
      `teams/${'x'.repeat(60)}/a`,
    ]);
    expect(result.problems.map((problem) => problem.code)).toEqual(['ConfigDiscoverName', 'ConfigDiscoverName']);
    expect(lines(result)[0]).toMatch(/^4:16 ConfigDiscoverName The directory "teams\/café" gives no usable name/);
    expect(result.kind === 'catalogue' && [result.catalogue.apps.length, result.catalogue.held.length]).toEqual([1, 2]);
  });

  it('two directories that give one name hold each other', async () => {
    const result = await read(config('  - {discover: teams/*, target: demo}\n'), [
      'teams/a_b/x',
      'teams/a-b/x',
      'teams/c/x',
    ]);
    expect(result.problems.map((problem) => problem.code)).toEqual(['ConfigDuplicateName', 'ConfigDuplicateName']);
    expect(result.kind === 'catalogue' && result.catalogue.apps.map((app) => app.name)).toEqual(['c']);
  });

  it('a wrong entry still names what it finds, so that nothing of it counts as removed', async () => {
    const result = await read(config('  - {discover: teams/*/apps/*, target: demo, recurse: 1}\n'), files);
    expect(result.kind === 'catalogue' && result.catalogue.held.map((entry) => entry.name)).toEqual([
      'blue-web',
      'red-api',
      'red-web',
    ]);
  });

  it('a parent directory that is gone holds the entry: it is not an empty answer', async () => {
    const result = await read(config('  - {discover: teem/*/apps/*, target: demo}\n'), files);
    expect(lines(result)).toEqual(['4:16 ConfigPathMissing Nothing is at "teem" in this commit']);
    expect(result.kind === 'catalogue' && result.catalogue.held).toHaveLength(1);
  });

  it('a link that leads nowhere holds its application; a link on the way holds the entry', async () => {
    const bad = await read(config('  - {discover: teams/*, target: demo}\n'), ['teams/ok/a', 'teams/gone->']);
    expect(
      bad.kind === 'catalogue' && [
        bad.catalogue.apps.map((app) => app.name),
        bad.catalogue.held.map((entry) => entry.name),
      ],
    ).toEqual([['ok'], ['gone']]);
    const way = await read(
      config('  - {discover: teams/*, target: demo}\n  - {name: x, path: teams/x, target: demo}\n'),
      ['teams->'],
    );
    expect(way.problems.map((problem) => problem.code)).toEqual(['ConfigPath', 'ConfigPath']);
  });
});
