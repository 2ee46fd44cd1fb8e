import { describe, expect, test } from 'vitest';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import type { Tree } from '../../../lib/core/source/tree.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import type { MemoryFile } from '../../support/memory-tree.ts';
import { memoryReader, memoryTree } from '../../support/memory-tree.ts';

const paths = async (tree: Tree, path: string): Promise<readonly string[] | undefined> =>
  (await tree.walk(path))?.map((file) => file.path);
const text = async (tree: Tree, path: string): Promise<string> => Buffer.from(await tree.bytes(path)).toString();

describe('looking up', () => {
  const tree = memoryTree({ 'a/b/c.yaml': 'c', 'a/run': { executable: 'x' }, '__proto__/toString': 'p' });

  test.each([
    ['', 'directory'],
    ['a', 'directory'],
    ['a/b/c.yaml', 'file'],
    ['a/run', 'executable'],
    ['__proto__', 'directory'],
    ['__proto__/toString', 'file'],
  ])('%j is a %s', async (path, kind) => {
    expect(await tree.lookup(path)).toMatchObject({ path, kind });
  });

  test.each(['x', 'a/x', 'a/b/c.yaml/x', 'constructor', 'a/__proto__', 'a/b/hasOwnProperty'])(
    '%j is not there',
    async (path) => {
      expect(await tree.lookup(path)).toBeUndefined();
      expect(await tree.list(path)).toBeUndefined();
      expect(await tree.walk(path)).toBeUndefined();
      await expect(tree.bytes(path)).rejects.toMatchObject({ code: 'GitFileMissing' });
    },
  );

  test('a file is walked as itself, and is no list', async () => {
    expect(await paths(tree, 'a/b/c.yaml')).toEqual(['a/b/c.yaml']);
    expect(await tree.list('a/b/c.yaml')).toBeUndefined();
  });

  test('a directory has no bytes', async () => {
    await expect(tree.bytes('a')).rejects.toMatchObject({ code: 'GitFileMissing' });
  });
});

test('files come in the order of their whole paths', async () => {
  const tree = memoryTree({ 'a/x': '1', 'a.yaml': '2', 'a-b/x': '3', A: '4', 'a/a/x': '5' });
  expect(await paths(tree, '')).toEqual(['A', 'a-b/x', 'a.yaml', 'a/a/x', 'a/x']);
});

test('thousands of neighbours are looked up with one reading of each directory', async () => {
  const files: Record<string, MemoryFile> = {};
  for (let number = 0; number < 1000; number += 1) files[`apps/app-${number}/web.yaml`] = `n: ${number}`;
  const reader = memoryReader(files);
  const tree = openTree(reader, defaultGitLimits);
  for (let number = 0; number < 1000; number += 1)
    expect((await tree.lookup(`apps/app-${number}`))?.kind).toBe('directory');
  expect(reader.treesRead()).toBe(2);
});

