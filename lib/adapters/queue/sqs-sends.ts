// Sends of one turn of the event loop as few requests: a push that concerns 200 applications rings 200 doorbells with 20 calls.
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { HoldfastError } from '../../core/errors.ts';
import type { QueueName } from '../../core/reconcile/store.ts';
import { asking, queueUrl, seconds, unavailable } from './sqs-calls.ts';

interface Pending {
  readonly body: string;
  readonly delay: number;
  readonly sent: () => void;
  readonly failed: (error: unknown) => void;
}

/** Limits of one request: messages, and bytes of all of them. */
const maxMessages = 10;
const maxBytes = 256 * 1024;

/** Each caller hears of its own message only. */
export function batchedSends(client: SQSClient, urls: Readonly<Record<QueueName, string>>) {
  const waiting = new Map<QueueName, Pending[]>();
  const flush = (queue: QueueName): void => {
    const pending = waiting.get(queue) ?? [];
    waiting.delete(queue);
    for (const batch of batches(pending)) void sendBatch(client, urls, { queue, batch });
  };
  return async (queue: QueueName, body: string, delayMs = 0): Promise<void> => {
    await new Promise<void>((sent, failed) => {
      const one = { body, delay: seconds(delayMs), sent, failed };
      const others = waiting.get(queue);
      if (others !== undefined) return void others.push(one);
      waiting.set(queue, [one]);
      setImmediate(() => flush(queue));
    });
  };
}

function batches(pending: readonly Pending[]): readonly (readonly Pending[])[] {
  const made: Pending[][] = [];
  let bytes = 0;
  for (const one of pending) {
    const size = Buffer.byteLength(one.body);
    const last = made.at(-1);
    if (last === undefined || last.length === maxMessages || bytes + size > maxBytes) {
      made.push([one]);
      bytes = size;
    } else {
      last.push(one);
      bytes += size;
    }
  }
  return made;
}

/** Never rejects: the answer goes to each caller. */
async function sendBatch(
  client: SQSClient,
  urls: Readonly<Record<QueueName, string>>,
  { queue, batch }: { readonly queue: QueueName; readonly batch: readonly Pending[] },
): Promise<void> {
  try {
    const { Successful = [], Failed = [] } = await asking('sqs:SendMessage', queue, async () =>
      client.send(
        new SendMessageBatchCommand({
          QueueUrl: queueUrl(urls, queue),
          Entries: batch.map(({ body, delay }, at) => ({ Id: String(at), MessageBody: body, DelaySeconds: delay })),
        }),
      ),
    );
    const taken = new Set(Successful.map(({ Id }) => Id));
    for (const [at, one] of batch.entries()) {
      if (taken.has(String(at))) one.sent();
      else
        one.failed(
          notTaken(
            queue,
            Failed.find(({ Id }) => Id === String(at)),
          ),
        );
    }
  } catch (error) {
    for (const one of batch) one.failed(error);
  }
}

interface Refusal {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

function notTaken(queue: QueueName, refusal: Refusal | undefined): HoldfastError {
  const reason = `sqs:SendMessage: ${refusal?.Code ?? 'no answer'} ${(refusal?.Message ?? '').slice(0, 400)}`.trim();
  if (refusal?.SenderFault !== true) return unavailable(queue, reason);
  return new HoldfastError({
    code: 'QueueRefused',
    source: 'system',
    message: `The ${queue} queue refused a message`,
    object: queue,
    reason,
  });
}
