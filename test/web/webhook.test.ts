// The webhook receiver on a real server: what gets in, what does not, and what is kept before the answer.
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { signBody } from '../../lib/adapters/webhook/verify.ts';
import { HoldfastError } from '../../lib/core/errors.ts';
import { rawRequest, webUnderTest, type Answer, type WebSetup, type WebUnderTest } from '../support/web.ts';

const SECRET = 'of the root repository';
const OLD = 'of the root repository, before';
const AFTER = '4a1f6b1d0f3c2e5a7b9c8d7e6f5a4b3c2d1e0f9a';
const secrets: Record<string, readonly string[]> = { root: [SECRET, OLD], other: ['of another repository'] };

const payload = (members: object = {}): string =>
  JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: AFTER,
    repository: { full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' },
    commits: [],
    ...members,
  });

interface Sent {
  readonly body?: string;
  readonly alias?: string;
  readonly delivery?: string;
  readonly event?: string;
  readonly secret?: string;
  readonly headers?: Record<string, string>;
}

const start = (setup: WebSetup = {}): Promise<WebUnderTest> =>
  webUnderTest({ ...setup, options: { webhookSecrets: async (alias) => secrets[alias] ?? [], ...setup.options } });

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function deliver(web: WebUnderTest, sent: Sent = {}): Promise<Answer> {
  const { body = payload(), alias = 'root', delivery = 'd-1', event = 'push', secret = SECRET } = sent;
  return web.call('POST', `/webhook/${alias}`, {
    body,
    headers: {
      authorization: '',
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': signBody(bytes(body), secret),
      ...sent.headers,
    },
  });
}

/** That nothing of a request was kept. */
async function nothingKept({ store, queue }: WebUnderTest): Promise<void> {
  expect(await store.list('')).toEqual([]);
  expect(await queue.receive('source', 10, 1000)).toEqual([]);
}

it('keeps a push as a hint to the repository of its address, and rings', async () => {
  const web = await start();
  expect(await deliver(web)).toMatchObject({ status: 202, body: { status: 'accepted', delivery: 'd-1' } });
  expect(await web.store.read('repo/root')).toMatchObject({
    wanted: 1,
    reasons: [{ kind: 'push', at: web.clock.now(), note: 'refs/heads/main 4a1f6b1d, delivery d-1' }],
  });
  expect(await web.queue.receive('source', 10, 1000)).toMatchObject([{ body: 'repo/root' }]);
});

it('keeps it before it answers: no answer of success without a row, even when the doorbell cannot be rung', async () => {
  const failure = new HoldfastError({ code: 'StoreUnavailable', source: 'system', message: 'no', retryable: true });
  const failing = await start({ options: { queue: { send: () => Promise.reject(failure) } as never } });
  expect((await deliver(failing)).status).toBe(503);
  expect((await failing.store.read('repo/root'))?.wanted).toBe(1);

  const away = await start({ options: { store: { delivery: () => Promise.reject(failure) } as never } });
  expect((await deliver(away)).status).toBe(503);
  expect(await away.queue.receive('source', 10, 1000)).toEqual([]);
});

it('answers a ping', async () => {
  const web = await start();
  expect(await deliver(web, { event: 'ping', body: '{"zen":"x","hook_id":1}' })).toMatchObject({
    status: 200,
    body: { status: 'pong' },
  });
  await nothingKept(web);
});

it('takes both secrets during a rotation', async () => {
  const web = await start();
  expect((await deliver(web, { secret: OLD, delivery: 'a' })).status).toBe(202);
  expect((await deliver(web, { secret: SECRET, delivery: 'b' })).status).toBe(202);
});

it.each([
  ['W1 no signature', { 'x-hub-signature-256': '' }],
  [
    'W2 a SHA-1 signature only',
    { 'x-hub-signature-256': '', 'x-hub-signature': 'sha1=0123456789012345678901234567890123456789' },
  ],
  ['W3 an empty signature', { 'x-hub-signature-256': 'sha256=' }],
  ['W3 odd hex', { 'x-hub-signature-256': `sha256=${'g'.repeat(64)}` }],
  ['W3 63 characters', { 'x-hub-signature-256': `sha256=${'a'.repeat(63)}` }],
  ['W3 upper case', { 'x-hub-signature-256': signBody(bytes(payload()), SECRET).toUpperCase() }],
  ['W3 another algorithm', { 'x-hub-signature-256': signBody(bytes(payload()), SECRET).replace('sha256', 'sha512') }],
  ['a wrong signature', { 'x-hub-signature-256': `sha256=${'a'.repeat(64)}` }],
])('refuses %s', async (_name, headers) => {
  const web = await start();
  expect(await deliver(web, { headers })).toMatchObject({
    status: 401,
    body: { code: 'WebhookUnsigned', hint: expect.any(String) },
  });
  await nothingKept(web);
});

