// Messages of a queue: each fails alone, and only for what is worth handing it out again.
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { eachMessage, readQueueEvent, rowKey, slice } from '../../../lib/runtime/lambda/records.ts';
import { giveBack } from '../../../lib/runtime/give-back.ts';
import { Simulation } from '../../support/simulation.ts';
import { testBench } from '../../support/lambda.ts';
import { eventually } from '../../support/eventually.ts';

const event = (...bodies: readonly string[]) =>
  readQueueEvent({ Records: bodies.map((body, at) => ({ messageId: `m-${at}`, body })) });

const failure = (code: string, message = 'no') =>
  new HoldfastError({ code, source: 'remote', message, retryable: true });

describe('each message', () => {
  it('fails alone', async () => {
    const { bench, lines } = testBench();
    const done: string[] = [];
    const answer = await eachMessage(event('app/a', 'app/b', 'app/c'), bench, async (body) => {
      if (body === 'app/b') throw failure('StoreUnavailable', 'The store does not answer');
      done.push(body);
    });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
    expect(done).toEqual(['app/a', 'app/c']);
    expect(lines()).toEqual([
      expect.objectContaining({
        level: 'ERROR',
        message: 'The store does not answer',
        messageId: 'm-1',
        body: 'app/b',
        failure: expect.objectContaining({ code: 'StoreUnavailable', retryable: true }),
      }),
    ]);
  });

  it('that cannot be read fails, so that it ends among the dead letters', async () => {
    const { bench } = testBench();
    const answer = await eachMessage(event('app/a', '{"v":9}', ''), bench, async (body) => {
      rowKey(body, ['app', 'target']);
    });
    expect(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(['m-1', 'm-2']);
  });

  it('whose lease was lost is done: whoever has the lease does the work', async () => {
    const { bench, lines } = testBench();
    const answer = await eachMessage(event('app/a'), bench, async () => {
      throw failure('LeaseLost');
    });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(lines()).toEqual([]);
  });

  /** A row that was given back after `error`. */
  async function givenBack(error: unknown): Promise<unknown> {
    const sim = new Simulation(1);
    await sim.store.hint('app/a', { kind: 'poll', at: sim.clock.now() });
    const { home } = sim.addWorker();
    const taken = (await sim.store.take('app/a', home.holder, 60_000))!;
    await giveBack(home, taken.row, taken.lease, error);
    return error;
  }

  it.each([
    ['an error of ours', new TypeError('x is undefined')],
    ['state of a newer version', failure('StateTooNew')],
  ])('whose row was given back after %s is done: the row is due again', async (_what, error) => {
    const { bench, lines } = testBench();
    const work = async (): Promise<void> => {
      throw await givenBack(error);
    };
    expect(await eachMessage(event('app/a'), bench, work)).toEqual({ batchItemFailures: [] });
    bench.metrics.publishStoredMetrics();
    expect(lines()).toEqual([
      expect.objectContaining({ level: 'ERROR', body: 'app/a' }),
      expect.objectContaining({ WorkFailed: 1 }),
    ]);
  });

  it('whose row only a newer version may touch is done, and said', async () => {
    const { bench, lines } = testBench();
    const answer = await eachMessage(event('app/a'), bench, async () => {
      throw failure('StateTooNew');
    });
    expect(answer).toEqual({ batchItemFailures: [] });
    expect(lines()).toEqual([expect.objectContaining({ level: 'ERROR', body: 'app/a' })]);
  });

  it.each([
    ['a store that does not answer', async () => await givenBack(failure('StoreUnavailable'))],
    ['an error whose row nobody gave back', async () => new TypeError('x is undefined')],
  ])('fails after %s', async (_what, thrown) => {
    const { bench } = testBench();
    const answer = await eachMessage(event('app/a'), bench, async () => {
      throw await thrown();
    });
    expect(answer.batchItemFailures).toHaveLength(1);
  });

  it('shows no secret in the line of its failure', async () => {
    const { bench, lines } = testBench();
    bench.scrubber.register('s3cr3t-of-the-host');
    await eachMessage(event('app/a'), bench, async () => {
      throw new HoldfastError({
        code: 'X',
        source: 'remote',
        message: 'a s3cr3t-of-the-host',
        reason: 's3cr3t-of-the-host',
      });
    });
    expect(JSON.stringify(lines())).not.toContain('s3cr3t');
    expect(lines()).toEqual([expect.objectContaining({ message: 'a ***' })]);
  });
});

describe('keys of rows', () => {
  it.each(['app/root/shop@prod', 'target/prod'])('%s', (body) => {
    expect(rowKey(body, ['app', 'target'])).toBe(body);
  });

  it.each(['repo/root', 'app/', 'app/a b', 'app/a\n', `app/${'x'.repeat(201)}`, 'constructor'])(
    '%j is none',
    (body) => {
      expect(() => rowKey(body, ['app', 'target'])).toThrow(expect.objectContaining({ code: 'EventMalformed' }));
    },
  );
});

describe('events of a queue', () => {
  it.each([
    undefined,
    null,
    'x',
    {},
    { Records: {} },
    { Records: [{}] },
    { Records: [{ body: 1 }] },
    { Records: [null] },
  ])('are refused when they are none: %j', (given) => {
    expect(() => readQueueEvent(given)).toThrow(expect.objectContaining({ code: 'EventMalformed' }));
  });
});

it('a slice ends before the time of the function does, and lasts a second at least', async () => {
  expect(slice({ getRemainingTimeInMillis: () => 150_000 }).aborted).toBe(false);
  const short = slice({ getRemainingTimeInMillis: () => 15_500 });
  expect(short.aborted).toBe(false);
  await eventually(() => expect(short.aborted).toBe(true));
});
