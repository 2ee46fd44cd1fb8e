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
import { describe, expect, test } from 'vitest';
import type { RemoteOptions } from '../../../lib/adapters/git/remote.ts';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { GitSource } from '../../../lib/core/source/git.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import { gitSourceContract } from '../../contract/git-source.ts';
import { eventually } from '../../support/eventually.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import {
  commitAll,
  git,
  startGitServer,
  workTree,
  writeFiles,
  writeRaw,
  writeRawCommit,
  writeRawTree,
} from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

describe('as a Git source', () => {
  gitSourceContract(async (temp) => {
    const server = await startGitServer(join(temp, 'host'));
    await server.host.create('repo');
    const url = `${server.url}/repo.git`;
    return { bare: server.host.path('repo'), source: openRemote({ url, dataDirectory: join(temp, 'data') }) };
  });
});

/** A host with one commit of a few hundred kilobytes, a proxy before it, and a source that goes through the proxy. */
async function start(options: Partial<RemoteOptions> = {}) {
  const temp = tempDir();
  const server = await startGitServer(join(temp, 'host'));
  const proxy = await startFaultProxy(server.port);
  const work = join(temp, 'work');
  const first = await workTree(work, { 'a.yaml': 'a: 1\n', 'noise.bin': randomBytes(300_000) });
  const push = async (...args: string[]): Promise<string> => await git(work, 'push', '-q', ...args);
  await push(`${server.url}/repo.git`, 'main');
  const dataDirectory = join(temp, 'data');
  const open = (more: Partial<RemoteOptions> = {}): GitSource =>
    openRemote({ url: `${proxy.url}/repo.git`, dataDirectory, ...options, ...more });
  return { temp, server, proxy, work, first, push, dataDirectory, open, source: open() };
}

async function textOf(source: GitSource, revision: string, path = 'a.yaml'): Promise<string> {
  const tree = openTree(await source.open(revision), defaultGitLimits);
  return Buffer.from(await tree.bytes(path)).toString();
}

async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HoldfastError) return error;
  throw new Error('expected a HoldfastError', { cause: error });
}

