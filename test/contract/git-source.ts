// What every GitSource does, whatever is behind it. Run by the remote and by the local adapter.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitSource } from '../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import { openTree } from '../../lib/core/source/tree.ts';
import { commitAll, git, workTree, writeFiles, writeRaw, writeRawCommit, writeRawTree } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

/** A bare repository and a source that reads it. */
export interface GitSourceUnderTest {
  /** Path of the bare repository, to push to and to damage. */
  readonly bare: string;
  readonly source: GitSource;
}

const noBranches = [
  '',
  '-x',
  '--upload-pack=x',
  '../x',
  'a..b',
  'x.lock',
  'a b',
  'a\nb',
  'a:b',
  'a~1',
  'a^',
  'x'.repeat(300),
  'refs/heads/a\u0000b',
];
const dangerousNames = [
  '..',
  '.',
  '.git',
  '.GIT',
  '.git ',
  'git~1',
  '.g\u200cit',
  '.git::$INDEX_ALLOCATION',
  '/abs',
  'a\\b',
];

export function gitSourceContract(make: (temp: string) => Promise<GitSourceUnderTest>): void {
  const start = async (files: Readonly<Record<string, string | Uint8Array>> = { 'a.yaml': 'a: 1\n' }) => {
    const temp = tempDir();
    const under = await make(temp);
    const work = join(temp, 'work');
    const first = await workTree(work, files);
    await git(work, 'remote', 'add', 'origin', under.bare);
    await git(work, 'push', '-q', 'origin', 'main');
    return { ...under, temp, work, first };
  };

  test('how a branch moved: forward, back, or by another history', async () => {
    const { source, work, first } = await start();
    const look = async (): Promise<string> => {
      await git(work, 'push', '-q', '--force', 'origin', 'main');
      const head = (await source.head('main')) ?? '';
      await source.open(head);
      return head;
    };
    await look();
    writeFiles(work, { 'a.yaml': 'a: 2\n' });
    await commitAll(work, 'second');
    const second = await look();
    expect(await source.movement?.(first, second)).toBe('forward');
    expect(await source.movement?.(second, first)).toBe('back');
    await git(work, 'commit', '-q', '--amend', '-m', 'amended');
    const amended = await look();
    expect(await source.movement?.(second, amended)).toBe('rewritten');
    expect(await source.movement?.('0'.repeat(40), amended)).toBeUndefined();
  });

  test('head is the commit the branch points to, and undefined for a branch that is not there', async () => {
    const { source, first } = await start();
    expect(await source.head('main')).toBe(first);
    expect(await source.head('mai')).toBeUndefined();
    expect((await source.missing('mai')).toFailure()).toMatchObject({ code: 'GitBranchMissing' });
  });

  test('an empty repository has no head and says that it is empty', async () => {
    const { source } = await make(tempDir());
    expect(await source.head('main')).toBeUndefined();
    expect((await source.missing('main')).code).toBe('GitEmpty');
  });

  test('a commit is read by path: content, modes, links, odd names', async () => {
    const { source, first, work } = await start({
      'apps/web/deploy.yaml': 'kind: Deployment\n',
      'apps/web/A.yaml': 'upper\n',
      'apps/web/a.yaml': 'lower\n',
      '__proto__/constructor': 'plain data\n',
      'größe ☃.txt': Buffer.from([0, 1, 255]),
    });
    const tree = openTree(await source.open(first), defaultGitLimits);
    const walked = await tree.walk('');
    expect(walked?.map((file) => file.path)).toEqual([
      '__proto__/constructor',
      'apps/web/A.yaml',
      'apps/web/a.yaml',
      'apps/web/deploy.yaml',
      'größe ☃.txt',
    ]);
    expect(Buffer.from(await tree.bytes('größe ☃.txt'))).toEqual(Buffer.from([0, 1, 255]));
    expect(Buffer.from(await tree.bytes('__proto__/constructor')).toString()).toBe('plain data\n');
    expect((await tree.lookup('apps/web'))?.id).toBe(await git(work, 'rev-parse', 'HEAD:apps/web'));
    expect((await tree.lookup('apps/web/a.yaml'))?.id).toBe(await git(work, 'rev-parse', 'HEAD:apps/web/a.yaml'));
  });

  test('a later commit is read after a push, and the earlier one still', async () => {
    const { source, first, work } = await start();
    await source.open(first);
    writeFiles(work, { 'a.yaml': 'a: 2\n', 'b.yaml': 'b: 1\n' });
    const second = await commitAll(work, 'second');
    await git(work, 'push', '-q', 'origin', 'main');
    expect(await source.head('main')).toBe(second);
    const tree = openTree(await source.open(second), defaultGitLimits);
    expect(Buffer.from(await tree.bytes('a.yaml')).toString()).toBe('a: 2\n');
    const before = openTree(await source.open(first), defaultGitLimits);
    expect(Buffer.from(await before.bytes('a.yaml')).toString()).toBe('a: 1\n');
  });

  test('a force push to an unrelated history is followed', async () => {
    const { source, first, work } = await start();
    await source.open(first);
    await git(work, 'checkout', '-q', '--orphan', 'fresh');
    writeFiles(work, { 'a.yaml': 'a: forced\n' });
    const forced = await commitAll(work, 'unrelated');
    await git(work, 'push', '-q', '--force', 'origin', 'fresh:main');
    expect(await source.head('main')).toBe(forced);
    const tree = openTree(await source.open(forced), defaultGitLimits);
    expect(Buffer.from(await tree.bytes('a.yaml')).toString()).toBe('a: forced\n');
  });

  test('a branch that is deleted has no head, and the commit that was read stays readable', async () => {
    const { bare, source, first, work } = await start();
    const tree = openTree(await source.open(first), defaultGitLimits);
    await git(bare, 'config', 'receive.denyDeleteCurrent', 'ignore');
    await git(work, 'push', '-q', 'origin', 'main:other', ':main');
    expect(await source.head('main')).toBeUndefined();
    expect((await source.missing('main')).message).toContain('other');
    expect(Buffer.from(await tree.bytes('a.yaml')).toString()).toBe('a: 1\n');
  });

  test('names that are no branch are refused', async () => {
    const { source } = await make(tempDir());
    for (const branch of noBranches) {
      await expect(source.head(branch)).rejects.toMatchObject({ code: 'GitRefInvalid' });
    }
  });

  test('a commit that is nowhere is an error', async () => {
    const { source } = await start();
    await expect(source.open('1'.repeat(40))).rejects.toMatchObject({ code: 'GitRevisionMissing' });
  });

  test('tree entries with dangerous names are refused by name', async () => {
    const { bare, source } = await make(tempDir());
    const blob = writeRaw(bare, 'blob', Buffer.from('x'));
    const commits = dangerousNames.map((name, number) =>
      writeRawCommit(bare, writeRawTree(bare, [{ mode: '100644', name, id: blob }]), `b${number}`),
    );
    for (const [number, commit] of commits.entries()) {
      expect(await source.head(`b${number}`)).toBe(commit);
      const tree = openTree(await source.open(commit), defaultGitLimits);
      const refused = { code: 'GitTreeInvalid', source: 'user' };
      await expect(tree.list('')).rejects.toMatchObject(refused);
    }
  });

  test('a file and a directory of one name are refused by name', async () => {
    const { bare, source } = await make(tempDir());
    const blob = writeRaw(bare, 'blob', Buffer.from('x'));
    const inner = writeRawTree(bare, [{ mode: '100644', name: 'x', id: blob }]);
    const commit = writeRawCommit(
      bare,
      writeRawTree(bare, [
        { mode: '100644', name: 'twice', id: blob },
        { mode: '40000', name: 'twice', id: inner },
      ]),
    );
    await source.head('main');
    const tree = openTree(await source.open(commit), defaultGitLimits);
    await expect(tree.lookup('twice')).rejects.toMatchObject({ code: 'GitTreeInvalid', object: 'twice' });
  });

  test('a submodule is left out with a warning, whatever URL it names', async () => {
    const { bare, source } = await make(tempDir());
    const blob = writeRaw(bare, 'blob', Buffer.from('[submodule "s"]\n\tpath = s\n\turl = ext::sh -c id\n'));
    const root = writeRawTree(bare, [
      { mode: '100644', name: '.gitmodules', id: blob },
      { mode: '160000', name: 's', id: '2'.repeat(40) },
    ]);
    const commit = writeRawCommit(bare, root);
    await source.head('main');
    const tree = openTree(await source.open(commit), defaultGitLimits);
    expect((await tree.walk(''))?.map((file) => file.path)).toEqual(['.gitmodules']);
    expect(tree.warnings()).toMatchObject([{ code: 'GitSubmoduleIgnored', path: 's' }]);
  });
}
