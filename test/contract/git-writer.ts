// What every GitWriter does. Run by the remote and by the local one.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GitSource, GitWriter } from '../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../lib/core/source/git.ts';
import { openTree } from '../../lib/core/source/tree.ts';
import { commitAll, git, workTree, writeFiles } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface GitWriterUnderTest {
  readonly bare: string;
  readonly source: GitSource;
  readonly writer: GitWriter;
}

const author = { name: 'Holdfast', email: 'holdfast@example.com' };

export function gitWriterContract(make: (temp: string) => Promise<GitWriterUnderTest>): void {
  const start = async () => {
    const temp = tempDir();
    const under = await make(temp);
    const work = join(temp, 'work');
    const files = {
      'apps/web/a.yaml': 'a: 1\n',
      'apps/web/b.yaml': 'b: 1\n',
      'apps/web.x': 'x',
      'run.sh': '#!/bin/sh\n',
    };
    await workTree(work, files);
    chmodSync(join(work, 'run.sh'), 0o755);
    const first = await commitAll(work, 'mode');
    await git(work, 'remote', 'add', 'origin', under.bare);
    await git(work, 'push', '-q', 'origin', 'main');
    const commit = async (edits: Readonly<Record<string, string>>, parent = first) =>
      await under.writer.commit({
        branch: 'main',
        parent,
        edits: Object.entries(edits).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
        message: 'Update shop:1.3.0\n\nHoldfast-Image: shop:1.3.0',
        author,
        at: 1_700_000_000_000,
      });
    return { ...under, temp, work, first, commit };
  };

  test('one commit with the edits, and git finds nothing wrong with it', async () => {
    const { bare, source, first, commit, work } = await start();
    const result = await commit({
      'apps/web/a.yaml': 'a: 2\n',
      'apps/new/deep/c.yaml': 'c: 1\n',
      'run.sh': '#!/bin/sh\nx\n',
    });
    const revision = await source.head('main');
    expect(result).toEqual({ kind: 'pushed', revision });
    await git(bare, 'fsck', '--strict', '--full');
    expect(await git(bare, 'log', '-1', '--format=%an <%ae> %at %cn %P%n%B', 'main')).toBe(
      `Holdfast <holdfast@example.com> 1700000000 Holdfast ${first}\nUpdate shop:1.3.0\n\nHoldfast-Image: shop:1.3.0\n`,
    );
    await git(work, 'pull', '-q', 'origin', 'main');
    expect(await git(work, 'diff', '--stat', '--summary', first, 'HEAD')).toContain('3 files changed');
    expect(await git(work, 'ls-files', '-s', 'run.sh')).toMatch(/^100755/);
    const tree = openTree(await source.open(revision ?? ''), defaultGitLimits);
    expect(Buffer.from(await tree.bytes('apps/web/a.yaml')).toString()).toBe('a: 2\n');
    expect(Buffer.from(await tree.bytes('apps/web/b.yaml')).toString()).toBe('b: 1\n');
  });

  test('a branch that has moved is not overwritten', async () => {
    const { source, work, commit } = await start();
    writeFiles(work, { 'apps/web/b.yaml': 'b: 2\n' });
    const second = await commitAll(work, 'somebody else');
    await git(work, 'push', '-q', 'origin', 'main');
    expect(await commit({ 'apps/web/a.yaml': 'a: 2\n' })).toEqual({ kind: 'moved' });
    expect(await source.head('main')).toBe(second);
    expect((await commit({ 'apps/web/a.yaml': 'a: 2\n' }, second)).kind).toBe('pushed');
  });

  test('of two at once one is pushed and one has moved', async () => {
    const { commit } = await start();
    const results = await Promise.all([
      commit({ 'apps/web/a.yaml': 'a: 2\n' }),
      commit({ 'apps/web/a.yaml': 'a: 3\n' }),
    ]);
    expect(results.map((result) => result.kind).sort()).toEqual(['moved', 'pushed']);
  });

  test('a branch that is gone has moved', async () => {
    const { bare, work, commit } = await start();
    await git(bare, 'config', 'receive.denyDeleteCurrent', 'ignore');
    await git(work, 'push', '-q', 'origin', ':main');
    expect(await commit({ 'apps/web/a.yaml': 'a: 2\n' })).toEqual({ kind: 'moved' });
  });

  test('paths that cannot be written are refused and nothing is pushed', async () => {
    const { source, first, commit } = await start();
    for (const path of ['../x', '/etc/passwd', '.git/config', 'a/../b', 'a//b', '', 'apps/web', 'apps/web/a.yaml/x']) {
      await expect(commit({ [path]: 'x' })).rejects.toMatchObject({ code: 'GitEditInvalid' });
    }
    expect(await source.head('main')).toBe(first);
  });
}
