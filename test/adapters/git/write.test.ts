import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openLocal } from '../../../lib/adapters/git/local.ts';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import { localWriter, remoteWriter } from '../../../lib/adapters/git/write.ts';
import { gitWriterContract } from '../../contract/git-writer.ts';
import { commitAll, git, startGitServer, workTree, writeFiles } from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

const edit = { branch: 'main', message: 'm', author: { name: 'A\nB <x>', email: 'a@b' }, at: 0 };
const edits = [{ path: 'a.yaml', bytes: Buffer.from('a: 2\n') }];

function overHttp(url: string, temp: string) {
  const source = openRemote({ url, dataDirectory: join(temp, 'data') });
  return { source, writer: remoteWriter(source, { url }) };
}

async function onDisk(directory: string) {
  const source = await openLocal(directory);
  onTestFinished(() => source.close());
  return { source, writer: localWriter(source, directory) };
}

describe('over HTTP', () => {
  gitWriterContract(async (temp) => {
    const server = await startGitServer(join(temp, 'host'));
    await server.host.create('repo');
    return { bare: server.host.path('repo'), ...overHttp(`${server.url}/repo.git`, temp) };
  });
});

describe('on this machine', () => {
  gitWriterContract(async (temp) => {
    const bare = join(temp, 'bare.git');
    await git(temp, 'init', '-q', '--bare', bare);
    return { bare, ...(await onDisk(bare)) };
  });
});

async function protectedBranch() {
  const temp = tempDir();
  const server = await startGitServer(join(temp, 'host'));
  const parent = await workTree(join(temp, 'work'), { 'a.yaml': 'a: 1\n' });
  await git(join(temp, 'work'), 'push', '-q', `${server.url}/repo.git`, 'main');
  await git(server.host.path('repo'), 'config', 'receive.hideRefs', 'refs/heads/locked');
  await git(server.host.path('repo'), 'branch', 'locked', 'main');
  return { temp, parent, server, ...overHttp(`${server.url}/repo.git`, temp) };
}

test('a branch that the host keeps to itself is refused with its reason', async () => {
  const { writer, parent, server } = await protectedBranch();
  // Refused for its fast-forward only after the branch was read: the host must see a real push.
  await git(server.host.path('repo'), 'config', '--unset', 'receive.hideRefs');
  await git(server.host.path('repo'), 'config', 'receive.fsckObjects', 'true');
  const bad = {
    ...edit,
    branch: 'main',
    parent,
    edits: [{ path: '.gitmodules', bytes: Buffer.from('[submodule "x"]\nurl=-u\n') }],
  };
  await expect(writer.commit(bad)).rejects.toMatchObject({
    code: 'GitPushRefused',
    reason: expect.stringContaining('unpack'),
  });
});

test('a hidden branch counts as moved: there is nothing there to build on', async () => {
  const { writer, parent } = await protectedBranch();
  expect(await writer.commit({ ...edit, branch: 'locked', parent, edits })).toEqual({ kind: 'moved' });
});

test('an author cannot break out of the line', async () => {
  const { writer, parent, server } = await protectedBranch();
  await writer.commit({ ...edit, parent, edits });
  expect(await git(server.host.path('repo'), 'log', '-1', '--format=%an|%ae', 'main')).toBe('AB x|a@b');
});

test('a branch that is checked out is refused, and another one is written', async () => {
  const temp = tempDir();
  const work = join(temp, 'work');
  const parent = await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'branch', 'other');
  const { writer } = await onDisk(work);
  await expect(writer.commit({ ...edit, parent, edits })).rejects.toMatchObject({ code: 'GitPushRefused' });
  expect((await writer.commit({ ...edit, branch: 'other', parent, edits })).kind).toBe('pushed');
});

test('a push sends the few new objects, however large the repository is', async () => {
  const temp = tempDir();
  const server = await startGitServer(join(temp, 'host'));
  const files = Object.fromEntries(
    Array.from({ length: 300 }, (_, n) => [`apps/a${n % 10}/f${n}.yaml`, `n: ${n}\n${'x'.repeat(500)}`]),
  );
  await workTree(join(temp, 'work'), files);
  writeFiles(join(temp, 'work'), { 'a.yaml': 'a: 1\n' });
  const parent = await commitAll(join(temp, 'work'), 'second');
  await git(join(temp, 'work'), 'push', '-q', `${server.url}/repo.git`, 'main');
  const { writer, source } = overHttp(`${server.url}/repo.git`, temp);
  await source.head('main');
  await source.open(parent);
  const before = await git(server.host.path('repo'), 'count-objects');
  await writer.commit({ ...edit, parent, edits });
  const after = await git(server.host.path('repo'), 'count-objects');
  const count = (text: string): number => Number.parseInt(text, 10);
  expect(count(after) - count(before)).toBe(3);
});
