// Secrets of webhooks: which there are for an alias, two while one is changed, and how soon a changed one counts.
import { describe, expect, it } from 'vitest';
import { createScrubber } from '../../../lib/runtime/log.ts';
import { webhookSecrets } from '../../../lib/runtime/lambda/webhook-secrets.ts';
import { fakeClock } from '../../support/fake-clock.ts';

/** Secrets Manager with one secret, kept as the adapter keeps it. */
function holding(value: unknown) {
  const clock = fakeClock();
  const held = { text: typeof value === 'string' ? value : JSON.stringify(value), reads: 0 };
  let kept: string | undefined;
  const secrets = {
    get: async (_id: string, { fresh = false }: { readonly fresh?: boolean } = {}): Promise<string> => {
      if (fresh || kept === undefined) {
        held.reads += 1;
        kept = held.text;
      }
      return kept;
    },
  };
  const scrubber = createScrubber();
  return { clock, held, scrubber, read: webhookSecrets({ secrets, id: 'webhook', scrubber, now: clock.now }) };
}

describe('secrets of an alias', () => {
  it.each([
    ['one', { root: 'current-secret' }, ['current-secret']],
    ['two while it is changed', { root: ['current-secret', 'previous-secret'] }, ['current-secret', 'previous-secret']],
    ['never more than two', { root: ['a', 'b', 'c'] }, ['a', 'b']],
    ['no empty ones: anybody could sign with them', { root: ['', 'b'] }, ['b']],
    ['none but texts', { root: [1, null, { a: 'b' }] }, []],
    ['none for another alias', { other: 'x' }, []],
    ['none in a text', 'plain text', []],
    ['none in a list', '["root"]', []],
    ['none in nothing', '', []],
  ])('%s', async (_what, value, expected) => {
    expect(await holding(value).read('root')).toEqual(expected);
  });

  it('are not what every object has', async () => {
    const { read } = holding({ root: 'secret' });
    expect(await read('constructor')).toEqual([]);
    expect(await read('__proto__')).toEqual([]);
  });

  it('are masked from then on', async () => {
    const { read, scrubber } = holding({ root: ['current-secret', 'previous-secret'] });
    await read('root');
    expect(scrubber.text('current-secret and previous-secret')).toBe('*** and ***');
  });
});

it('a changed secret counts at once, and is asked for four times a minute at most', async () => {
  const { clock, held, read } = holding({ root: 'before' });
  expect(await read('root')).toEqual(['before']);
  held.text = JSON.stringify({ root: ['after', 'before'] });
  expect(await read('root')).toEqual(['before']);
  expect(await read('root', true)).toEqual(['after', 'before']);
  expect(held.reads).toBe(2);
  for (let second = 0; second < 60; second++) {
    clock.advance(1_000);
    await read('root', true);
  }
  expect(held.reads).toBe(6);
});
