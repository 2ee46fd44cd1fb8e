import { describe, expect, it } from 'vitest';
import {
  hasSecretAssignment,
  hasSecretForm,
  isSecretName,
  isSecretReference,
  replaceSecretForms,
} from '../../lib/core/secrets.ts';

describe('names', () => {
  it.each([
    'password',
    'DB_PASSWORD',
    'dbPassword',
    'db.password',
    'POSTGRES_PASSWORD2',
    'smtp-passwd',
    'clientSecret',
    'GITHUB_TOKEN',
    'apiKey',
    'API_KEY',
    'apikey',
    'AWS_SECRET_ACCESS_KEY',
    'tls.privateKey',
    'connectionString',
    'MasterUserPassword',
    'HTTPAuthToken',
    'authtoken',
    'authtoken',
    '--api-key',
  ])('%s holds a secret', (name) => expect(isSecretName(name)).toBe(true));
  it.each([
    'secretName',
    'passwordSecretRef',
    'PASSWORD_FILE',
    'TOKEN_URL',
    'tokenExpirationSeconds',
    'PasswordLength',
    'AWS_ACCESS_KEY_ID',
    'imagePullSecrets',
    'compass',
    'key',
    'bypass',
    'author',
    'keyboard',
    '',
  ])('%s does not', (name) => expect(isSecretName(name)).toBe(false));
});

describe('forms', () => {
  it.each([
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----', 'x'],
    ['ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'x'],
    ['key AKIAIOSFODNN7EXAMPLE.', 'key x.'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N', 'x'],
    ['postgres://app:hunter2@db:5432/x', 'postgres://x@db:5432/x'],
    ['Authorization: Bearer abc.def-ghi', 'Authorization: x'],
  ])('%s', (text, expected) => {
    expect(hasSecretForm(text)).toBe(true);
    expect(replaceSecretForms(text, 'x')).toBe(expected);
  });
  it.each([
    'registry:5000/a/b:1.0',
    'https://example.org/a?b=c',
    'ghp_short',
    'image@sha256:abc',
    'user@example.org',
    'http://host:80/a@b',
    'Basic usage of it',
  ])('%s is none', (text) => {
    expect(hasSecretForm(text)).toBe(false);
  });
});

it.each([
  ['password=hunter2', true],
  ['a: 1\ndb_password: "x"\n', true],
  ['{"apiKey":"x"}', true],
  ['run --token=abc', true],
  ['password: ${PASSWORD}', false],
  ['password:\n  valueFrom: x', false],
  ['password_file=/run/x', false],
  ['no secrets here', false],
])('assignment in %j: %s', (text, expected) => {
  expect(hasSecretAssignment(text)).toBe(expected);
});

it.each([
  ['${DB}', true],
  ['$(DB)', true],
  ['{{resolve:ssm-secure:x}}', true],
  ['arn:aws:secretsmanager:eu-west-1:1:secret:x', true],
  ['x${DB}', false],
  ['', false],
])('reference %j: %s', (text, expected) => {
  expect(isSecretReference(text)).toBe(expected);
});

it('long texts that nearly match are searched in time that grows with their length only', () => {
  const long = [
    '-'.repeat(200_000),
    'eyJ'.repeat(60_000),
    '://a:'.repeat(40_000),
    'secret'.repeat(40_000),
    'Basic '.repeat(40_000),
  ];
  // A search that tried every end for every start would be stopped by the test's time limit.
  const found = long.map((text) => hasSecretForm(text) || hasSecretAssignment(text) || isSecretName(text));
  expect(found).toEqual([false, false, false, true, false]);
});
