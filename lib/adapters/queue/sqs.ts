// The queues as standard queues of SQS.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Message, Queue, QueueName } from '../../core/reconcile/store.ts';
import { MAX_ATTEMPTS, NEVER_FINISHED } from './rules.ts';
import { asking, isGone, queueUrl, seconds } from './sqs-calls.ts';
import { sqsDeadLetters } from './sqs-letters.ts';
import { batchedSends } from './sqs-sends.ts';

export interface SqsQueueOptions {
  readonly client: SQSClient;
  /** URLs of the queues. They must have the dead letter queue as their redrive target, after 5 receives. */
  readonly urls: Readonly<Record<QueueName, string>>;
  /** URLs of the dead letter queues; without them nothing can be buried, listed or sent again. */
  readonly deadLetterUrls?: Readonly<Record<QueueName, string>>;
}

/** SQS hands out this many at once. */
const maxReceived = 10;
/** Time for burying one message, seconds. */
const buryingSeconds = 30;

/**
 * Sends of one turn of the event loop go out together. Times are whole seconds here, rounded up, and at most 15 minutes.
 * Short polling asks some of the servers only: an empty answer does not say that there is nothing.
 * Throws `QueueUnavailable` (again), `QueueForbidden`, `QueueRefused`, `QueueMissing`.
 */
export function sqsQueue({ client, urls, deadLetterUrls }: SqsQueueOptions): Queue {
  const send = batchedSends(client, urls);
  const letters = sqsDeadLetters({ client, urls, deadLetterUrls });
  const bury = async (message: Message, reason: string): Promise<void> =>
    await buried({ client, urls, deadLetterUrls }, message, reason);
  return {
    send,
    receive: async (queue, max, visibilityMs) => {
      const received: Message[] = [];
      while (received.length < max) {
        const more = await receive({ client, urls }, queue, { max: max - received.length, visibilityMs });
        received.push(...more);
        if (more.length === 0) break;
      }
      return received;
    },
    ack: async (message) => await remove({ client, urls }, message),
    retry: async (message, reason, delayMs) => {
      if (message.attempts >= MAX_ATTEMPTS && deadLetterUrls !== undefined) return await bury(message, reason);
      await hide({ client, urls }, message, seconds(delayMs));
    },
    bury,
    deadLetters: letters.list,
    redrive: letters.redrive,
  };
}

type Queues = Pick<SqsQueueOptions, 'client' | 'urls'>;

async function receive(
  { client, urls }: Queues,
  queue: QueueName,
  { max, visibilityMs }: { readonly max: number; readonly visibilityMs: number },
): Promise<readonly Message[]> {
  const { Messages = [] } = await asking('sqs:ReceiveMessage', queue, async () =>
    client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl(urls, queue),
        MaxNumberOfMessages: Math.min(max, maxReceived),
        VisibilityTimeout: seconds(visibilityMs),
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    ),
  );
  return Messages.map(({ MessageId = '', Body = '', ReceiptHandle = '', Attributes }) => ({
    id: MessageId,
    queue,
    body: Body,
    attempts: Number(Attributes?.ApproximateReceiveCount ?? 1),
    receipt: ReceiptHandle,
  }));
}

/** Nothing happens when the receipt is no longer good: another worker has the message, or it is gone. */
async function remove({ client, urls }: Queues, { queue, receipt }: Message): Promise<void> {
  const command = new DeleteMessageCommand({ QueueUrl: queueUrl(urls, queue), ReceiptHandle: receipt });
  await asking('sqs:DeleteMessage', queue, async () => client.send(command)).catch((error: unknown) => {
    if (!isGone(error)) throw error;
  });
}

/** False when the receipt is no longer good. */
async function hide({ client, urls }: Queues, message: Message, visibility: number): Promise<boolean> {
  const { queue, receipt } = message;
  const command = new ChangeMessageVisibilityCommand({
    QueueUrl: queueUrl(urls, queue),
    ReceiptHandle: receipt,
    VisibilityTimeout: visibility,
  });
  try {
    await asking('sqs:ChangeMessageVisibility', queue, async () => client.send(command));
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

/** Hidden first: that tells whether the message is still ours, and keeps it from others between the letter and its end. */
async function buried(options: SqsQueueOptions, message: Message, reason: string): Promise<void> {
  const { client, deadLetterUrls } = options;
  if (!(await hide(options, message, buryingSeconds))) return;
  await asking('sqs:SendMessage', message.queue, async () =>
    client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl(deadLetterUrls, message.queue),
        MessageBody: message.body,
        MessageAttributes: {
          reason: { DataType: 'String', StringValue: attributeText(reason) },
          attempts: { DataType: 'Number', StringValue: String(message.attempts) },
        },
      }),
    ),
  );
  await remove(options, message);
}

/** What SQS takes as a text: not empty, and without control characters. */
function attributeText(reason: string): string {
  const text = reason.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, ' ').slice(0, 1_000);
  return text.trim() === '' ? NEVER_FINISHED : text;
}