describe('a host that fails', () => {
  test.each([
    [401, 'GitAuth', false],
    [403, 'GitForbidden', false],
    [404, 'GitNotFound', false],
    [429, 'GitRateLimited', true],
    [500, 'GitUnreachable', true],
    [503, 'GitUnreachable', true],
  ])('%i is %s', async (status, code, retryable) => {
    const { proxy, source } = await start();
    proxy.set({ kind: 'status', status });
    expect((await failure(source.head('main'))).toFailure()).toMatchObject({ code, retryable });
    expect(proxy.requests).toHaveLength(1);
  });

  test('a connection that is refused', async () => {
    const { source } = await start({ url: 'http://127.0.0.1:1/repo.git' });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitUnreachable', retryable: true });
  });

  test('no byte within the deadline, and the next call works', async () => {
    const { proxy, source, first } = await start({ firstByteMs: 150 });
    proxy.set({ kind: 'delay', ms: 5_000 });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitTimeout', retryable: true });
    proxy.set();
    expect(await source.head('main')).toBe(first);
  });

  test('bytes that trickle for ever end at the deadline', async () => {
    const { proxy, source } = await start({ totalMs: 300 });
    proxy.set({ kind: 'trickle', everyMs: 20 });
    expect(await failure(source.head('main'))).toMatchObject({ code: 'GitTimeout', retryable: true });
  });

  test('a kept connection that the host closes just now is no fault', async () => {
    const { proxy, source, first } = await start();
    await source.head('main');
    proxy.set({ kind: 'cut-kept' });
    expect(await source.head('main')).toBe(first);
    expect(proxy.requests.length).toBeGreaterThan(4);
  });

  test('a host that knows only the first protocol version is read, too', async () => {
    const { proxy, source, first } = await start();
    proxy.set({ kind: 'old-protocol' });
    expect(await source.head('main')).toBe(first);
    expect(await source.head('mai')).toBeUndefined();
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('a web page in the place of Git', async () => {
    const { proxy, source } = await start();
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
    const { proxy, source, first, dataDirectory } = await start();
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
    const { proxy, source, first, work, server, push } = await start();
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
    const { proxy, source, first, open } = await start();
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
    const { source, first, work, server, push } = await start();
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
    const { source, first, work, server, push } = await start();
    const url = `${server.url}/repo.git`;
    await source.head('main');
    await git(work, 'commit', '-q', '--amend', '-m', 'rewritten');
    await push('--force', url, 'main');
    expect(await textOf(source, first)).toBe('a: 1\n');
    expect((await failure(source.open('4'.repeat(40)))).code).toBe('GitRevisionMissing');
  });

  test('a repository whose default branch is gone is read by its other branches', async () => {
    const { source, first, push, server } = await start();
    await push(`${server.url}/repo.git`, 'main:other', ':main');
    expect(await git(server.host.path('repo'), 'symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await source.head('other')).toBe(first);
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('two sources on one directory, at once, do not harm each other', async () => {
    const { open, first, dataDirectory, server, work } = await start();
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
    const { proxy, source } = await start({ credentials });
    await source.head('main');
    const expected = `Basic ${Buffer.from('x-access-token:s3cret').toString('base64')}`;
    expect(proxy.requests.every((request) => request.authorization === expected)).toBe(true);
  });

  test('never leave its origin: a redirect elsewhere is refused', async () => {
    const { proxy, server, source } = await start({ credentials });
    const other = await startFaultProxy(server.port);
    const location = `${other.url}/repo.git/info/refs?service=git-upload-pack`;
    proxy.set({ kind: 'status', status: 302, headers: { location } });
    const error = await failure(source.head('main'));
    expect(error.code).toBe('GitRedirectRefused');
    expect(JSON.stringify(error.toFailure())).not.toContain('s3cret');
    expect(other.requests).toEqual([]);
  });

  test('a redirect on the same origin is followed, also for what comes after', async () => {
    const { proxy, first, open } = await start();
    const source = open({ url: `${proxy.url}/old.git` });
    const status = { kind: 'status', status: 301 } as const;
    const location = '/repo.git/info/refs?service=git-upload-pack';
    proxy.set({ ...status, path: /^\/old\.git\/info/, headers: { location } });
    expect(await source.head('main')).toBe(first);
    expect(await textOf(source, first)).toBe('a: 1\n');
  });

  test('a redirect in circles ends', async () => {
    const { proxy, source } = await start();
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

describe('limits', () => {
  test('a pack over the limit is not received to its end', async () => {
    const { first, open } = await start();
    const source = open({ limits: { ...defaultGitLimits, packBytes: 100_000 } });
    expect((await failure(source.open(first))).code).toBe('GitPackTooLarge');
    expect(source.bytesReceived()).toBeLessThan(250_000);
  });

  test('200 MB of zeros in 200 kB are refused by their declared size, in little memory', async () => {
    const { server, temp } = await start();
    await server.host.create('bomb');
    const bare = server.host.path('bomb');
    const blob = await zeroBlob(bare, 200);
    const commit = writeRawCommit(bare, writeRawTree(bare, [{ mode: '100644', name: 'zeros', id: blob }]));
    const source = openRemote({ url: `${server.url}/bomb.git`, dataDirectory: join(temp, 'data') });
    const before = process.memoryUsage().rss;
    expect(await failure(source.open(commit))).toMatchObject({ code: 'GitBlobTooLarge', source: 'user' });
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
    expect(source.bytesReceived()).toBeLessThan(1_000_000);
  }, 30_000);

  test('ten million paths in a few trees stop at the limit', async () => {
    const { server, temp } = await start();
    await server.host.create('wide');
    const bare = server.host.path('wide');
    let id = writeRaw(bare, 'blob', Buffer.from('x'));
    for (let level = 0; level < 7; level += 1) {
      const mode = level === 0 ? '100644' : '40000';
      id = writeRawTree(
        bare,
        Array.from({ length: 10 }, (_, n) => ({ mode, name: `n${n}`, id })),
      );
    }
    const commit = writeRawCommit(bare, id);
    const source = openRemote({ url: `${server.url}/wide.git`, dataDirectory: join(temp, 'data') });
    const tree = openTree(await source.open(commit), { ...defaultGitLimits, entries: 5_000 });
    expect(await failure(tree.walk(''))).toMatchObject({ code: 'GitTreeTooLarge', source: 'user' });
  });

  test('thousands of levels stop at the limit', async () => {
    const { server, temp } = await start();
    await server.host.create('deep');
    const bare = server.host.path('deep');
    let id = writeRawTree(bare, [{ mode: '100644', name: 'x', id: writeRaw(bare, 'blob', Buffer.from('x')) }]);
    for (let level = 0; level < 500; level += 1) id = writeRawTree(bare, [{ mode: '40000', name: 'd', id }]);
    const commit = writeRawCommit(bare, id);
    const source = openRemote({ url: `${server.url}/deep.git`, dataDirectory: join(temp, 'data') });
    const tree = openTree(await source.open(commit), defaultGitLimits);
    expect((await failure(tree.walk(''))).code).toBe('GitTreeTooDeep');
    expect((await failure(tree.lookup('d/'.repeat(100).slice(0, -1)))).code).toBe('GitTreeTooDeep');
  });
});

/** A loose blob of so many megabytes of zeros; made by git, so that this process never holds it. */
async function zeroBlob(bare: string, megabytes: number): Promise<string> {
  const command = `head -c ${megabytes}M /dev/zero | git hash-object -w --stdin`;
  return await new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { cwd: bare, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('error', reject);
    child.on('close', () => resolve(out.trim()));
  });
}

describe('the copy on disk', () => {
  const copyOf = (dataDirectory: string): string => {
    const [home = ''] = readdirSync(dataDirectory);
    return join(dataDirectory, home, readFileSync(join(dataDirectory, home, 'current'), 'utf8'));
  };
  const packsOf = (dataDirectory: string): string[] =>
    readdirSync(join(copyOf(dataDirectory), 'objects/pack')).map((name) =>
      join(copyOf(dataDirectory), 'objects/pack', name),
    );

  test.each(['.pack', '.idx'])('a damaged %s is found when it is read, and healed by the next look', async (ending) => {
    const { source, first, open, dataDirectory } = await start();
    await source.open(first);
    const file = packsOf(dataDirectory).find((name) => name.endsWith(ending)) ?? '';
    writeFileSync(file, readFileSync(file).fill(0x55, 20, 1_000));
    const damaged = open();
    await Promise.allSettled([textOf(damaged, first)]);
    expect(await textOf(damaged, first)).toBe('a: 1\n');
    expect(await textOf(open(), first)).toBe('a: 1\n');
  });

  test('an emptied directory is filled again', async () => {
    const { source, first, open, dataDirectory } = await start();
    await source.open(first);
    writeFileSync(join(dataDirectory, readdirSync(dataDirectory)[0] ?? '', 'current'), 'nonsense');
    expect(await textOf(open(), first)).toBe('a: 1\n');
  });

  test('a disk that cannot be written is said, and the next try works', async () => {
    const { first, open, dataDirectory } = await start();
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

  test('a disk that cannot be written in a later fetch is said, and the next try works', async () => {
    const { source, first, open, work, server, push, dataDirectory } = await start();
    await source.open(first);
    writeFiles(work, { 'a.yaml': 'a: 2\n' });
    const second = await commitAll(work, 'second');
    await push(`${server.url}/repo.git`, 'main');
    const packs = join(copyOf(dataDirectory), 'objects/pack');
    renameSync(packs, `${packs}-away`);
    writeFileSync(packs, 'in the way');
    expect((await failure(source.open(second))).code).toBe('GitStoreFailed');
    rmSync(packs);
    renameSync(`${packs}-away`, packs);
    expect(await textOf(source, second)).toBe('a: 2\n');
    expect(await textOf(open(), first)).toBe('a: 1\n');
  });

  test('git finds nothing wrong with it', async () => {
    const { source, first, work, server, push, dataDirectory } = await start();
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
    const { proxy, first, open, dataDirectory, temp } = await start();
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
    await eventually(() => proxy.requests.some((request) => request.url.endsWith('/git-upload-pack')));
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
});
