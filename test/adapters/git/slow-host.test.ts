import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRemote } from '../../../lib/adapters/git/remote.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { git, startGitServer, workTree } from '../../support/git.ts';
import { tempDir } from '../../support/temp-dir.ts';

// In a file of its own, so that its seven seconds pass beside other tests. The agents that Node has by default give up after five.
test('the first byte after seven seconds is no fault', async () => {
  const temp = tempDir();
  const server = await startGitServer(join(temp, 'host'));
  const proxy = await startFaultProxy(server.port);
  const first = await workTree(join(temp, 'work'), { 'a.yaml': 'a: 1\n' });
  await git(join(temp, 'work'), 'push', '-q', `${server.url}/repo.git`, 'main');
  const source = openRemote({ url: `${proxy.url}/repo.git`, dataDirectory: join(temp, 'data') });
  proxy.set({ kind: 'delay', ms: 7_000, path: /\/git-upload-pack$/ });
  expect((await source.open(first)).revision).toBe(first);
}, 30_000);