it('W1 does not even parse a body that nobody signed', async () => {
  const web = await start();
  expect((await deliver(web, { body: '{"broken', secret: 'wrong' })).status).toBe(401);
});

it('W4, W5 refuses a body that is not byte for byte what was signed', async () => {
  const signature = { 'x-hub-signature-256': signBody(bytes(payload()), SECRET) };
  for (const body of [
    JSON.stringify(JSON.parse(payload()), undefined, 1),
    `\uFEFF${payload()}`,
    `${payload()}\r\n`,
    payload().replace('main', 'mair'),
  ]) {
    const web = await start();
    expect((await deliver(web, { body, headers: signature })).status).toBe(401);
    await nothingKept(web);
  }
});

it('W6 refuses a compressed body without unpacking it', async () => {
  const web = await start();
  const bomb = gzipSync(Buffer.alloc(10_000_000));
  const response = await fetch(`${web.server.url}/webhook/root`, {
    method: 'POST',
    body: bomb,
    headers: {
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'x-hub-signature-256': signBody(bomb, SECRET),
    },
  });
  expect([response.status, await response.json()]).toEqual([415, expect.objectContaining({ code: 'BodyEncoded' })]);
});

const head = (web: WebUnderTest, lines: string): string =>
  `POST /webhook/root HTTP/1.1\r\nHost: 127.0.0.1:${web.server.port}\r\nContent-Type: application/json\r\n${lines}\r\n\r\n`;

it('W7 answers 413 to an endless body and closes the connection', async () => {
  const web = await start({ options: { webhookLimit: 100_000 } });
  const chunk = `${(50_000).toString(16)}\r\n${'x'.repeat(50_000)}\r\n`;
  const text = await rawRequest(web.server.port, head(web, 'Transfer-Encoding: chunked') + chunk.repeat(3));
  expect(text).toContain('HTTP/1.1 413');
  expect(text.toLowerCase()).toContain('connection: close');
  await nothingKept(web);
});

it('W7 answers 413 to a length that is too large before reading any of it, and takes no more than was declared', async () => {
  const web = await start();
  const large = await rawRequest(web.server.port, head(web, 'Content-Length: 26214400'), '"code"');
  expect(large).toContain('HTTP/1.1 413');
  const short = await rawRequest(web.server.port, `${head(web, 'Content-Length: 10')}${'x'.repeat(3_000_000)}`);
  expect(short).toContain('HTTP/1.1 400');
  expect(short).not.toContain('HTTP/1.1 2');
  await nothingKept(web);
});

it('W8 refuses a well signed body over the limit, with a hint', async () => {
  const web = await start({ options: { webhookLimit: 10_000 } });
  const body = payload({ commits: ['x'.repeat(10_000)] });
  expect(await deliver(web, { body })).toMatchObject({
    status: 413,
    body: { code: 'BodyTooLarge', hint: expect.stringContaining('poll') },
  });
  expect((await deliver(web, { body: payload({ commits: ['x'.repeat(9_000)] }) })).status).toBe(202);
});

it('W9 takes the same delivery once, however often and late it comes', async () => {
  const web = await start();
  expect((await deliver(web)).body['status']).toBe('accepted');
  web.clock.advance(3_600_000);
  for (let i = 0; i < 2; i += 1)
    expect(await deliver(web)).toMatchObject({ status: 202, body: { status: 'duplicate' } });
  expect((await web.store.read('repo/root'))?.wanted).toBe(1);
  expect(await web.queue.receive('source', 10, 1000)).toHaveLength(1);
});

it('W10 refuses a known delivery with another body', async () => {
  const web = await start();
  await deliver(web);
  const other = payload({ after: 'f'.repeat(40) });
  expect(await deliver(web, { body: other })).toMatchObject({ status: 409, body: { code: 'WebhookReplayed' } });
  expect((await web.store.read('repo/root'))?.wanted).toBe(1);
});

it('keeps deliveries of two repositories apart', async () => {
  const web = await start();
  await deliver(web);
  expect(await deliver(web, { alias: 'other', secret: 'of another repository' })).toMatchObject({
    body: { status: 'accepted' },
  });
});

it('W11 refuses the signature of another repository, and an address that nobody has', async () => {
  const web = await start();
  expect((await deliver(web, { secret: 'of another repository' })).status).toBe(401);
  for (const alias of ['nobody', '__proto__', '..%2froot', 'ROOT', 'x'.repeat(300)])
    expect(await deliver(web, { alias })).toMatchObject({ status: 401, body: { code: 'WebhookUnsigned' } });
  await nothingKept(web);
});

