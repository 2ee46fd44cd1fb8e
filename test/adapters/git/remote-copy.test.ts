import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { commitAll, git, writeFiles } from '../../support/git.ts';
import { failure, startRemote, textOf } from '../../support/remote-git.ts';

const copyOf = (dataDirectory: string): string => {
  const [home = ''] = readdirSync(dataDirectory);
  return join(dataDirectory, home, readFileSync(join(dataDirectory, home, 'current'), 'utf8'));
};
const packsOf = (dataDirectory: string): string[] =>
  readdirSync(join(copyOf(dataDirectory), 'objects/pack')).map((name) =>
    join(copyOf(dataDirectory), 'objects/pack', name),
  );

test.each(['.pack', '.idx'])('a damaged %s is found when it is read, and healed by the next look', async (ending) => {
  const { source, first, open, dataDirectory } = await startRemote();
  await source.open(first);
  const file = packsOf(dataDirectory).find((name) => name.endsWith(ending)) ?? '';
  writeFileSync(file, readFileSync(file).fill(0x55, 20, 1_000));
  const damaged = open();
  await Promise.allSettled([textOf(damaged, first)]);
  expect(await textOf(damaged, first)).toBe('a: 1\n');
  expect(await textOf(open(), first)).toBe('a: 1\n');
});

test('an emptied directory is filled again', async () => {
  const { source, first, open, dataDirectory } = await startRemote();
  await source.open(first);
  writeFileSync(join(dataDirectory, readdirSync(dataDirectory)[0] ?? '', 'current'), 'nonsense');
  expect(await textOf(open(), first)).toBe('a: 1\n');
});

test('a disk that cannot be written is said, and the next try works', async () => {
  const { first, open, dataDirectory } = await startRemote();
  writeFileSync(dataDirectory, 'in the way');
  expect(await failure(open().open(first))).toMatchObject({
    code: 'GitStoreFailed',
    source: 'system',
    retryable: true,
  });
  rmSync(dataDirectory);
  const source = open();
  expect(await textOf(source, first)).toBe('a: 1\n');
});

test('a disk that cannot be written in a later fetch is said, and the next try begins with an empty one', async () => {
  const { source, first, open, work, server, push, dataDirectory } = await startRemote();
  await source.open(first);
  writeFiles(work, { 'a.yaml': 'a: 2\n' });
  const second = await commitAll(work, 'second');
  await push(`${server.url}/repo.git`, 'main');
  const packs = join(copyOf(dataDirectory), 'objects/pack');
  renameSync(packs, `${packs}-away`);
  writeFileSync(packs, 'in the way');
  expect((await failure(source.open(second))).code).toBe('GitStoreFailed');
  expect(await textOf(source, second)).toBe('a: 2\n');
  expect(await textOf(open(), first)).toBe('a: 1\n');
});

test('however often large things are pushed, there are two copies at most', async () => {
  const { source, first, work, server, push, dataDirectory } = await startRemote({ addedBytes: 400_000 });
  await source.open(first);
  const home = join(dataDirectory, readdirSync(dataDirectory)[0] ?? '');
  const copies = new Set<string>();
  for (let commit = 2; commit < 9; commit += 1) {
    writeFileSync(join(work, 'noise.bin'), randomBytes(300_000));
    writeFiles(work, { 'a.yaml': `a: ${commit}\n` });
    const revision = await commitAll(work, `commit ${commit}`);
    await push(`${server.url}/repo.git`, 'main');
    expect(await source.head('main')).toBe(revision);
    expect(await textOf(source, revision)).toBe(`a: ${commit}\n`);
    const there = readdirSync(home).filter((name) => name !== 'current');
    expect(there.length).toBeLessThanOrEqual(2);
    for (const name of there) copies.add(name);
    expect(packsOf(dataDirectory).reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(1_600_000);
  }
  expect(copies.size).toBeGreaterThan(2);
}, 60_000);

test('git finds nothing wrong with it', async () => {
  const { source, first, work, server, push, dataDirectory } = await startRemote();
  await source.head('main');
  await source.open(first);
  writeFiles(work, { 'a.yaml': 'a: 2\n' });
  const second = await commitAll(work, 'second');
  await push(`${server.url}/repo.git`, 'main');
  await source.head('main');
  await source.open(second);
  const copy = copyOf(dataDirectory);
  await git(copy, 'fsck', '--full', '--strict');
  expect(await git(copy, 'cat-file', '-p', `${second}:a.yaml`)).toBe('a: 2');
  expect(packsOf(dataDirectory)).toHaveLength(4);
});

test('killed in the middle of a first fetch, the next process succeeds', async () => {
  const { proxy, first, open, dataDirectory, temp } = await startRemote();
  proxy.set({ kind: 'trickle', everyMs: 5, path: /\/git-upload-pack$/ });
  const script = join(temp, 'fetch.ts');
  const module = join(import.meta.dirname, '../../../lib/adapters/git/remote.ts');
  writeFileSync(
    script,
    `import { openRemote } from ${JSON.stringify(module)};
    await openRemote(${JSON.stringify({ url: `${proxy.url}/repo.git`, dataDirectory })}).open(${JSON.stringify(first)});`,
  );
  const child = spawn(process.execPath, [script], { stdio: 'ignore' });
  const died = new Promise((resolve) => child.on('close', resolve));
  await eventually(() => proxy.requests.some((request) => request.url.endsWith('/git-upload-pack')), {
    within: 20_000,
  });
  child.kill('SIGKILL');
  await died;
  const home = join(dataDirectory, readdirSync(dataDirectory)[0] ?? '');
  const [left = ''] = readdirSync(home);
  expect(existsSync(join(home, 'current'))).toBe(false);
  proxy.set();
  // What the killed process left is swept away when it is old enough to be nobody's.
  utimesSync(join(home, left), new Date(0), new Date(0));
  expect(await textOf(open(), first)).toBe('a: 1\n');
  expect(readdirSync(home)).not.toContain(left);
  expect(statSync(join(home, 'current')).isFile()).toBe(true);
}, 30_000);
