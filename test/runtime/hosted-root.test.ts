import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openHostedRoot, type HostedRootOptions } from '../../lib/runtime/hosted-root.ts';
import type { RootRepository } from '../../lib/runtime/home.ts';
import { startFakeCodeCommit } from '../support/aws/codecommit.ts';
import { eventually } from '../support/eventually.ts';
import { git, workTree } from '../support/git.ts';
import { startSignInServer } from '../support/git-with-sign-in.ts';
import { failure, startRemote, textOf } from '../support/remote-git.ts';
import { tempDir } from '../support/temp-dir.ts';

const identity = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret+/=', sessionToken: 'session/+=%' };
const author = { name: 'Holdfast', email: 'holdfast@localhost' };

/** Commits `a: 2` to a.yaml on top of the head. */
async function writeBack(root: RootRepository): Promise<unknown> {
  const parent = (await root.source.head(root.branch)) ?? '';
  const edits = [{ path: 'a.yaml', bytes: Buffer.from('a: 2\n') }];
  return await root.writer?.commit({ branch: root.branch, parent, edits, message: 'Update', author, at: 0 });
}

async function startCodeCommit(denied: readonly string[] = []) {
  const temp = tempDir();
  const service = await startFakeCodeCommit({
    directory: join(temp, 'host'),
    region: 'eu-west-1',
    keys: { [identity.accessKeyId]: identity.secretAccessKey },
    sessionTokens: { [identity.accessKeyId]: identity.sessionToken },
    denied,
  });
  onTestFinished(async () => await service.close());
  await service.host.create('shop');
  const work = join(temp, 'work');
  const first = await workTree(work, { 'a.yaml': 'a: 1\n' });
  await git(work, 'push', '-q', service.host.path('shop'), 'main');
  const open = async (more: Partial<HostedRootOptions> = {}): Promise<RootRepository> =>
    await openHostedRoot({
      settings: { url: 'codecommit::eu-west-1://shop', branch: 'main' },
      alias: 'root',
      aws: async () => identity,
      dataDirectory: join(temp, 'data'),
      env: { AWS_ENDPOINT_URL_CODECOMMIT: service.endpoint },
      ...more,
    });
  return { service, first, open };
}

describe('CodeCommit', () => {
  test('is fetched from and pushed to with signatures', async () => {
    const { service, first, open } = await startCodeCommit();
    const root = await open();
    expect(await root.source.head('main')).toBe(first);
    expect(await textOf(root.source, first)).toBe('a: 1\n');
    expect(await writeBack(root)).toMatchObject({ kind: 'pushed' });
    const head = await root.source.head('main');
    expect(await textOf(root.source, head ?? '')).toBe('a: 2\n');
    const push = { repository: 'shop', ref: 'refs/heads/main', before: first, after: head };
    await eventually(() => service.pushes.length > 0);
    expect(service.pushes).toEqual([push]);
    expect(new Set(service.requests.map(({ status }) => status))).toEqual(new Set([200]));
  });

  test.each([
    ['a wrong key', { aws: async () => ({ ...identity, secretAccessKey: 'other' }) }],
    ['an unknown key', { aws: async () => ({ ...identity, accessKeyId: 'AKIDOTHER' }) }],
    ['another session', { aws: async () => ({ ...identity, sessionToken: 'x' }) }],
    ['another region', { settings: { url: 'codecommit::us-east-1://shop', branch: 'main' } }],
    ['a signature of yesterday', { now: () => Date.now() - 86_400_000 }],
  ])('%s is refused, with what to allow', async (_name, more) => {
    const { open } = await startCodeCommit();
    const error = await failure((await open(more)).source.head('main'));
    expect(error).toMatchObject({ code: 'GitForbidden', next: expect.stringContaining('codecommit:GitPull') });
  });

  test('a role that may not push is told so', async () => {
    const { open } = await startCodeCommit(['GitPush']);
    const error = await failure(writeBack(await open()));
    expect(error).toMatchObject({ code: 'GitForbidden', next: expect.stringContaining('codecommit:GitPush') });
  });
});

test('a host whose answer does not end is given up in time', async () => {
  const { proxy, first, temp } = await startRemote();
  proxy.set({ kind: 'trickle', everyMs: 50 });
  const root = await openHostedRoot({
    settings: { url: `${proxy.url}/repo.git`, branch: 'main' },
    alias: 'root',
    dataDirectory: join(temp, 'other'),
    env: {},
    exchangeMs: 400,
  });
  expect(await failure(root.source.open(first))).toMatchObject({ code: 'GitTimeout', retryable: true });
});

describe('a host with a token', () => {
  async function start() {
    const temp = tempDir();
    const server = await startSignInServer(join(temp, 'host'), 'x-access-token:t0ken-1');
    const work = join(temp, 'work');
    const first = await workTree(work, { 'a.yaml': 'a: 1\n' });
    const signedIn = server.url.replace('//', '//x-access-token:t0ken-1@');
    await git(work, 'push', '-q', `${signedIn}/demo.git`, 'main');
    const secret = { kept: 't0ken-1', stored: 't0ken-1' as string | undefined };
    const registered: string[] = [];
    const root = await openHostedRoot({
      settings: { url: `${server.url}/demo.git`, branch: 'main' },
      alias: 'root',
      secret: async (fresh) => {
        if (fresh) secret.kept = secret.stored ?? '';
        return secret.kept;
      },
      register: (text) => registered.push(text),
      dataDirectory: join(temp, 'data'),
      env: {},
    });
    return { server, secret, first, root, registered };
  }

  test('a token that was rotated is read again, once, in the middle of the work', async () => {
    const { server, secret, first, root, registered } = await start();
    expect(await root.source.head('main')).toBe(first);
    server.accept('x-access-token:t0ken-2');
    secret.stored = 't0ken-2';
    expect(await textOf(root.source, first)).toBe('a: 1\n');
    expect(await writeBack(root)).toMatchObject({ kind: 'pushed' });
    expect(server.seen.filter((pair) => pair === 'x-access-token:t0ken-1').length).toBeGreaterThan(1);
    expect(server.seen.at(-1)).toBe('x-access-token:t0ken-2');
    expect(registered).toEqual(['t0ken-1', 't0ken-2']);
  });

  test('one that is refused and was not renewed is not tried twice, and the error says how to renew it', async () => {
    const { server, root } = await start();
    server.accept('x-access-token:t0ken-2');
    const asked = server.seen.length;
    const error = await failure(root.source.head('main'));
    expect(error).toMatchObject({ code: 'GitAuth', retryable: false, next: expect.stringContaining('Renew') });
    expect(JSON.stringify(error.toFailure())).not.toContain('t0ken-1');
    expect(server.seen).toHaveLength(asked + 1);
  });

  test('one that was taken away is asked for', async () => {
    const { server, secret, root } = await start();
    server.accept('x-access-token:t0ken-2');
    secret.stored = undefined;
    expect((await failure(root.source.head('main'))).code).toBe('GitAuth');
    expect(server.seen.at(-1)).toBe('');
  });
});
