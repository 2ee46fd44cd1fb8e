// The receiver behind a Function URL: events as AWS hands them over, and what ends in the queue.
import { describe, expect, it } from 'vitest';
import { memoryQueue } from '../../../lib/adapters/queue/memory.ts';
import { signBody } from '../../../lib/adapters/webhook/verify.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { Queue } from '../../../lib/core/reconcile/store.ts';
import { readDelivery } from '../../../lib/core/trigger/delivery.ts';
import { readUrlEvent } from '../../../lib/runtime/lambda/url-event.ts';
import { openWebhook } from '../../../lib/runtime/lambda/webhook.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { testBench, urlEvent, type UrlRequest } from '../../support/lambda.ts';

const secret = 'secret-of-the-root';
const previous = 'secret-of-the-root-before';
const after = '4a1f6b1d0f3c2e5a7b9c8d7e6f5a4b3c2d1e0f9a';
const repository = { full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' };
const push = JSON.stringify({ ref: 'refs/heads/main', before: '0'.repeat(40), after, repository, note: 'grüße ☃' });

function receiver(send?: Queue['send']) {
  const clock = fakeClock();
  const queue = memoryQueue({ clock });
  const { bench, lines } = testBench();
  const secrets = { get: async () => JSON.stringify({ root: [secret, previous] }) };
  const parts = { queue: send === undefined ? queue : { send }, secrets, secretId: 'webhook', now: clock.now };
  const answer = openWebhook(bench, parts);
  return {
    lines,
    post: async (given: UrlRequest) => {
      const event = urlEvent({ method: 'POST', path: '/webhook/root', ...given });
      const { statusCode, body = '', headers = {} } = await answer(readUrlEvent(event));
      return { status: statusCode, headers, body: JSON.parse(body === '' ? '{}' : body) as Record<string, unknown> };
    },
    received: async () => (await queue.receive('source', 10, 1_000)).map(({ body }) => readDelivery(body)),
  };
}

const signed = (body: string | Uint8Array, by = secret, over: Record<string, string> = {}): Record<string, string> => ({
  'Content-Type': 'application/json',
  'X-GitHub-Event': 'push',
  'X-GitHub-Delivery': '7f6a-1',
  'X-Hub-Signature-256': signBody(typeof body === 'string' ? new TextEncoder().encode(body) : body, by),
  ...over,
});

describe('a signed push', () => {
  it('becomes one small message', async () => {
    const { post, received } = receiver();
    const answer = await post({ headers: signed(push), body: push });
    expect(answer).toMatchObject({ status: 202, body: { status: 'accepted', delivery: '7f6a-1' } });
    expect(await received()).toEqual([
      expect.objectContaining({ v: 1, kind: 'push', alias: 'root', delivery: '7f6a-1', ref: 'refs/heads/main', after }),
    ]);
  });

  it('is the same bytes when it was handed over as Base64', async () => {
    const { post, received } = receiver();
    expect(await post({ headers: signed(push), body: push, base64: true })).toMatchObject({ status: 202 });
    expect(await received()).toHaveLength(1);
  });

  it('may be signed with the secret from before while it is changed', async () => {
    const { post } = receiver();
    expect(await post({ headers: signed(push, previous), body: push })).toMatchObject({ status: 202 });
  });

  it('is not lost when the queue does not answer: the host is told to come again', async () => {
    const { post, lines } = receiver(async () => {
      throw new HoldfastError({
        code: 'QueueUnavailable',
        source: 'remote',
        message: 'The source queue does not answer',
        retryable: true,
      });
    });
    const answer = await post({ headers: signed(push), body: push });
    expect(answer.status).toBe(503);
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        route: 'POST /webhook/root',
        failure: expect.objectContaining({ code: 'QueueUnavailable' }),
      }),
    ]);
  });
});

it('a ping is answered and not kept', async () => {
  const { post, received } = receiver();
  const ping = '{"zen":"Keep it logically awesome.","hook_id":1}';
  const answer = await post({ headers: signed(ping, secret, { 'X-GitHub-Event': 'ping' }), body: ping });
  expect(answer).toMatchObject({ status: 200, body: { status: 'pong' } });
  expect(await received()).toEqual([]);
});

describe('refused', () => {
  const unsigned = { 'Content-Type': 'application/json', 'X-GitHub-Event': 'push', 'X-GitHub-Delivery': '1' };
  const form = 'payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D';
  const large = JSON.stringify({ ref: 'refs/heads/main', after, padding: 'x'.repeat(5 * 1024 * 1024) });
  const binary = new Uint8Array([0xff, 0xfe, 0x00, 0x80]);
  const other = signBody(new TextEncoder().encode('another body'), secret);

  it.each<[string, UrlRequest, number, string]>([
    ['no signature', { headers: unsigned, body: push }, 401, 'WebhookUnsigned'],
    [
      'a signature of another body',
      { headers: signed(push, secret, { 'X-Hub-Signature-256': other }), body: push },
      401,
      'WebhookUnsigned',
    ],
    [
      'a signature twice',
      { headers: { ...signed(push), 'x-hub-signature-256': signed(push)['X-Hub-Signature-256'] ?? '' }, body: push },
      401,
      'WebhookUnsigned',
    ],
    [
      'an alias that nobody knows',
      { path: '/webhook/other', headers: signed(push), body: push },
      401,
      'WebhookUnsigned',
    ],
    [
      'an alias that is none',
      { path: '/webhook/__proto__', headers: signed(push), body: push },
      401,
      'WebhookUnsigned',
    ],
    [
      'a form',
      {
        headers: signed(form, secret, { 'Content-Type': 'application/x-www-form-urlencoded' }),
        body: form,
        base64: true,
      },
      415,
      'BodyNotJson',
    ],
    [
      'a packed body',
      { headers: signed(push, secret, { 'Content-Encoding': 'gzip' }), body: push },
      415,
      'BodyEncoded',
    ],
    ['a body over five megabytes', { headers: signed(large), body: large }, 413, 'BodyTooLarge'],
    ['the same as Base64', { headers: signed(large), body: large, base64: true }, 413, 'BodyTooLarge'],
    ['bytes that are no text, well signed', { headers: signed(binary), body: binary }, 400, 'WebhookMalformed'],
    ['nothing, well signed', { headers: signed('') }, 400, 'WebhookMalformed'],
    ['another place', { path: '/', headers: signed(push), body: push }, 404, 'RouteUnknown'],
    ['another method', { method: 'GET', headers: {} }, 404, 'RouteUnknown'],
  ])('%s', async (_what, request, status, code) => {
    const { post, received, lines } = receiver();
    expect(await post(request)).toMatchObject({ status, body: { code } });
    expect(await received()).toEqual([]);
    expect(lines()).toEqual([]);
  });

  it('many wrong signatures of one address, but not a right one among them', async () => {
    const { post } = receiver();
    for (let at = 0; at < 30; at++)
      expect(await post({ headers: unsigned, body: push })).toMatchObject({ status: 401 });
    expect(await post({ headers: unsigned, body: push })).toMatchObject({ status: 429 });
    expect(await post({ headers: signed(push), body: push })).toMatchObject({ status: 202 });
  });
});

it('what is no request of a Function URL is refused', () => {
  for (const event of [undefined, null, {}, { Records: [] }, { rawPath: '/', requestContext: {} }])
    expect(() => readUrlEvent(event)).toThrow(expect.objectContaining({ code: 'EventMalformed' }));
});