it.each([
  '{"ref":123}',
  '{"commits":null}',
  '[]',
  '"x"',
  'null',
  '',
  '{"ref":',
  '['.repeat(10_000) + ']'.repeat(10_000),
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  payload({ repository: null }),
  payload({ repository: { full_name: {} } }),
  payload({ after: 'HEAD' }),
  payload({ ref: 'refs/heads/../../x' }),
  payload({ ref: 'refs/heads/a\nb' }),
  payload({ ref: 'refs/heads/a\u0000b' }),
  payload({ ref: 'refs/heads/\u001b[31mred' }),
  payload({ ref: `refs/heads/${'x'.repeat(65_536)}` }),
])('W12, W15 answers 400 to %.60s', async (body) => {
  const web = await start();
  const answer = await deliver(web, { body });
  expect(answer).toMatchObject({ status: 400, body: { code: 'WebhookMalformed' } });
  expect(JSON.stringify(answer.body)).not.toContain('\\u001b');
  await nothingKept(web);
});

it.each([
  [{ 'x-github-delivery': '' }],
  [{ 'x-github-delivery': 'a b' }],
  [{ 'x-github-delivery': 'x'.repeat(5000) }],
  [{ 'x-github-event': '' }],
])('answers 400 to the headers %.60j', async (headers) => {
  const web = await start();
  expect((await deliver(web, { headers })).status).toBe(400);
  await nothingKept(web);
});

it('W14 gives nothing to a member that is named like a property of every object', async () => {
  const web = await start();
  const body = `{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}},${payload().slice(1)}`;
  expect((await deliver(web, { body })).status).toBe(202);
  expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
});

it('W16 looks up the repository of its address, whatever addresses the body holds', async () => {
  const web = await start();
  const repository = {
    full_name: 'evil/evil',
    clone_url: 'https://evil.example/x.git',
    ssh_url: 'git@169.254.169.254:x.git',
  };
  expect((await deliver(web, { body: payload({ repository }) })).status).toBe(202);
  const rows = JSON.stringify(await web.store.list(''));
  expect(rows).toContain('repo/root');
  expect(rows).not.toContain('evil');
});

it('W17 refuses a form-encoded delivery, also a well signed one', async () => {
  const web = await start();
  const body = `payload=${encodeURIComponent(payload())}`;
  const answer = await deliver(web, { body, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  expect(answer).toMatchObject({
    status: 415,
    body: { code: 'BodyNotJson', hint: expect.stringContaining('application/json') },
  });
  await nothingKept(web);
});

it('W18 is not led to another scheme by another host’s header', async () => {
  const web = await start();
  expect((await deliver(web, { headers: { 'x-gitlab-token': SECRET, 'x-gitlab-event': 'Push Hook' } })).status).toBe(
    202,
  );
  expect((await deliver(web, { headers: { 'x-gitlab-token': SECRET, 'x-hub-signature-256': '' } })).status).toBe(401);
});

it('W19 limits a sender of wrong signatures, keeps nothing of them, and still hears a right one', async () => {
  const web = await start();
  const statuses = new Map<number, number>();
  for (let i = 0; i < 200; i += 1) {
    const { status } = await deliver(web, { secret: `guess ${i}` });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(statuses.get(401)).toBeLessThanOrEqual(40);
  expect(statuses.get(429)).toBeGreaterThanOrEqual(160);
  await nothingKept(web);
  const large = payload({ commits: ['x'.repeat(100_000)] });
  expect((await deliver(web, { secret: 'guess', body: large })).status).toBe(413);
  expect((await deliver(web, { delivery: 'honest' })).status).toBe(202);
  web.clock.advance(10 * 60_000);
  expect((await deliver(web, { body: large, delivery: 'later' })).status).toBe(202);
});

it('W19 tells a limited sender when to come back', async () => {
  const web = await start();
  let answer = await deliver(web, { secret: 'wrong' });
  while (answer.status === 401) answer = await deliver(web, { secret: 'wrong' });
  expect(answer).toMatchObject({ status: 429, body: { code: 'WebhookThrottled' } });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
});

it('ignores events that are none of its business', async () => {
  const web = await start();
  expect(await deliver(web, { event: 'issues' })).toMatchObject({ status: 202, body: { status: 'ignored' } });
  await nothingKept(web);
});

it('a secret that was changed a moment ago counts: it is asked for anew before a signature is called wrong', async () => {
  const asked: boolean[] = [];
  const web = await start({
    options: {
      webhookSecrets: async (_alias, fresh = false) => {
        asked.push(fresh);
        return fresh ? ['the new one', SECRET] : [SECRET];
      },
    },
  });
  expect((await deliver(web, { delivery: 'd-1' })).status).toBe(202);
  expect(asked).toEqual([false]);
  expect((await deliver(web, { delivery: 'd-2', secret: 'the new one' })).status).toBe(202);
  expect((await deliver(web, { delivery: 'd-3', secret: 'neither' })).status).toBe(401);
  expect(asked).toEqual([false, false, true, false, true]);
});
