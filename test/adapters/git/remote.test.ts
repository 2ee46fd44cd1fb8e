import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import type { GitSource } from '../../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import { gitSourceContract } from '../../contract/git-source.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { commitAll, git, startGitServer, workTree, writeFiles } from '../../support/git.ts';
import { failure, startRemote, textOf } from '../../support/remote-git.ts';

describe('as a Git source', () => {
  gitSourceContract(async (temp) => {
    const server = await startGitServer(join(temp, 'host'));
    await server.host.create('repo');
    const url = `${server.url}/repo.git`;
    return { bare: server.host.path('repo'), source: openRemote({ url, dataDirectory: join(temp, 'data') }) };
  });
});

describe('a host that fails', () => {
  test.each([
    [401, 'GitAuth', false],
    [403, 'GitForbidden', false],
    [404, 'GitNotFound', false],
    [429, 'GitRateLimited', true],
    [500, 'GitUnreachable', true],
    [503, 'GitUnreachable', true],
  ])('%i is %s', async (status, code, retryable) => {
    const { proxy, source } = await startRemote();
    proxy.set({ kind: 'status', status });
    expect((await failure(source.head('main'))).toFailure()).toMatchObject({ code, retryable });
    expect(proxy.requests).toHaveLength(1);
  });

  test('a connection that is refused', async () => {
    const { source } = await startRemote({ url: 'http://127.0.0.1:1/repo.git' });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitUnreachable', retryable: true });
  });

  test('no byte within the deadline, and the next call works', async () => {
    const { proxy, open, first } = await startRemote();
    proxy.set({ kind: 'delay', ms: 60_000 });
    const source = open({ firstByteMs: 150 });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitTimeout', retryable: true });
    proxy.set();
    expect(await open().head('main')).toBe(first);
  });

  test('bytes that trickle for ever end at the deadline', async () => {
    const { proxy, source } = await startRemote({ totalMs: 300 });
    proxy.set({ kind: 'trickle', everyMs: 20 });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitTimeout', retryable: true });
  });

  test('a kept connection that the host closes just now is no fault', async () => {
    const { proxy, source, first } = await startRemote();
    await source.head('main');
    proxy.set({ kind: 'cut-kept' });
    expect(await source.head('main')).toBe(first);
    expect(proxy.requests.length).toBeGreaterThan(4);
  });

  test('a host that knows only the first protocol version is read, too', async () => {
    const { proxy, source, first } = await startRemote();
    proxy.set({ kind: 'old-protocol' });
    expect(await source.head('main')).toBe(first);
    expect(await source.head('mai')).toBeUndefined();
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('a web page in the place of Git', async () => {
    const { proxy, source } = await startRemote();
    proxy.set({ kind: 'body', type: 'text/html', text: '<html>Sign in</html>' });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitProtocol' });
  });
});

describe('a pack that is damaged on the way', () => {
  test.each([
    ['cut off cleanly', { kind: 'truncate', after: 200_000 }, /^GitPackTruncated$/],
    ['cut off by a reset', { kind: 'reset', after: 200_000 }, /^GitPackTruncated$/],
    ['one bit flipped in a blob', { kind: 'flip', at: 150_000 }, /^GitPackCorrupt$/],
  ] as const)('%s is an error, nothing is kept, and the next fetch works', async (_name, fault, code) => {
    const { proxy, source, first, dataDirectory } = await startRemote();
    proxy.set({ ...fault, path: /\/git-upload-pack$/ });
    const error = await failure(source.open(first));
    expect(error.code).toMatch(code);
    expect(error.retryable).toBe(true);
    const [home = ''] = readdirSync(dataDirectory);
    expect(readdirSync(join(dataDirectory, home))).toEqual([]);
    proxy.set();
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('in a later fetch it leaves what is here as it was', async () => {
    const { proxy, source, first, work, server, push } = await startRemote();
    await source.open(first);
    writeFiles(work, { 'a.yaml': 'a: 2\n', 'more.bin': randomBytes(100_000) });
    const second = await commitAll(work, 'second');
    await push(`${server.url}/repo.git`, 'main');
    proxy.set({ kind: 'flip', at: 50_000, path: /\/git-upload-pack$/ });
    expect((await failure(source.open(second))).code).toBe('GitPackCorrupt');
    expect(await textOf(source, first)).toBe('a: 1\n');
    proxy.set();
    expect(await textOf(source, second)).toBe('a: 2\n');
  });
});

describe('traffic', () => {
  test('a head is one small exchange, and a commit that is here is not fetched again', async () => {
    const { proxy, source, first, open } = await startRemote();
    await source.head('main');
    await source.open(first);
    const before = source.bytesReceived();
    expect(before).toBeGreaterThan(300_000);
    await source.open(first);
    expect(source.bytesReceived()).toBe(before);
    await source.head('main');
    expect(source.bytesReceived() - before).toBeLessThan(1_000);
    proxy.set({ kind: 'status', status: 500 });
    expect(await textOf(open(), first)).toBe('a: 1\n');
  });

  test('a later fetch brings the difference only', async () => {
    const { source, first, work, server, push } = await startRemote();
    await source.head('main');
    await source.open(first);
    for (const number of [2, 3, 4]) {
      writeFiles(work, { 'a.yaml': `a: ${number}\n` });
      const revision = await commitAll(work, `number ${number}`);
      await push(`${server.url}/repo.git`, 'main');
      const before = source.bytesReceived();
      expect(await source.head('main')).toBe(revision);
      expect(await textOf(source, revision)).toBe(`a: ${number}\n`);
      expect(source.bytesReceived() - before).toBeLessThan(5_000);
    }
  });

  test('a commit that was pushed over is still given when the host gives commits by id, and an error when not', async () => {
    const { source, first, work, server, push } = await startRemote();
    const url = `${server.url}/repo.git`;
    await source.head('main');
    await git(work, 'commit', '-q', '--amend', '-m', 'rewritten');
    await push('--force', url, 'main');
    expect(await textOf(source, first)).toBe('a: 1\n');
    expect((await failure(source.open('4'.repeat(40)))).code).toBe('GitRevisionMissing');
  });

  test('a repository whose default branch is gone is read by its other branches', async () => {
    const { source, first, push, server } = await startRemote();
    await push(`${server.url}/repo.git`, 'main:other', ':main');
    expect(await git(server.host.path('repo'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await source.head('other')).toBe(first);
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('files that the host sends as differences from each other are whole again', async () => {
    const { server, temp, open } = await startRemote();
    const noise = randomBytes(30_000).toString('base64');
    const files = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [`d${n}/f.txt`, `${n}\n${noise.slice(n)}${n}`]),
    );
    const work = join(temp, 'similar');
    const revision = await workTree(work, files);
    await git(work, 'push', '-q', `${server.url}/similar.git`, 'main');
    await git(server.host.path('similar'), 'repack', '-adfq', '--depth=30');
    const source = open({ url: `${server.url}/similar.git` });
    for (const reader of [source, open({ url: `${server.url}/similar.git` })]) {
      const tree = openTree(await reader.open(revision), defaultGitLimits);
      for (const [path, text] of Object.entries(files))
        expect(Buffer.from(await tree.bytes(path)).toString()).toBe(text);
    }
    expect(source.bytesReceived()).toBeLessThan(200_000);
  });

  test('two sources on one directory, at once, do not harm each other', async () => {
    const { open, first, dataDirectory, server, work } = await startRemote();
    const read = await Promise.all([open(), open(), open()].map(async (source) => await textOf(source, first)));
    expect(read).toEqual(['a: 1\n', 'a: 1\n', 'a: 1\n']);
    writeFiles(work, { 'a.yaml': 'a: 2\n' });
    const second = await commitAll(work, 'second');
    await git(work, 'push', '-q', `${server.url}/repo.git`, 'main');
    const again = await Promise.all([open(), open()].map(async (source) => await textOf(source, second)));
    expect(again).toEqual(['a: 2\n', 'a: 2\n']);
    expect(readdirSync(dataDirectory)).toHaveLength(1);
  });
});

describe('credentials', () => {
  const credentials = async () => await Promise.resolve({ username: 'x-access-token', password: 's3cret' });

  test('are sent to the host', async () => {
    const { proxy, source } = await startRemote({ credentials });
    await source.head('main');
    const expected = `Basic ${Buffer.from('x-access-token:s3cret').toString('base64')}`;
    expect(proxy.requests.every((request) => request.authorization === expected)).toBe(true);
  });

  test('never leave its origin: a redirect elsewhere is refused', async () => {
    const { proxy, server, source } = await startRemote({ credentials });
    const other = await startFaultProxy(server.port);
    const location = `${other.url}/repo.git/info/refs?service=git-upload-pack`;
    proxy.set({ kind: 'status', status: 302, headers: { location } });
    const error = await failure(source.head('main'));
    expect(error.code).toBe('GitRedirectRefused');
    expect(JSON.stringify(error.toFailure())).not.toContain('s3cret');
    expect(other.requests).toEqual([]);
  });

  test('a redirect on the same origin is followed, also for what comes after', async () => {
    const { proxy, first, open } = await startRemote();
    const source = open({ url: `${proxy.url}/old.git` });
    const status = { kind: 'status', status: 301 } as const;
    const location = '/repo.git/info/refs?service=git-upload-pack';
    proxy.set({ ...status, path: /^\/old\.git\/info/, headers: { location } });
    expect(await source.head('main')).toBe(first);
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('a redirect in circles ends', async () => {
    const { proxy, source } = await startRemote();
    proxy.set({ kind: 'status', status: 302, headers: { location: '/repo.git/info/refs?service=git-upload-pack' } });
    expect((await failure(source.head('main'))).code).toBe('GitRedirectRefused');
  });

  test.each([
    'https://user:s3cret@example.com/x.git',
    'ext::sh -c s3cret',
    'ssh://git@s3cret/x',
    'http://h/x?token=s3cret',
    '',
  ])('the URL %j is refused without being repeated', (url) => {
    const make = (): GitSource => openRemote({ url, dataDirectory: '/nowhere' });
    expect(make).toThrow(expect.objectContaining({ code: 'GitUrlInvalid' }));
    expect(make).not.toThrow(/s3cret/);
  });
});
