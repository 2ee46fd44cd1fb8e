import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../../lib/core/trigger/github.ts';
import { githubPushPayload, readGithubDelivery } from '../../../lib/core/trigger/github.ts';
import { encodeUtf8 } from '../../../lib/core/text.ts';

const id = 'a'.repeat(40);
const good = {
  ref: 'refs/heads/main',
  after: id,
  repository: { full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' },
};

function delivery(payload: unknown, more: Partial<Delivery> = {}): Delivery {
  const body = encodeUtf8(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return { event: 'push', delivery: 'd-1', body, ...more };
}

test('a push becomes a hint', () => {
  expect(readGithubDelivery(delivery(good))).toEqual({
    kind: 'push',
    host: 'github.com',
    repository: 'acme/shop',
    ref: 'refs/heads/main',
    after: id,
    delivery: 'd-1',
  });
});

test('what the built-in host sends is understood', () => {
  const payload = githubPushPayload({
    repository: 'demo',
    url: 'http://127.0.0.1:1234/demo.git',
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: id,
  });
  expect(readGithubDelivery(delivery(payload))).toMatchObject({
    kind: 'push',
    host: '127.0.0.1:1234',
    repository: 'holdfast/demo',
    after: id,
  });
});

test.each([
  ['a ref that is a number', { ...good, ref: 123 }],
  ['a list', '[]'],
  ['a text', '"x"'],
  ['null', 'null'],
  ['nothing', ''],
  ['half of it', '{"ref":"refs/heads/ma'],
  ['no after', { ...good, after: undefined }],
  ['an after that is no id', { ...good, after: 'main' }],
  ['no repository', { ...good, repository: null }],
  ['a repository that is a list', { ...good, repository: [] }],
  ['a name with a newline', { ...good, repository: { full_name: 'a\nb' } }],
  ['a ref with dots', { ...good, ref: 'refs/heads/../../x' }],
  ['a ref with a newline', { ...good, ref: 'refs/heads/a\nb' }],
  ['a ref with NUL', { ...good, ref: 'refs/heads/a\0b' }],
  ['a ref with ANSI', { ...good, ref: 'refs/heads/\u001b[31m' }],
  ['a ref of 64 kB', { ...good, ref: `refs/heads/${'x'.repeat(65_536)}` }],
  ['a ref that is an option', { ...good, ref: 'refs/heads/--upload-pack=x' }],
  ['depth 10,000', '['.repeat(10_000) + ']'.repeat(10_000)],
  ['depth 10,000 inside', `{"ref":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
  ['only a prototype', '{"__proto__":{"ref":"refs/heads/main"}}'],
])('%s is a problem, not a crash', (_name, payload) => {
  const result = readGithubDelivery(delivery(payload));
  expect(result).toMatchObject({ kind: 'malformed' });
  expect(JSON.stringify(result).length).toBeLessThan(300);
});

test('bytes that are not UTF-8 are a problem', () => {
  expect(readGithubDelivery(delivery('', { body: new Uint8Array([0x7b, 0xff, 0x7d]) }))).toMatchObject({
    kind: 'malformed',
  });
});

test('a forged prototype changes nothing', () => {
  const body = JSON.stringify(good).replace('{', '{"__proto__":{"isAdmin":true},');
  expect(readGithubDelivery(delivery(body)).kind).toBe('push');
  expect(Object.hasOwn(Object.prototype, 'isAdmin')).toBe(false);
});

test('tags and other events are ignored, a ping is a ping', () => {
  expect(readGithubDelivery(delivery({ ...good, ref: 'refs/tags/v1' })).kind).toBe('ignored');
  expect(readGithubDelivery(delivery(good, { event: 'issues' })).kind).toBe('ignored');
  expect(readGithubDelivery(delivery(good, { event: 'ping' })).kind).toBe('ping');
});

test.each([undefined, '', 'a b', 'x'.repeat(101), 'a\nb'])('the delivery id %j is a problem', (value) => {
  expect(readGithubDelivery(delivery(good, { delivery: value })).kind).toBe('malformed');
});

test('no JSON at all makes it throw, and every hint is well-formed', () => {
  const ref = fc.oneof(
    fc.string(),
    fc.string().map((name) => `refs/heads/${name}`),
    fc.jsonValue(),
  );
  const payload = fc.oneof(
    fc.jsonValue(),
    fc.record({
      ref,
      after: fc.oneof(fc.constant(id), fc.jsonValue()),
      repository: fc.oneof(fc.constant(good.repository), fc.jsonValue()),
    }),
  );
  expect(() =>
    fc.assert(
      fc.property(payload, (value) => {
        const result = readGithubDelivery(delivery(value));
        return result.kind !== 'push' || /^refs\/heads\/[\w.+#@/-]{1,200}$/.test(result.ref);
      }),
    ),
  ).not.toThrow();
});
