// Root repositories that ring for nothing: somewhere else, on this machine, gone for a while. The poll finds what no webhook said.
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openHand } from '../../lib/runtime/sandbox-cluster.ts';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import { type LocalServer, startLocal } from '../../lib/runtime/local.ts';
import { eventually } from '../support/eventually.ts';
import { commitAll, git, startGitServer, workTree, writeFiles } from '../support/git.ts';
import { at, dataDirectory, live, removeDir, settledAt, up } from '../support/server.ts';
import { tempDir } from '../support/temp-dir.ts';

const files = (value: string): Record<string, string> => ({
  'holdfast.yaml': [
    'version: 1',
    'targets: { sandbox: { sandbox: {} } }',
    'apps: [{ name: app, path: app, target: sandbox, namespace: default }]',
    '',
  ].join('\n'),
  'app/app.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: app }\ndata: { value: "${value}" }\n`,
});

async function startIn(
  root: { readonly url: string; readonly branch: string },
  pollMs: number,
): Promise<{ readonly server: LocalServer; readonly events: RunnerEvent[]; readonly value: () => Promise<unknown> }> {
  const dataDir = dataDirectory();
  const events: RunnerEvent[] = [];
  const server = await startLocal({
    dataDir,
    root,
    examples: false,
    emit: (event) => events.push(event),
    settings: { pollMs },
  });
  onTestFinished(async () => {
    await server.close();
    removeDir(dataDir);
  });
  const value = async (): Promise<unknown> => {
    const hand = await openHand((await server.sandbox()).kubeconfig);
    try {
      return at(await live(hand, 'configmap', 'app', 'default'), 'data', 'value');
    } finally {
      hand.close();
    }
  };
  return { server, events, value };
}

test('without any webhook a push is found by the poll, and history says so', async () => {
  const remote = await startGitServer(join(tempDir(), 'git'));
  const work = join(tempDir(), 'work');
  await workTree(work, files('1'));
  await git(work, 'push', '-q', `${remote.url}/app.git`, 'HEAD:main');
  const { server, value } = await startIn({ url: `${remote.url}/app.git`, branch: 'main' }, 200);
  await eventually(async () => (await value()) === '1', { within: 10_000 });
  writeFiles(work, files('2'));
  const head = await commitAll(work, 'two');
  await git(work, 'push', '-q', `${remote.url}/app.git`, 'HEAD:main');
  await eventually(async () => (await value()) === '2', { within: 10_000 });
  const app = await eventually(async () => (await server.views.status()).apps.find(settledAt(head)));
  expect(app.lastRun).toMatchObject({ trigger: 'poll', outcome: 'succeeded' });
});

test('a repository that vanishes is said, costs nothing that is applied, and is followed again when it is back', async () => {
  const directory = join(tempDir(), 'git');
  const remote = await startGitServer(directory);
  const work = join(tempDir(), 'work');
  await workTree(work, files('1'));
  await git(work, 'push', '-q', `${remote.url}/app.git`, 'HEAD:main');
  const { server, events, value } = await startIn({ url: `${remote.url}/app.git`, branch: 'main' }, 200);
  await eventually(async () => (await value()) === '1', { within: 10_000 });
  renameSync(join(directory, 'app.git'), join(directory, 'away'));
  const problems = await eventually(async () => (await server.views.status()).problems);
  expect(problems.join('\n')).toMatch(/stays in force/);
  expect(await value()).toBe('1');
  expect((await server.views.status()).apps).toMatchObject([{ name: 'app', sync: 'Synced', health: 'Healthy' }]);
  await eventually(async () => {
    const row = await server.home.store.read('repo/root');
    return ((row?.state as { attempts?: number } | undefined)?.attempts ?? 0) >= 1;
  });
  expect(
    events.filter((event) => event.event === 'repository-failed'),
    'said once',
  ).toHaveLength(1);
  renameSync(join(directory, 'away'), join(directory, 'app.git'));
  writeFiles(work, files('2'));
  await commitAll(work, 'two');
  await git(work, 'push', '-q', `${remote.url}/app.git`, 'HEAD:main');
  await eventually(async () => (await value()) === '2', { within: 15_000 });
  await eventually(async () => (await server.views.status()).problems === undefined);
});

test('--root with a path and a branch follows commits on this machine, and that branch only', async () => {
  const work = join(tempDir(), 'work');
  await workTree(work, files('1'));
  await git(work, 'checkout', '-q', '-b', 'release');
  const dataDir = dataDirectory();
  const server = await up({ dataDir, args: ['--root', `${work}#release`] });
  onTestFinished(async () => {
    await server.kill('SIGKILL');
    removeDir(dataDir);
  });
  expect(server.ready.root).toBe(work);
  await server.api.until('app', 'synced', settledAt());
  await git(work, 'checkout', '-q', 'main');
  writeFiles(work, files('main'));
  await commitAll(work, 'on main');
  await git(work, 'checkout', '-q', 'release');
  writeFiles(work, files('release'));
  const head = await commitAll(work, 'on release');
  await server.api.until('app', 'at the branch', settledAt(head));
  const hand = await server.hand();
  onTestFinished(() => hand.close());
  expect(at(await live(hand, 'configmap', 'app', 'default'), 'data', 'value')).toBe('release');
});
