import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadKubeconfig } from '../../../lib/adapters/kube/kubeconfig.ts';

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'holdfast-kubeconfig-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

let files = 0;
async function write(config: unknown): Promise<string> {
  const file = path.join(dir, `config-${files++}`);
  await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config));
  return file;
}

function config(cluster: object, user: object, more: object = {}) {
  return {
    'current-context': 'one',
    clusters: [{ name: 'c', cluster: { server: 'https://c.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'one', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
    ...more,
  };
}

test('the current context, its namespace, CA data and token', async () => {
  const file = await write(config({ 'certificate-authority-data': base64(pem) }, { token: 'secret' }));
  const loaded = await loadKubeconfig({ file });
  expect(loaded).toMatchObject({ context: 'one', cluster: 'c', namespace: 'shop' });
  expect(loaded.connection.server).toBe('https://c.example:6443');
  expect(String(loaded.connection.ca)).toBe(pem);
  expect(loaded.connection.credentials.current()).toEqual({ authorization: 'Bearer secret' });
});

test('a refused token is read again, but that of another cluster is not sent to this one', async () => {
  const file = await write(config({}, { token: 'old' }));
  const { credentials } = (await loadKubeconfig({ file })).connection;
  const old = credentials.current();
  await writeFile(file, JSON.stringify(config({}, { token: 'new' })));
  expect(credentials.current(), 'not before it is refused').toEqual({ authorization: 'Bearer old' });
  expect(await credentials.renew(old)).toEqual({ authorization: 'Bearer new' });
  expect(credentials.current()).toEqual({ authorization: 'Bearer new' });
  await writeFile(file, JSON.stringify(config({ server: 'https://other.example' }, { token: 'other' })));
  expect(await credentials.renew(credentials.current())).toEqual({ authorization: 'Bearer new' });
});

test('of a kubeconfig with another current context by now, the context that was chosen is read again', async () => {
  const file = await write(config({}, { token: 'old' }));
  const { credentials } = (await loadKubeconfig({ file })).connection;
  const next = config({}, { token: 'new' }, { 'current-context': 'two' });
  const users = [...next.users, { name: 'v', user: { token: 'of two' } }];
  const contexts = [...next.contexts, { name: 'two', context: { cluster: 'c', user: 'v' } }];
  await writeFile(file, JSON.stringify({ ...next, users, contexts }));
  expect(await credentials.renew(credentials.current())).toEqual({ authorization: 'Bearer new' });
});

test('files are relative to the kubeconfig that names them', async () => {
  await writeFile(path.join(dir, 'ca.pem'), pem);
  await writeFile(path.join(dir, 'key.pem'), '-----BEGIN PRIVATE KEY-----\n');
  const user = { 'client-certificate': 'ca.pem', 'client-key': 'key.pem' };
  const { connection } = await loadKubeconfig({
    file: await write(config({ 'certificate-authority': 'ca.pem' }, user)),
  });
  expect(String(connection.ca)).toBe(pem);
  expect(String(connection.credentials.current()?.cert)).toBe(pem);
  expect(String(connection.credentials.current()?.key)).toContain('PRIVATE KEY');
});

test('tls-server-name, insecure-skip-tls-verify, basic auth and impersonation are kept', async () => {
  const cluster = { 'tls-server-name': 'inner', 'insecure-skip-tls-verify': true };
  const user = {
    username: 'me',
    password: 'pw',
    as: 'deployer',
    'as-groups': ['a', 'b'],
    'as-user-extra': { k: ['v'] },
  };
  const { connection } = await loadKubeconfig({ file: await write(config(cluster, user)) });
  expect(connection).toMatchObject({ serverName: 'inner', insecure: true });
  expect(connection.credentials.current()).toEqual({ authorization: `Basic ${base64('me:pw')}` });
  expect(connection.headers).toEqual({
    'Impersonate-User': 'deployer',
    'Impersonate-Group': ['a', 'b'],
    'Impersonate-Extra-k': ['v'],
  });
});

test('a token file is read again after a minute, and when the server refuses the token', async () => {
  let now = 0;
  await writeFile(path.join(dir, 'token'), 'first\n');
  const file = await write(config({}, { tokenFile: 'token', token: 'ignored' }));
  const { credentials } = (await loadKubeconfig({ file, now: () => now })).connection;
  expect(credentials.current()).toBeUndefined();
  expect(await credentials.renew()).toEqual({ authorization: 'Bearer first' });
  await writeFile(path.join(dir, 'token'), 'second\n');
  now = 59_999;
  expect(credentials.current()).toEqual({ authorization: 'Bearer first' });
  now = 60_000;
  expect(credentials.current()).toBeUndefined();
  expect(await credentials.renew()).toEqual({ authorization: 'Bearer second' });
});

describe('several files in KUBECONFIG', () => {
  test('the first file with a name wins, and missing files are passed over', async () => {
    const first = await write({ users: [{ name: 'u', user: { token: 'first' } }] });
    const second = await write(config({}, { token: 'second' }));
    const env = { KUBECONFIG: [first, path.join(dir, 'none'), second].join(path.delimiter) };
    const { connection, context } = await loadKubeconfig({ env });
    expect(context).toBe('one');
    expect(connection.credentials.current()).toEqual({ authorization: 'Bearer first' });
  });

  test('none of them there is an error that names them', async () => {
    const env = { KUBECONFIG: path.join(dir, 'none') };
    await expect(loadKubeconfig({ env })).rejects.toMatchObject({ code: 'KubeconfigMissing', source: 'user' });
  });
});

describe('what cannot be used', () => {
  const refused: [string, unknown, string | undefined, object][] = [
    [
      'a context that is a slip of the hand',
      config({}, {}),
      'onee',
      { code: 'KubeconfigUnknownContext', reason: expect.stringContaining("did you mean 'one'?") },
    ],
    [
      'no current context',
      { ...config({}, {}), 'current-context': '' },
      undefined,
      { code: 'KubeconfigNoContext', reason: 'its contexts: one' },
    ],
    [
      'a cluster that is not there',
      config({}, {}, { clusters: [] }),
      undefined,
      { code: 'KubeconfigInvalid', reason: 'it has no clusters' },
    ],
    ['a user that is not there', config({}, {}, { users: [] }), undefined, { code: 'KubeconfigInvalid' }],
    ['a server that is no URL', config({ server: 'c.example' }, {}), undefined, { code: 'KubeconfigInvalid' }],
    ['a proxy', config({ 'proxy-url': 'http://p' }, {}), undefined, { code: 'KubeconfigInvalid' }],
    [
      'CA data that is no certificate',
      config({ 'certificate-authority-data': 'bm8=' }, {}),
      undefined,
      { code: 'KubeconfigInvalid' },
    ],
    [
      'a CA file that is not there',
      config({ 'certificate-authority': 'nowhere.pem' }, {}),
      undefined,
      { code: 'KubeconfigInvalid', message: expect.stringContaining('nowhere.pem') },
    ],
    ['an auth provider', config({}, { 'auth-provider': { name: 'gcp' } }), undefined, { code: 'KubeconfigInvalid' }],
    [
      'an exec plugin of an old API',
      config({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } }),
      undefined,
      { code: 'KubeconfigInvalid' },
    ],
    [
      'an exec plugin that wants a terminal',
      config({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'x', interactiveMode: 'Always' } }),
      undefined,
      { code: 'KubeconfigInvalid' },
    ],
    [
      'broken YAML',
      'clusters: [',
      undefined,
      { code: 'KubeconfigInvalid', message: expect.stringMatching(/:1:\d+: /) },
    ],
    ['a list', '[1]', undefined, { code: 'KubeconfigInvalid' }],
  ];
  test.each(refused)('%s', async (_what, content, context, error) => {
    const file = await write(content);
    await expect(loadKubeconfig({ file, ...(context && { context }) })).rejects.toMatchObject({
      source: 'user',
      ...error,
    });
  });

  test('broken YAML with a token in it: the token is not in the message', async () => {
    const file = await write('users:\n- name: u\n  user: {token: hunter2\n');
    await expect(loadKubeconfig({ file })).rejects.toSatisfy((error) => !String(error).includes('hunter2'));
  });

  test('a named file that is not there', async () => {
    const file = path.join(dir, 'none');
    await expect(loadKubeconfig({ file })).rejects.toMatchObject({
      code: 'KubeconfigMissing',
      reason: 'there is no such file',
    });
  });
});
