import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { Hash } from '../../../lib/core/json.ts';
import { unchanged } from '../../../lib/core/source/affected.ts';
import { bundleKey, decodeBundle, encodeBundle, makeBundle } from '../../../lib/core/source/bundle.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { makeRoots } from '../../../lib/core/source/roots.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import type { MemoryFile } from '../../support/memory-tree.ts';
import { memoryReader, memoryTree } from '../../support/memory-tree.ts';

type Files = Record<string, MemoryFile>;
const hash: Hash = (data) => createHash('sha256').update(data).digest('hex');

const before: Files = {
  'app/web.yaml': 'web',
  'app/run.sh': { executable: 'run' },
  'app/values.yaml': { link: '../shared/values.yaml' },
  'app/base': { link: '../base' },
  'base/x.yaml': 'x',
  'shared/values.yaml': 'v',
  'single.yaml': 'single',
  'other/web.yaml': 'other',
};
const paths = ['app', 'single.yaml', 'app/kustomization.yaml', 'absent.yaml'];

/** Whether the roots of the files before still hold after a change. */
async function holds(change: (files: Files) => void): Promise<boolean> {
  const roots = await makeRoots(memoryTree(before), paths);
  const after = { ...before };
  change(after);
  return await unchanged(roots, memoryTree(after));
}

describe('an application is not affected by', () => {
  test.each<[string, (files: Files) => void]>([
    ['nothing', () => undefined],
    ['another application', (files) => (files['other/web.yaml'] = 'changed')],
    ['a new directory', (files) => (files['new/x'] = 'x')],
    ['what lies beside the target of a link', (files) => (files['shared/more.yaml'] = 'x')],
  ])('%s', async (_name, change) => {
    expect(await holds(change)).toBe(true);
  });
});

describe('an application is affected by', () => {
  test.each<[string, (files: Files) => void]>([
    ['a file of its own', (files) => (files['app/web.yaml'] = 'changed')],
    ['a new file of its own', (files) => (files['app/new.yaml'] = '')],
    ['a file gone', (files) => delete files['app/web.yaml']],
    [
      'all of it gone',
      (files) =>
        Object.keys(files)
          .filter((path) => path.startsWith('app/'))
          .forEach((path) => delete files[path]),
    ],
    ['a file that could be executed and can no longer', (files) => (files['app/run.sh'] = 'run')],
    ['what a link leads to', (files) => (files['shared/values.yaml'] = 'changed')],
    ['a file below a linked directory', (files) => (files['base/x.yaml'] = 'changed')],
    ['a new file below a linked directory', (files) => (files['base/new.yaml'] = '')],
    ['a link turned elsewhere', (files) => (files['app/values.yaml'] = { link: '../other/web.yaml' })],
    ['a link that leads nowhere now', (files) => delete files['shared/values.yaml']],
    ['a link that leads out now', (files) => (files['app/values.yaml'] = { link: '/etc/passwd' })],
    ['a single file', (files) => (files['single.yaml'] = 'changed')],
    ['a single file that can be executed now', (files) => (files['single.yaml'] = { executable: 'single' })],
    ['a file that was absent', (files) => (files['absent.yaml'] = '')],
    ['a directory in the place of an absent file', (files) => (files['absent.yaml/x'] = '')],
    [
      'its directory as a link',
      (files) => {
        for (const path of Object.keys(files)) if (path.startsWith('app/')) delete files[path];
        files['app'] = { link: 'other' };
      },
    ],
  ])('%s', async (_name, change) => {
    expect(await holds(change)).toBe(false);
  });
});

test('a tree that cannot be read is not taken for changed', async () => {
  const roots = await makeRoots(memoryTree(before), paths);
  const error = new HoldfastError({ code: 'GitUnreachable', source: 'remote', message: 'm' });
  const reader = { ...memoryReader(before), tree: async () => await Promise.reject(error) };
  await expect(unchanged(roots, openTree(reader, defaultGitLimits))).rejects.toBe(error);
});

test('equal roots give equal bundles, whatever else is in the repository', async () => {
  const bytesOf = async (files: Files): Promise<[string, string]> => {
    const tree = memoryTree(files);
    const roots = await makeRoots(tree, paths);
    return [bundleKey(roots, hash), hash(encodeBundle(await makeBundle(tree, roots, defaultGitLimits)))];
  };
  const same = await bytesOf(before);
  expect(await bytesOf({ ...before, 'other/web.yaml': 'changed' })).toEqual(same);
  const changed = await bytesOf({ ...before, 'shared/values.yaml': 'changed' });
  expect(changed[0]).not.toBe(same[0]);
  expect(changed[1]).not.toBe(same[1]);
});

test('a bundle holds the files of the roots, with links as their content, and nothing else', async () => {
  const tree = memoryTree({ ...before, 'app/__proto__': 'p' });
  const bundle = await makeBundle(tree, await makeRoots(tree, paths), defaultGitLimits);
  const shown = bundle.files.map((file) => [file.path, file.executable, Buffer.from(file.bytes).toString()]);
  expect(shown).toEqual([
    ['app/__proto__', false, 'p'],
    ['app/base/x.yaml', false, 'x'],
    ['app/run.sh', true, 'run'],
    ['app/values.yaml', false, 'v'],
    ['app/web.yaml', false, 'web'],
    ['single.yaml', false, 'single'],
  ]);
  expect(decodeBundle(encodeBundle(bundle)).files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes) }))).toEqual(
    bundle.files.map((file) => ({ ...file, bytes: Buffer.from(file.bytes) })),
  );
});

test('a bundle over the limit is refused', async () => {
  const tree = memoryTree(before);
  const roots = await makeRoots(tree, ['app']);
  await expect(makeBundle(tree, roots, { ...defaultGitLimits, packBytes: 5 })).rejects.toMatchObject({
    code: 'GitBundleTooLarge',
  });
});

test('what is stored is read back, and what was not stored is refused', () => {
  const file = fc.record({
    path: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
    executable: fc.boolean(),
    bytes: fc.uint8Array({ maxLength: 50 }),
  });
  const files = fc.uniqueArray(file, { selector: ({ path }) => path, maxLength: 8 });
  const property = fc.property(files, fc.nat(200), (some, cut) => {
    const blob = encodeBundle({ files: some });
    const back = decodeBundle(blob).files;
    const same =
      back.length === some.length &&
      back.every((one) => some.some(({ path, bytes }) => path === one.path && Buffer.from(bytes).equals(one.bytes)));
    if (cut === 0 || cut > blob.length) return same;
    try {
      decodeBundle(blob.subarray(0, -cut));
      return false;
    } catch (error) {
      return same && error instanceof HoldfastError && error.code === 'BundleInvalid';
    }
  });
  expect(() => fc.assert(property)).not.toThrow();
});
