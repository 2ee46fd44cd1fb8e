// Messages of a queue, each on its own: one that fails is handed back alone, and comes again or is dead-lettered.
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { HoldfastError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import type { RowKey } from '../../core/reconcile/store.ts';
import { wasGivenBack } from '../give-back.ts';
import { type Bench, logFailure } from './chain.ts';
import { variables } from './env.ts';

/** Left of the function's time for giving rows back when the work is stopped, milliseconds. */
const marginMs = 15_000;

/** Reads an event of a queue. Throws `EventMalformed`. */
export function readQueueEvent(event: unknown): SQSEvent {
  const records = isObject(event) ? event['Records'] : undefined;
  const fine = Array.isArray(records) && records.every((one) => isObject(one) && typeof one['body'] === 'string');
  if (fine) return event as SQSEvent;
  throw malformed('it holds no messages of a queue');
}

/** What a function refuses: an event that is not of the kind that it is invoked with. */
export function malformed(reason: string): HoldfastError {
  return new HoldfastError({
    code: 'EventMalformed',
    source: 'remote',
    message: `The event cannot be used: ${reason}`,
  });
}

/** The row that a message rings for. Throws `EventMalformed`, so that what cannot be read ends among the dead letters. */
export function rowKey(body: string, kinds: readonly ('app' | 'repo' | 'target')[]): RowKey {
  const kind = kinds.find((one) => body.startsWith(`${one}/`));
  if (kind !== undefined && /^[a-z]+\/[^\s]{1,200}$/.test(body)) return body;
  throw malformed(`${JSON.stringify(body.slice(0, 60))} is not the key of a row`);
}

/** Aborted when the function's time is nearly over. */
export function slice(context: Pick<Context, 'getRemainingTimeInMillis'>): AbortSignal {
  return AbortSignal.timeout(Math.max(1_000, context.getRemainingTimeInMillis() - marginMs));
}

/**
 * Works on every message. Only a store that does not answer and a message that cannot be read are failures of a message.
 * Losing a lease is none, because whoever has it does the work; nor is an error after which the row was given back: it is due
 * again, at longer and longer intervals, and a message that came again would only add to it.
 */
export async function eachMessage(
  event: SQSEvent,
  bench: Pick<Bench, 'logger' | 'scrubber' | 'metrics'>,
  work: (body: string) => Promise<void>,
): Promise<SQSBatchResponse> {
  const answers = await Promise.all(
    event.Records.map(async ({ messageId, body }) => {
      try {
        await work(body);
        return [];
      } catch (error) {
        if (error instanceof HoldfastError && error.code === 'LeaseLost') return [];
        logFailure(bench, error, { messageId, body: body.slice(0, 200) });
        if (!isKept(error)) return [{ itemIdentifier: messageId }];
        // Two installations of one account must not count for each other.
        bench.metrics.addDimension('installation', process.env[variables.installation] ?? '');
        bench.metrics.addMetric('WorkFailed', MetricUnit.Count, 1);
        return [];
      }
    }),
  );
  return { batchItemFailures: answers.flat() };
}

/** Whether nothing is lost with the message: its row was given back, or is one that only a newer version may touch. */
function isKept(error: unknown): boolean {
  const code = error instanceof HoldfastError ? error.code : undefined;
  return code === 'StateTooNew' || (wasGivenBack(error) && code !== 'StoreUnavailable');
}
