// What all calls of SQS share: its units, and its faults as errors of the queue.
import { HoldfastError } from '../../core/errors.ts';
import type { DeadLetter, QueueName } from '../../core/reconcile/store.ts';
import { faultOf } from '../aws/service-faults.ts';
import { boundedDelay } from './rules.ts';

/** Whole seconds, rounded up, within what SQS takes. */
export function seconds(ms: number): number {
  return Math.ceil(boundedDelay(ms) / 1000);
}

/** The URL of a queue. Throws `QueueMissing` in a function that was not given it. */
export function queueUrl(urls: Readonly<Record<QueueName, string>> | undefined, queue: QueueName): string {
  const url = urls?.[queue] ?? '';
  if (url !== '') return url;
  throw new HoldfastError({
    code: 'QueueMissing',
    source: 'system',
    message: `This function has nothing to do with the ${queue} queue, or its dead letters`,
    object: queue,
  });
}

const gone =
  /^(?:ReceiptHandleIsInvalid|MessageNotInflight|InvalidParameterValue|InvalidIdFormat)|ReceiptHandleIsInvalid$/;

/** Whether SQS says that a receipt is no longer good. */
export function isGone(error: unknown): boolean {
  const cause = error instanceof HoldfastError ? error.cause : error;
  const name = cause instanceof Error ? cause.name : '';
  return gone.test(name.replace(/^AWS\.SimpleQueueService\./, ''));
}

/** Runs a call and names its failure. */
export async function asking<T>(call: string, queue: DeadLetter['queue'], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw queueError(error, call, queue);
  }
}

/** A failed call as an error of the queue. */
export function queueError(cause: unknown, call: string, queue: DeadLetter['queue']): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const { kind, reason } = faultOf(cause, call);
  const base = { object: queue, reason, cause };
  if (kind === 'unavailable') return unavailable(queue, reason, cause);
  if (kind === 'forbidden')
    return new HoldfastError({
      ...base,
      code: 'QueueForbidden',
      source: 'user',
      message: `These rights do not allow ${call} on the ${queue} queue`,
      next: 'Deploy the stack again: npx cdk deploy',
    });
  return new HoldfastError({
    ...base,
    code: 'QueueRefused',
    source: 'system',
    message: kind === 'missing' ? `The ${queue} queue is gone` : `The ${queue} queue refused a request`,
    next: 'Deploy the stack again: npx cdk deploy',
  });
}

/** SQS does not answer, or answered for some messages only. */
export function unavailable(queue: DeadLetter['queue'], reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'QueueUnavailable',
    source: 'remote',
    message: `The ${queue} queue does not answer`,
    object: queue,
    reason,
    retryable: true,
    cause,
  });
}
