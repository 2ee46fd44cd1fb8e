import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import { writeRaw, writeRawCommit, writeRawTree } from '../../support/git.ts';
import { failure, startRemote } from '../../support/remote-git.ts';

describe('limits', () => {
  test('a pack over the limit is not received to its end', async () => {
    const { first, open } = await startRemote();
    const source = open({ limits: { ...defaultGitLimits, packBytes: 100_000 } });
    expect((await failure(source.open(first))).code).toBe('GitPackTooLarge');
    expect(source.bytesReceived()).toBeLessThan(250_000);
  });

  test('200 MB of zeros in 200 kB are refused by their declared size, in little memory', async () => {
    const { server, temp } = await startRemote();
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
    const { server, temp } = await startRemote();
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
    const { server, temp } = await startRemote();
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
