// Lines without secrets.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Json } from '../../lib/core/json.ts';
import type { RunnerEvent } from '../../lib/runtime/home.ts';
import { createLog, createScrubber } from '../../lib/runtime/log.ts';

const SECRET = 'p@ss "word"/+?';

function logged(event: Partial<RunnerEvent>, secrets: readonly string[] = [SECRET]): string {
  const scrubber = createScrubber();
  for (const secret of secrets) scrubber.register(secret);
  const lines: string[] = [];
  createLog({ scrubber, write: (line) => lines.push(line) })({ event: 'x', at: 1, message: '', ...event });
  return lines.join('');
}

it('writes one event as one line of JSON', () => {
  const line = logged({ message: 'two\nlines', app: 'shop', data: { n: 1, list: [true, null] } });
  expect(line.match(/\n/g)).toHaveLength(1);
  expect(JSON.parse(line)).toEqual({
    event: 'x',
    at: 1,
    message: 'two\nlines',
    app: 'shop',
    data: { n: 1, list: [true, null] },
  });
});

it.each([
  ['as it is', SECRET],
  ['inside JSON', JSON.stringify({ deep: SECRET })],
  ['in an address', `https://example.com/?q=${encodeURIComponent(SECRET)}`],
  ['as base64', Buffer.from(SECRET).toString('base64')],
  ['as base64 for addresses', Buffer.from(SECRET).toString('base64url')],
  ['as hex', Buffer.from(SECRET).toString('hex')],
])('shows no registered secret %s, in messages, values and keys', (_name, text) => {
  for (const line of [
    logged({ message: `a ${text} b` }),
    logged({ data: { list: [{ note: text }] } }),
    logged({ data: { [text]: 1 } }),
  ]) {
    expect(line).toContain('***');
    expect(line).not.toContain(JSON.stringify(text).slice(1, -1));
  }
});

it('shows no token or private key by its form, registered or not', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----';
  for (const text of [`ghp_${'a1'.repeat(20)}`, 'https://me:hunter22@example.com/x.git', 'Bearer abcdefghijkl', key])
    expect(logged({ message: text })).not.toMatch(/a1a1a1|hunter22|abcdefghijkl|MIIEow/);
});

it('shows nothing that stands under the name of a secret', () => {
  const line = logged({ data: { token: 'abc', nested: { dbPassword: 'x', tokenFile: 'data/token' } } });
  expect(JSON.parse(line)).toMatchObject({
    data: { token: '***', nested: { dbPassword: '***', tokenFile: 'data/token' } },
  });
});

it('replaces a secret whole when it holds another one, and leaves short words alone', () => {
  expect(logged({ message: 'x-secret-1-extended-x' }, ['secret-1', 'secret-1-extended'])).toContain('"x-***-x"');
  expect(logged({ message: 'the dev cluster' }, ['dev', ''])).toContain('the dev cluster');
});

it('never shows a registered secret, whatever is around it', () => {
  const text = fc.string({ maxLength: 20 });
  const property = fc.property(
    fc.string({ minLength: 8, maxLength: 40, unit: 'grapheme' }),
    text,
    text,
    (secret, before, after) => {
      fc.pre(!'{"event":"x","at":1,"message":"***","data":}'.includes(secret));
      const data: Json = { before, list: [before + secret + after] };
      expect(JSON.parse(logged({ message: before + secret + after, data }, [secret]))).toSatisfy(
        (event: RunnerEvent) =>
          !event.message.includes(secret) ||
          (before + after).includes(secret) ||
          `${before}***${after}`.includes(secret),
      );
    },
  );
  fc.assert(property);
});

it('leaves out events that are not for its reader, and survives a reader that is gone', () => {
  const scrubber = createScrubber();
  const lines: string[] = [];
  const log = createLog({
    scrubber,
    line: ({ event, message }) => (event === 'plan' ? '' : `${message}\n`),
    write: (line) => lines.push(line),
  });
  for (const event of ['plan', 'run-ended']) log({ event, at: 1, message: event });
  expect(lines).toEqual(['run-ended\n']);
  const gone = createLog({
    scrubber,
    write: () => {
      throw new Error('EPIPE');
    },
  });
  expect(() => gone({ event: 'x', at: 1, message: '' })).not.toThrow();
});
