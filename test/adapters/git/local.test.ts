import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { LocalRepository } from '../../../lib/adapters/git/local.ts';
import { openLocal } from '../../../lib/adapters/git/local.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import { gitSourceContract } from '../../contract/git-source.ts';
import { commitAll, git, workTree, writeFiles, writeRaw, writeRawCommit, writeRawTree } from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

async function opened(directory: string, limits = defaultGitLimits): Promise<LocalRepository> {
  const repository = await openLocal(directory, limits);
  onTestFinished(() => repository.close());
  return repository;
}

describe('as a Git source', () => {
  gitSourceContract(async (temp) => {
    const bare = join(temp, 'bare.git');
    await git(temp, 'init', '-q', '--bare', bare);
    return { bare, source: await opened(bare) };
  });
});

let work: string;
let first: string;
beforeEach(async () => {
  work = join(tempDir(), 'work');
  first = await workTree(work, { 'app/web.yaml': 'a: 1\n', 'holdfast.yaml': 'version: 1\n' });
});

describe('the working tree', () => {
  test('has the ids of the commit when nothing was changed', async () => {
    const repository = await opened(work);
    const worktree = await repository.openWorktree();
    expect(worktree.rootId).toBe(await git(work, 'rev-parse', 'HEAD^{tree}'));
    expect(await repository.dirtyPaths()).toEqual([]);
  });

  test('has what is changed, what is new and not what is ignored or deleted', async () => {
    writeFiles(work, { 'app/web.yaml': 'a: 2\n', 'app/new.yaml': 'n\n', '.gitignore': 'x.log\n', 'x.log': 'no' });
    rmSync(join(work, 'holdfast.yaml'));
    symlinkSync('web.yaml', join(work, 'app/link.yaml'));
    const repository = await opened(work);
    const tree = openTree(await repository.openWorktree(), defaultGitLimits);
    const files = (await tree.walk('')) ?? [];
    expect(files.map((file) => file.path)).toEqual(['.gitignore', 'app/link.yaml', 'app/new.yaml', 'app/web.yaml']);
    expect(Buffer.from(await tree.bytes('app/link.yaml')).toString()).toBe('a: 2\n');
    expect(files[3]?.id).toBe(await git(work, 'hash-object', 'app/web.yaml'));
    expect(await repository.dirtyPaths()).toEqual([
      'app/web.yaml',
      'holdfast.yaml',
      '.gitignore',
      'app/link.yaml',
      'app/new.yaml',
    ]);
    const second = await commitAll(work, 'all of it');
    expect((await repository.openWorktree()).rootId).toBe((await repository.open(second)).rootId);
  });

  test('a nested repository is left out', async () => {
    await workTree(join(work, 'nested'), { 'x.yaml': 'x\n' });
    const tree = openTree(await (await opened(work)).openWorktree(), defaultGitLimits);
    expect(await tree.lookup('nested')).toBeUndefined();
  });

  test('a directory that is no repository is read as it is', async () => {
    const plain = tempDir();
    writeFiles(plain, { 'a/b.yaml': 'b\n', 'node_modules/x.yaml': 'x\n' });
    const repository = await opened(plain);
    expect(repository.isRepository).toBe(false);
    const tree = openTree(await repository.openWorktree(), defaultGitLimits);
    expect((await tree.walk(''))?.map((file) => file.path)).toEqual(['a/b.yaml', 'node_modules/x.yaml']);
    await expect(repository.resolve('HEAD')).rejects.toMatchObject({ code: 'GitNotARepository' });
  });

  test('a directory inside a repository is a root of its own, in the working tree and in a commit', async () => {
    const repository = await opened(join(work, 'app'));
    const trees = [await repository.openWorktree(), await repository.open('HEAD')];
    for (const reader of trees) {
      const tree = openTree(reader, defaultGitLimits);
      expect((await tree.walk(''))?.map((file) => file.path)).toEqual(['web.yaml']);
    }
    expect(trees[0]?.rootId).toBe(trees[1]?.rootId);
  });

  test('a directory that the outer repository ignores is read as it is', async () => {
    writeFiles(work, { '.gitignore': 'build\n', 'build/x.yaml': 'x\n' });
    const repository = await opened(join(work, 'build'));
    expect(repository.isRepository).toBe(false);
    const tree = openTree(await repository.openWorktree(), defaultGitLimits);
    expect(await tree.lookup('x.yaml')).toBeDefined();
  });

  test('a file over the limit is refused by its path when it is read, and stops nothing else', async () => {
    writeFiles(work, { 'big.bin': Buffer.alloc(2000), 'small.txt': 'small' });
    const repository = await opened(work, { ...defaultGitLimits, blobBytes: 1000 });
    const tree = openTree(await repository.openWorktree(), defaultGitLimits);
    await expect(tree.bytes('big.bin')).rejects.toMatchObject({ code: 'GitBlobTooLarge', object: 'big.bin' });
    expect(Buffer.from(await tree.bytes('small.txt')).toString()).toBe('small');
    expect(await repository.dirtyPaths()).toContain('big.bin');
  });
});

