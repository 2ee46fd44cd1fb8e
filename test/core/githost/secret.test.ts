import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGitSecret } from '../../../lib/core/githost/secret.ts';

const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n';
const app = { appId: 7, installationId: '42', privateKey: pem };

describe('forms of a secret', () => {
  test.each([
    ['plain text', ' ghp_x\n', { kind: 'token', token: 'ghp_x' }],
    ['a token', '{"token":"t"}', { kind: 'token', token: 't' }],
    ['a token with its name', '{"token":"t","username":"bot"}', { kind: 'token', token: 't', username: 'bot' }],
    [
      'an App',
      JSON.stringify({ githubApp: app }),
      { kind: 'githubApp', appId: '7', installationId: '42', privateKey: pem },
    ],
    [
      'an App whose key was written on one line',
      JSON.stringify({
        githubApp: { ...app, privateKey: pem.replaceAll('\n', '\\n'), apiUrl: 'https://g.example/api/v3/' },
      }),
      { kind: 'githubApp', appId: '7', installationId: '42', privateKey: pem, apiUrl: 'https://g.example/api/v3' },
    ],
  ])('%s', (_name, text, secret) => {
    expect(readGitSecret(text)).toEqual({ kind: 'secret', secret });
  });

  test('a map gives what is kept under the alias', () => {
    const text = JSON.stringify({ root: { token: 't' }, other: 'o' });
    expect(readGitSecret(text, 'root')).toMatchObject({ secret: { token: 't' } });
    expect(readGitSecret(text, 'other')).toMatchObject({ secret: { token: 'o' } });
    expect(readGitSecret(text, 'toString')).toEqual({ kind: 'none' });
    expect(readGitSecret('{}', 'root')).toEqual({ kind: 'none' });
    expect(readGitSecret('plain', 'root')).toMatchObject({ secret: { token: 'plain' } });
    expect(readGitSecret('')).toEqual({ kind: 'none' });
  });
});

test.each([
  '{"token":"hunter2"',
  '{"tokens":"hunter2"}',
  '{"token":7}',
  '{"token":"hunter2 hunter2"}',
  '{"token":"hunter2","username":"a:b"}',
  '{"token":"hunter2","username":7}',
  '{"token":"hunter2","githubApp":{}}',
  '{"githubApp":"hunter2"}',
  JSON.stringify({ githubApp: { ...app, appId: 'hunter2 x' } }),
  JSON.stringify({ githubApp: { ...app, installationId: 'hunter2' } }),
  JSON.stringify({ githubApp: { ...app, privateKey: 'hunter2' } }),
  JSON.stringify({ githubApp: { ...app, apiUrl: 'https://hunter2@x' } }),
  'hunter2\nhunter2',
])('%s is a problem that does not repeat it', (text) => {
  const result = readGitSecret(text);
  expect(result.kind).toBe('problem');
  expect(JSON.stringify(result)).not.toContain('hunter2');
});

test('no text makes it throw', () => {
  const texts = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .dictionary(fc.constantFrom('token', 'username', 'githubApp'), fc.jsonValue())
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, fc.option(fc.string(), { nil: undefined }), (text, alias) => {
      expect(readGitSecret(text, alias).kind).toMatch(/^(secret|none|problem)$/);
    }),
  );
});
