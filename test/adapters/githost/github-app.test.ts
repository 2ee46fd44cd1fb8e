import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { gitCredentials } from '../../../lib/adapters/githost/credentials.ts';
import { githubApi } from '../../../lib/adapters/githost/github-app.ts';
import { startFakeGithubApi } from '../../support/github-api.ts';
import { failure } from '../../support/remote-git.ts';

const start = Date.UTC(2026, 0, 2, 3, 4, 5);
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const minute = 60_000;

async function startApp(options: { readonly pem?: 'pkcs1' | 'pkcs8'; readonly skewMs?: number } = {}) {
  const clock = { now: start };
  const fake = { publicKey: pair.publicKey, appId: '7', installationId: '42', now: () => clock.now };
  const api = await startFakeGithubApi(fake);
  const privateKey = pair.privateKey.export({ type: options.pem ?? 'pkcs1', format: 'pem' });
  const githubApp = { appId: '7', installationId: '42', privateKey, apiUrl: api.url };
  const reads: boolean[] = [];
  let text = JSON.stringify({ githubApp });
  const secret = async (fresh: boolean): Promise<string> => {
    reads.push(fresh);
    return text;
  };
  const now = (): number => clock.now + (options.skewMs ?? 0);
  const credentials = gitCredentials({ url: 'https://github.com/acme/shop', secret, now });
  const change = (more: object): unknown => (text = JSON.stringify({ githubApp: { ...githubApp, ...more } }));
  return { clock, api, credentials, reads, change };
}

test.each(['pkcs1', 'pkcs8'] as const)('an App with a %s key gets a token of its installation', async (pem) => {
  const { api, credentials } = await startApp({ pem });
  expect(await credentials(false)).toEqual({ username: 'x-access-token', password: api.tokens[0] });
  expect(api.tokens[0]).toHaveLength(520);
});

test('a token is kept until five minutes before its end', async () => {
  const { clock, api, credentials } = await startApp();
  await Promise.all([credentials(false), credentials(false)]);
  clock.now += 54 * minute;
  await credentials(false);
  expect(api.tokens).toHaveLength(1);
  clock.now += minute;
  expect(await credentials(false)).toMatchObject({ password: api.tokens[1] });
  expect(api.tokens).toHaveLength(2);
});

test('a refused token is replaced, with the secret read again', async () => {
  const { api, credentials, reads } = await startApp();
  await credentials(false);
  expect(await credentials(true)).toMatchObject({ password: api.tokens[1] });
  expect(reads).toEqual([false, true]);
});

test.each([-45_000, 45_000])('a clock that is %i ms off is no reason to be refused', async (skewMs) => {
  const { api, credentials } = await startApp({ skewMs });
  await credentials(false);
  expect(api.tokens).toHaveLength(1);
});

test.each([
  [401, { code: 'GitAuth', retryable: false, next: expect.stringContaining('private key') }],
  [404, { code: 'GitAuth', retryable: false, next: expect.stringContaining('installationId') }],
  [429, { code: 'GitRateLimited', retryable: true }],
  [502, { code: 'GitUnreachable', retryable: true }],
  [201, { code: 'GitProtocol', retryable: true }],
])('an answer of %i is said, and the next ask is made anew', async (status, expected) => {
  const { api, credentials } = await startApp();
  api.refuse(status);
  expect((await failure(credentials(false))).toFailure()).toMatchObject(expected);
  api.refuse(undefined);
  expect(await credentials(false)).toMatchObject({ password: api.tokens[0] });
});

test('an installation or a key that is not right is refused, and a corrected secret needs no restart', async () => {
  const { api, credentials, change } = await startApp();
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  change({ privateKey: other });
  expect((await failure(credentials(false))).code).toBe('GitAuth');
  change({ installationId: '43' });
  expect((await failure(credentials(false))).message).toContain('installation 43');
  change({});
  expect(await credentials(false)).toMatchObject({ password: api.tokens[0] });
});

test('a key that is not RSA is refused', async () => {
  const { credentials, change } = await startApp();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  change({ privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
  expect(await failure(credentials(false))).toMatchObject({ code: 'GitSecretInvalid' });
});

test('an API that cannot be reached is retryable', async () => {
  const { credentials, change } = await startApp();
  change({ apiUrl: 'http://127.0.0.1:1' });
  expect(await failure(credentials(false))).toMatchObject({ code: 'GitUnreachable', retryable: true });
});

test('the API of each GitHub', () => {
  expect(githubApi('https://github.com/acme/shop')).toBe('https://api.github.com');
  expect(githubApi('https://acme.ghe.com/acme/shop')).toBe('https://api.acme.ghe.com');
  expect(githubApi('https://github.acme.example:8443/a/b')).toBe('https://github.acme.example:8443/api/v3');
});