describe('links', () => {
  const files: Record<string, MemoryFile> = {
    'shared/values.yaml': 'shared',
    'shared/deep/x.yaml': 'deep',
    'app/web.yaml': 'web',
    'app/values.yaml': { link: '../shared/values.yaml' },
    'app/dir': { link: '../shared' },
    'two/steps': { link: '../app/values.yaml' },
    'up/self': { link: '.' },
    'up/root': { link: '..' },
    'loop/a': { link: 'b' },
    'loop/b': { link: 'a' },
    'out/passwd': { link: '/etc/passwd' },
    'out/above': { link: '../../other/secret.yaml' },
    'out/windows': { link: 'C:\\secret' },
    'gone/link': { link: 'nowhere.yaml' },
    'odd/empty': { link: '' },
    'odd/long': { link: 'x/'.repeat(5000) },
    'part/file': 'f',
    'part/through': { link: 'file/x' },
  };
  const tree = memoryTree(files);

  test('inside the repository are followed, and show where they lead', async () => {
    expect(await tree.lookup('app/values.yaml')).toMatchObject({ kind: 'file', target: 'shared/values.yaml' });
    expect((await tree.lookup('app/values.yaml'))?.id).toBe((await tree.lookup('shared/values.yaml'))?.id);
    expect(await text(tree, 'two/steps')).toBe('shared');
    expect(await text(tree, 'app/dir/deep/x.yaml')).toBe('deep');
    expect(await paths(tree, 'app')).toEqual([
      'app/dir/deep/x.yaml',
      'app/dir/values.yaml',
      'app/values.yaml',
      'app/web.yaml',
    ]);
    expect((await tree.links('app')).map(({ path, kind, target }) => [path, kind, target])).toEqual([
      ['app/dir', 'directory', 'shared'],
      ['app/values.yaml', 'file', 'shared/values.yaml'],
    ]);
  });

  test.each(['loop/a', 'out/passwd', 'out/above', 'out/windows', 'odd/empty', 'odd/long'])(
    '%s is refused by name',
    async (path) => {
      const refused = { code: 'GitTreeInvalid', source: 'user', object: expect.stringMatching(/^(?:loop|out|odd)\//) };
      await expect(tree.lookup(path)).rejects.toMatchObject(refused);
      await expect(tree.bytes(path)).rejects.toMatchObject(refused);
      await expect(tree.walk(path.split('/')[0] ?? '')).rejects.toMatchObject(refused);
    },
  );

  test.each(['up/self', 'up/root'])('%s, which holds itself, does not walk for ever', async (path) => {
    expect((await tree.lookup(path))?.kind).toBe('directory');
    await expect(tree.walk('up')).rejects.toMatchObject({ code: 'GitTreeInvalid' });
  });

  test('that lead nowhere are absent, and an error for who needs the whole directory', async () => {
    expect(await tree.lookup('gone/link')).toBeUndefined();
    expect(await tree.lookup('part/through')).toBeUndefined();
    await expect(tree.walk('gone')).rejects.toMatchObject({ code: 'GitTreeInvalid', object: 'gone/link' });
  });

  test('that are bad do not hide their neighbours in a list', async () => {
    expect((await tree.list('out'))?.map((entry) => entry.kind)).toEqual(['badlink', 'badlink', 'badlink']);
    expect((await tree.list('gone'))?.map((entry) => entry.kind)).toEqual(['badlink']);
    expect((await tree.list('app'))?.map((entry) => entry.kind)).toEqual(['directory', 'file', 'file']);
  });
});

describe('what is shown', () => {
  test.each([
    ['a newline', 'a\nb', 'a\\u{a}b'],
    ['an escape', '\u001b[31mred', '\\u{1b}[31mred'],
    ['a change of direction', 'a\u202egnp.exe', 'a\\u{202e}gnp.exe'],
  ])('%s in a name is allowed and written out', async (_name, name, shown) => {
    const tree = memoryTree({ [`d/${name}/x`]: { link: '/etc' } });
    await expect(tree.lookup(`d/${name}/x`)).rejects.toMatchObject({
      object: `d/${shown}/x`,
      message: expect.stringContaining(shown),
    });
  });

  test('a name of 4 kB is cut', async () => {
    const tree = memoryTree({ ['x'.repeat(4096)]: { link: '/etc' } });
    const error: unknown = await tree.lookup('x'.repeat(4096)).catch((reason: unknown) => reason);
    expect((error as Error).message.length).toBeLessThan(400);
  });
});

describe('limits', () => {
  test('on entries hold for a directory and for a walk', async () => {
    const files = Object.fromEntries(Array.from({ length: 20 }, (_, number) => [`d${number % 2}/f${number}`, '']));
    await expect(memoryTree(files, { ...defaultGitLimits, entries: 10 }).walk('')).rejects.toMatchObject({
      code: 'GitTreeTooLarge',
    });
    expect(await memoryTree(files, { ...defaultGitLimits, entries: 23 }).walk('')).toHaveLength(20);
  });

  test('on depth hold for a path and for a walk', async () => {
    const tree = memoryTree({ 'a/b/c/d/e': 'x' }, { ...defaultGitLimits, depth: 3 });
    await expect(tree.lookup('a/b/c/d')).rejects.toMatchObject({ code: 'GitTreeTooDeep' });
    await expect(tree.walk('')).rejects.toMatchObject({ code: 'GitTreeTooDeep' });
  });
});

test('a submodule is left out and warned of once', async () => {
  const tree = memoryTree({ 'app/sub': { submodule: 'a'.repeat(40) }, 'app/x': 'x' });
  expect(await tree.lookup('app/sub')).toBeUndefined();
  expect((await tree.list('app'))?.map((entry) => entry.path)).toEqual(['app/x']);
  expect(await paths(tree, '')).toEqual(['app/x']);
  expect(tree.warnings().map((warning) => warning.path)).toEqual(['app/sub']);
});
