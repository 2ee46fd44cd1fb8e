import { describe, expect, test } from 'vitest';
import type { GitCredentialsOptions } from '../../../lib/adapters/githost/credentials.ts';
import { gitCredentials, gitSignIn } from '../../../lib/adapters/githost/credentials.ts';
import { hostKinds } from '../../../lib/core/githost/host.ts';
import { failure } from '../../support/remote-git.ts';

const at = Date.UTC(2026, 0, 2, 3, 4, 5);
const ask = async (url: string, secret?: string, more: Partial<GitCredentialsOptions> = {}): Promise<unknown> =>
  await gitCredentials({ url, secret: async () => secret, now: () => at, ...more })(false);
const basic = (username: string, password = 't0ken'): unknown => ({ username, password });
const jwt = 'eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2ln';

describe('a token as each host wants it', () => {
  test.each([
    ['https://github.com/acme/shop', 't0ken', basic('x-access-token')],
    ['https://github.com/acme/shop', `ghs_${'x'.repeat(520)}`, basic('x-access-token', `ghs_${'x'.repeat(520)}`)],
    ['https://gitlab.com/acme/shop', 't0ken', basic('oauth2')],
    ['https://gitlab.com/acme/shop', '{"token":"gldt-1","username":"gitlab+deploy"}', basic('gitlab+deploy', 'gldt-1')],
    ['https://bitbucket.org/acme/shop', 'ATATT1', basic('x-bitbucket-api-token-auth', 'ATATT1')],
    ['https://bitbucket.org/acme/shop', 'ATCTT1', basic('x-token-auth', 'ATCTT1')],
    ['https://bitbucket.org/acme/shop', '{"token":"ATBB1","username":"bot"}', basic('bot', 'ATBB1')],
    ['https://codeberg.org/acme/shop', 't0ken', basic('holdfast')],
    ['https://dev.azure.com/acme/p/_git/shop', 't0ken', basic('holdfast')],
    ['https://dev.azure.com/acme/p/_git/shop', jwt, { authorization: `Bearer ${jwt}` }],
    ['https://git.acme.example/shop.git', '{"token":"t0ken","username":"bot"}', basic('bot')],
    ['https://git.acme.example/shop.git', undefined, undefined],
  ])('%s', async (url, secret, expected) => {
    expect(await ask(url, secret)).toEqual(expected);
  });

  test('out of a map, by alias', async () => {
    const secret = JSON.stringify({ root: { token: 't0ken' } });
    expect(await ask('https://gitlab.com/acme/shop', secret, { alias: 'root' })).toEqual(basic('oauth2'));
    expect(await ask('https://gitlab.com/acme/shop', secret, { alias: 'other' })).toBeUndefined();
  });
});

test('a secret of a wrong form is refused without a word of it', async () => {
  const error = await failure(ask('https://gitlab.com/acme/shop', '{"tokn":"hunter2"}'));
  expect(error).toMatchObject({ code: 'GitSecretInvalid', source: 'user' });
  expect(JSON.stringify(error.toFailure())).not.toContain('hunter2');
});

test('an App is for GitHub only', async () => {
  const privateKey = '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----';
  const secret = JSON.stringify({ githubApp: { appId: 1, installationId: 2, privateKey } });
  expect((await failure(ask('https://gitlab.com/acme/shop', secret))).code).toBe('GitSecretInvalid');
  const damaged = await failure(ask('https://github.com/acme/shop', secret));
  expect(damaged).toMatchObject({ code: 'GitSecretInvalid', message: expect.stringContaining('privateKey') });
});

test('a secret is not sent where anybody could read it', async () => {
  const error = await failure(ask('http://git.acme.example/shop.git', 't0ken'));
  expect(error).toMatchObject({ code: 'GitSecretInvalid', message: expect.stringContaining('https://') });
  expect(await ask('http://git.acme.example/shop.git')).toBeUndefined();
  expect(await ask('http://127.0.0.1:9/shop.git', 't0ken')).toEqual(basic('x-access-token'));
});

test('a URL that cannot be used is refused at once, with all that is wrong', () => {
  expect(() => gitCredentials({ url: 'https://a:hunter2@github.com/acme', now: () => at })).toThrow(
    /secret; a repository on this host/,
  );
});

describe('CodeCommit', () => {
  const url = 'codecommit::eu-west-1://shop';
  const identity = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 's', sessionToken: 'session' };

  test('is signed anew each time, with the identity that there is then', async () => {
    let now = at;
    let accessKeyId = 'AKID1';
    const credentials = gitCredentials({ url, now: () => now, aws: async () => ({ ...identity, accessKeyId }) });
    const first = await credentials(false);
    now += 60_000;
    accessKeyId = 'AKID2';
    const second = await credentials(false);
    expect(first).toMatchObject({ username: 'AKID1%session', password: expect.stringMatching(/^20260102T030405Z/) });
    expect(second).toMatchObject({ username: 'AKID2%session', password: expect.stringMatching(/^20260102T030505Z/) });
  });

  test('is asked at the endpoint that is given, and signed for it', async () => {
    const at9 = gitSignIn({ url, now: () => at, aws: async () => identity, codecommitEndpoint: 'http://127.0.0.1:9/' });
    expect(at9.repository).toMatchObject({ url: 'http://127.0.0.1:9/v1/repos/shop', region: 'eu-west-1' });
    const own = gitSignIn({ url, now: () => at, aws: async () => identity });
    expect(await at9.credentials(false)).not.toEqual(await own.credentials(false));
    expect(() => gitSignIn({ url, now: () => at, codecommitEndpoint: 'x' })).toThrow(/AWS_ENDPOINT_URL_CODECOMMIT/);
  });

  test('needs an identity, and says so', async () => {
    expect(await failure(ask(url))).toMatchObject({ code: 'GitIdentityMissing', retryable: false });
    const aws = async (): Promise<never> => await Promise.reject(new Error('no network'));
    expect(await failure(ask(url, undefined, { aws }))).toMatchObject({ code: 'GitIdentityMissing', retryable: true });
  });

  test('CodeConnections is signed in the same way', async () => {
    const path = '/git-http/111122223333/eu-west-1/01234567-89ab-cdef-0123-456789abcdef/acme/shop.git';
    const connection = `https://codeconnections.eu-west-1.amazonaws.com${path}`;
    const given = await ask(connection, undefined, { aws: async () => identity });
    expect(given).toMatchObject({ username: 'AKIDEXAMPLE%session', password: expect.stringMatching(/Z[0-9a-f]{64}$/) });
  });
});

test('every kind of host says what to do when it refuses', () => {
  for (const host of hostKinds) {
    const paths = { codecommit: '/v1/repos/shop', 'azure-devops': '/a/_git/b' } as Record<string, string>;
    const connection = '/git-http/111122223333/eu-west-1/01234567-89ab-cdef-0123-456789abcdef/acme/shop.git';
    const path = host === 'codeconnections' ? connection : (paths[host] ?? '/acme/shop');
    const { renew } = gitSignIn({ url: `https://git.acme.example${path}`, host, region: 'eu-west-1', now: () => at });
    expect(renew).toMatch(/^(Renew|Allow) /);
  }
});
