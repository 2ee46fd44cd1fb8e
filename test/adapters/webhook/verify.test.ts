import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { githubWebhooks } from '../../../lib/adapters/webhook/github.ts';
import { signBody, verifySignature } from '../../../lib/adapters/webhook/verify.ts';

const body = Buffer.from('{"a": 1}\r\n');
const secret = 'correct horse';

test('the right signature is valid, under either of two secrets', () => {
  const header = signBody(body, secret);
  expect(header).toBe(`sha256=${createHmac('sha256', secret).update('{"a": 1}\r\n').digest('hex')}`);
  expect(verifySignature(body, header, [secret])).toBe('valid');
  expect(verifySignature(body, header, ['new one', secret])).toBe('valid');
  expect(verifySignature(body, header, [secret, 'new one'])).toBe('valid');
});

test('no header is missing', () => {
  expect(verifySignature(body, undefined, [secret])).toBe('missing');
});

test.each([
  'sha256=',
  `sha1=${'a'.repeat(40)}`,
  `sha256=${'a'.repeat(63)}`,
  `sha256=${'a'.repeat(65)}`,
  `sha256=${'g'.repeat(64)}`,
  signBody(body, secret).toUpperCase(),
  signBody(body, secret).replace(/[a-f]/g, (letter) => letter.toUpperCase()),
  ` ${signBody(body, secret)}`,
  `${signBody(body, secret)}\n`,
  '',
])('the header %j is malformed', (header) => {
  expect(verifySignature(body, header, [secret])).toBe('malformed');
});

test('two headers are malformed', () => {
  expect(verifySignature(body, [signBody(body, secret), signBody(body, secret)], [secret])).toBe('malformed');
});

test.each([
  ['another secret', body, 'another'],
  ['JSON written again', Buffer.from('{"a":1}'), secret],
  ['a byte order mark in front', Buffer.concat([Buffer.from('\ufeff'), body]), secret],
  ['line ends changed', Buffer.from('{"a": 1}\n'), secret],
])('%s is wrong', (_name, signed, key) => {
  expect(verifySignature(body, signBody(signed, key), [secret])).toBe('wrong');
});

test('an empty secret, or none, never fits', () => {
  expect(verifySignature(body, signBody(body, ''), [''])).toBe('wrong');
  expect(verifySignature(body, signBody(body, secret), [])).toBe('wrong');
});

test("GitHub's scheme takes what it needs from the headers", () => {
  const id = 'a'.repeat(40);
  const push = Buffer.from(JSON.stringify({ ref: 'refs/heads/main', after: id, repository: { full_name: 'a/b' } }));
  const headers = new Headers({
    'X-GitHub-Event': 'push',
    'X-GitHub-Delivery': 'd-1',
    'X-Hub-Signature-256': signBody(push, secret),
    // Another host's header beside it changes nothing.
    'X-Gitlab-Token': 'anything',
  });
  expect(githubWebhooks.verified(headers, push, [secret])).toBe(true);
  expect(githubWebhooks.verified(headers, push, ['other'])).toBe(false);
  expect(githubWebhooks.verified(new Headers(), push, [secret])).toBe(false);
  expect(githubWebhooks.read(headers, push)).toMatchObject({ kind: 'push', delivery: 'd-1', after: id });
});
