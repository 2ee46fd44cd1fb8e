// The chain around every function: one line for an error, in our own form and without secrets, one id in all lines, and metrics
// that are written whatever happens.
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { describe, expect, it } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { type Bench, chain } from '../../../lib/runtime/lambda/chain.ts';
import { malformed } from '../../../lib/runtime/lambda/records.ts';
import { captureLines, lambdaContext } from '../../support/lambda.ts';

function handlerOf(work: (bench: Bench, event: string) => Promise<unknown>) {
  const lines = captureLines();
  const read = (event: unknown): string => {
    if (typeof event === 'string') return event;
    throw malformed('it is not a text');
  };
  const handler = chain({ name: 'shop', read }, (bench) => async (event: string) => await work(bench, event));
  return { handler, lines };
}

const errors = (lines: readonly { readonly [key: string]: unknown }[]) =>
  lines.filter(({ level }) => level === 'ERROR');

describe('an error', () => {
  it('is thrown on, and is one line that says who must act', async () => {
    const { handler, lines } = handlerOf(async ({ scrubber }) => {
      scrubber.register('s3cr3t-value');
      const said = { message: 'The store said s3cr3t-value', reason: 'GET s3cr3t-value', next: 'holdfast doctor' };
      throw new HoldfastError({ code: 'StoreUnavailable', source: 'remote', retryable: true, ...said });
    });
    await expect(handler('x', lambdaContext())).rejects.toMatchObject({ code: 'StoreUnavailable' });
    expect(errors(lines())).toEqual([
      expect.objectContaining({
        service: 'shop',
        message: 'The store said ***',
        function_request_id: 'request-1',
        failure: {
          code: 'StoreUnavailable',
          source: 'remote',
          retryable: true,
          message: 'The store said ***',
          reason: 'GET ***',
          next: 'holdfast doctor',
        },
      }),
    ]);
    expect(errors(lines())[0]).not.toHaveProperty('stack');
  });

  it('of our own making says where it was made', async () => {
    const { handler, lines } = handlerOf(async () => {
      throw new TypeError('x is not a function');
    });
    await expect(handler('x', lambdaContext())).rejects.toThrow(TypeError);
    const [line] = errors(lines());
    expect(line).toMatchObject({ message: 'x is not a function', failure: { code: 'Internal', source: 'system' } });
    expect(line?.['stack']).toContain('chain.test.ts');
  });

  it('about the event comes before the work', async () => {
    let worked = false;
    const { handler, lines } = handlerOf(async () => {
      worked = true;
    });
    await expect(handler({ not: 'a text' }, lambdaContext())).rejects.toMatchObject({ code: 'EventMalformed' });
    expect(worked).toBe(false);
    expect(errors(lines())).toHaveLength(1);
  });
});

describe('metrics', () => {
  const counting = (fails: boolean) =>
    handlerOf(async ({ metrics }) => {
      metrics.addMetric('Things', MetricUnit.Count, 1);
      if (fails) throw new HoldfastError({ code: 'X', source: 'system', message: 'x' });
    });
  const things = (lines: readonly { readonly [key: string]: unknown }[]) =>
    lines.filter((line) => line['Things'] !== undefined);

  it('are written after the work, once', async () => {
    const { handler, lines } = counting(false);
    await handler('x', lambdaContext());
    await handler('x', lambdaContext());
    expect(things(lines())).toHaveLength(2);
    expect(things(lines())[0]).toMatchObject({ service: 'shop', Things: 1 });
  });

  it('are written after an error too', async () => {
    const { handler, lines } = counting(true);
    await expect(handler('x', lambdaContext())).rejects.toMatchObject({ code: 'X' });
    expect(things(lines())).toHaveLength(1);
  });

  it('are nothing when there are none', async () => {
    const { handler, lines } = handlerOf(async () => 'fine');
    expect(await handler('x', lambdaContext())).toBe('fine');
    expect(lines()).toEqual([]);
  });
});

it('the id of a request is in its lines, and not in those of the next', async () => {
  const { handler, lines } = handlerOf(async ({ logger, emit }, event) => {
    logger.appendKeys({ [event]: true });
    emit({ event: 'synced', message: `did ${event}`, app: 'root/shop', at: 0 });
  });
  await handler('one', lambdaContext({ awsRequestId: 'request-1' }));
  await handler('two', lambdaContext({ awsRequestId: 'request-2' }));
  const [one, two] = lines();
  expect(one).toMatchObject({ message: 'did one', function_request_id: 'request-1', one: true, app: 'root/shop' });
  expect(two).toMatchObject({ message: 'did two', function_request_id: 'request-2', two: true });
  expect(two).not.toHaveProperty('one');
});
