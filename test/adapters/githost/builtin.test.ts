import { chmodSync, existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, expect, test } from 'vitest';
import { noObject } from '../../../lib/adapters/githost/builtin.ts';
import { eventually } from '../../support/eventually.ts';
import type { GitServer } from '../../support/git.ts';
import { commitAll, git, startGitServer, workTree, writeFiles } from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

let temp: string;
let server: GitServer;

beforeEach(async () => {
  temp = tempDir();
  server = await startGitServer(join(temp, 'host'));
});

async function call(path: string, method = 'GET', body?: Uint8Array, headers = {}): Promise<number> {
  return await new Promise((resolve, reject) => {
    const req = request(`${server.url}${path}`, { method, headers }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode ?? 0));
    });
    req.on('error', reject).end(body);
  });
}

test('pushing to a new name creates the repository and tells which ref changed', async () => {
  const work = join(temp, 'work');
  const first = await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'push', '-q', `${server.url}/shop.git`, 'main');
  expect(await server.host.names()).toEqual(['shop']);
  await eventually(() => server.pushes.length > 0);
  expect(server.pushes).toEqual([{ repository: 'shop', ref: 'refs/heads/main', before: noObject, after: first }]);
});

test('a force push, a second branch and a deletion are each told once, with before and after', async () => {
  const work = join(temp, 'work');
  const url = `${server.url}/shop.git`;
  const first = await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'push', '-q', url, 'main', 'main:other');
  await git(work, 'checkout', '-q', '--orphan', 'fresh');
  const second = await commitAll(work, 'unrelated');
  await git(work, 'push', '-q', '--force', url, 'fresh:main', ':other');
  await eventually(() => server.pushes.length === 4);
  expect(server.pushes.slice(2)).toEqual([
    { repository: 'shop', ref: 'refs/heads/main', before: first, after: second },
    { repository: 'shop', ref: 'refs/heads/other', before: first, after: noObject },
  ]);
});

test('a push that is larger than git buffers (chunked, Expect) and a clone of it work', async () => {
  const work = join(temp, 'work');
  const big = Buffer.alloc(3 * 1024 * 1024);
  for (let i = 0; i < big.length; i += 4) big.writeUInt32LE(Math.imul(i, 2654435761) >>> 0, i);
  await workTree(work, { 'big.bin': big });
  await git(work, '-c', 'http.postBuffer=65536', 'push', '-q', `${server.url}/big.git`, 'main');
  await git(temp, 'clone', '-q', '--depth', '1', `${server.url}/big.git`, 'copy');
  expect(await git(join(temp, 'copy'), 'rev-parse', 'HEAD:big.bin')).toBe(await git(work, 'rev-parse', 'HEAD:big.bin'));
});

test('protocol version 2 is spoken', async () => {
  await workTree(join(temp, 'work'), { a: 'a' });
  await git(join(temp, 'work'), 'push', '-q', `${server.url}/v2.git`, 'main');
  const answer = await fetch(`${server.url}/v2.git/info/refs?service=git-upload-pack`, {
    headers: { 'git-protocol': 'version=2' },
  });
  expect(await answer.text()).toContain('version 2');
});

test('a compressed request body is understood', async () => {
  await workTree(join(temp, 'work'), { a: 'a' });
  await git(join(temp, 'work'), 'push', '-q', `${server.url}/z.git`, 'main');
  const body = gzipSync('0014command=ls-refs\n00010000');
  const headers = {
    'content-type': 'application/x-git-upload-pack-request',
    'content-encoding': 'gzip',
    'git-protocol': 'version=2',
  };
  const answer = await fetch(`${server.url}/z.git/git-upload-pack`, { method: 'POST', headers, body });
  expect(await answer.text()).toContain('refs/heads/main');
});

test.each([
  '/..%2f..%2fetc.git/info/refs?service=git-receive-pack',
  '/a..b.git/info/refs?service=git-receive-pack',
  '/.hidden.git/info/refs?service=git-receive-pack',
  '/a%00b.git/info/refs?service=git-receive-pack',
  `/${'x'.repeat(101)}.git/info/refs?service=git-receive-pack`,
  '/shop.git/config',
  '/shop.git/objects/info/packs',
  '/shop.git/hooks/pre-receive',
  '/never-pushed.git/info/refs?service=git-upload-pack',
])('%s is not found and creates nothing', async (path) => {
  expect(await call(path)).toBe(404);
  expect(await server.host.names()).toEqual([]);
});

test('a path of someone else is left alone', async () => {
  expect(await call('/api/status')).toBe(404);
  expect(await call('/shop.git/git-receive-pack', 'PUT')).toBe(404);
});

test('hooks in a repository do not run', async () => {
  const work = join(temp, 'work');
  await workTree(work, { a: 'a' });
  await git(work, 'push', '-q', `${server.url}/hooked.git`, 'main');
  writeFiles(server.host.path('hooked'), { 'hooks/pre-receive': `#!/bin/sh\ntouch ${temp}/ran\nexit 1\n` });
  await git(server.host.path('hooked'), 'config', 'core.hooksPath', join(server.host.path('hooked'), 'hooks'));
  chmodSync(join(server.host.path('hooked'), 'hooks/pre-receive'), 0o755);
  const second = await commitAll(work, 'second');
  await git(work, 'push', '-q', `${server.url}/hooked.git`, 'main');
  expect(await git(server.host.path('hooked'), 'rev-parse', 'main')).toBe(second);
  expect(existsSync(join(temp, 'ran'))).toBe(false);
});

test('a seeded repository has one commit of the directory, once', async () => {
  const from = join(temp, 'examples');
  writeFiles(from, {
    'holdfast.yaml': 'version: 1\n',
    'apps/web/web.yaml': 'kind: X\n',
    'x.log': 'no',
    '.gitignore': '*.log\n',
  });
  const seed = { name: 'demo', from, message: 'Examples', at: 1_700_000_000_000 };
  const id = await server.host.seed(seed);
  expect(await server.host.seed(seed)).toBeUndefined();
  const bare = server.host.path('demo');
  expect(await git(bare, 'log', '--format=%H %an <%ae> %at %s')).toBe(
    `${id} Holdfast <holdfast@localhost> 1700000000 Examples`,
  );
  expect((await git(bare, 'ls-tree', '-r', '--name-only', 'main')).split('\n')).toEqual([
    '.gitignore',
    'apps/web/web.yaml',
    'holdfast.yaml',
  ]);
});