describe('revisions', () => {
  test('names, tags and what hangs on them are understood', async () => {
    await git(work, 'tag', '-a', '-m', 'tag', 'v1');
    const repository = await opened(work);
    for (const revision of ['HEAD', 'main', 'HEAD~0', 'main^{commit}', 'v1']) {
      expect(await repository.resolve(revision)).toBe(first);
    }
  });

  test('a short commit id is understood', async () => {
    expect(await (await opened(work)).resolve(first.slice(0, 10))).toBe(first);
  });

  test('what is no revision is refused before git sees it', async () => {
    const repository = await opened(work);
    for (const revision of [
      '--upload-pack=x',
      '-x',
      'HEAD;rm',
      'a b',
      'HEAD..main',
      '$(id)',
      '',
      '../../x',
      ':/first',
      'HEAD:app',
    ]) {
      await expect(repository.resolve(revision)).rejects.toMatchObject({ code: 'GitRevisionInvalid' });
    }
  });

  test('a name that is not there is an error that says so', async () => {
    await expect((await opened(work)).resolve('nothing')).rejects.toMatchObject({ code: 'GitRevisionMissing' });
  });

  test('a repository without a commit says that it is empty', async () => {
    const empty = tempDir();
    await git(empty, 'init', '-q');
    await expect((await opened(empty)).resolve('HEAD')).rejects.toMatchObject({ code: 'GitEmpty' });
  });

  test('a directory that is not there is an error', async () => {
    await expect(openLocal('/nowhere/at/all')).rejects.toMatchObject({ code: 'GitDirectoryMissing' });
  });
});

test('a blob over the limit is not read, and the reader goes on', async () => {
  writeFiles(work, { 'big.bin': Buffer.alloc(2_000_000), 'small.txt': 'small' });
  const commit = await commitAll(work, 'big');
  const repository = await opened(work, { ...defaultGitLimits, blobBytes: 1_000_000 });
  const tree = openTree(await repository.open(commit), defaultGitLimits);
  const [big, small] = await Promise.allSettled([tree.bytes('big.bin'), tree.bytes('small.txt')]);
  expect(big).toMatchObject({ status: 'rejected', reason: { code: 'GitBlobTooLarge', object: 'big.bin' } });
  expect(small).toMatchObject({ status: 'fulfilled' });
});

test('an object that is missing is an error that names the path', async () => {
  const bare = join(tempDir(), 'bare.git');
  mkdirSync(bare);
  await git(bare, 'init', '-q', '--bare', '.');
  const commit = writeRawCommit(bare, writeRawTree(bare, [{ mode: '100644', name: 'gone.yaml', id: '3'.repeat(40) }]));
  const tree = openTree(await (await opened(bare)).open(commit), defaultGitLimits);
  await expect(tree.bytes('gone.yaml')).rejects.toMatchObject({ code: 'GitObjectMissing', object: 'gone.yaml' });
});

test('no setting of the repository runs a command', async () => {
  writeFiles(work, { 'hook.sh': '#!/bin/sh\ntouch ran\n' });
  await git(work, 'config', 'core.fsmonitor', join(work, 'hook.sh'));
  await git(work, 'config', 'core.hooksPath', work);
  const repository = await opened(work);
  await repository.dirtyPaths();
  const tree = openTree(await repository.openWorktree(), defaultGitLimits);
  expect(await tree.lookup('ran')).toBeUndefined();
});

test('a blob that no path names is not confused with a tree', async () => {
  const blob = writeRaw(join(work, '.git'), 'blob', Buffer.from('x'));
  const reader = await (await opened(work)).open('HEAD');
  await expect(reader.tree(blob)).rejects.toMatchObject({ code: 'GitObjectMissing' });
});

test("origin's address is given without what is secret in it", async () => {
  await git(work, 'remote', 'add', 'origin', 'https://user:token@example.com/a.git');
  expect(await (await opened(work)).originUrl()).toBe('https://example.com/a.git');
});
