// Dead letters in SQS: a queue cannot be read without hiding what is read, so each look gives back what it took.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message as SqsMessage,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetter, QueueName } from '../../core/reconcile/store.ts';
import { MAX_ATTEMPTS, NEVER_FINISHED } from './rules.ts';
import { asking, isGone, queueUrl } from './sqs-calls.ts';

export interface LettersOptions {
  readonly client: SQSClient;
  readonly urls: Readonly<Record<QueueName, string>>;
  readonly deadLetterUrls: Readonly<Record<QueueName, string>> | undefined;
}

const queues: readonly QueueName[] = ['source', 'reconcile'];
/** A look ends after this many letters of one queue: there is no way to ask for the newest. */
const mostRead = 1_000;
/** Longer than a look takes. When its process dies, the letters are seen again after this time. */
const lookSeconds = 30;
const readAtOnce = 10;

/**
 * Two looks at the same moment see a part each. What SQS itself gave up on has no reason with it, and stands with the time when it
 * was sent; what was buried, with the time when it was buried.
 */
export function sqsDeadLetters(options: LettersOptions) {
  return {
    list: async (limit: number): Promise<readonly DeadLetter[]> => {
      const all = await Promise.all(
        queues.map(async (queue) =>
          (await look(deadLettersOf(options, queue))).map((message) => letterOf(queue, message)),
        ),
      );
      return all
        .flat()
        .sort((a, b) => b.at - a.at)
        .slice(0, limit);
    },
    redrive: async (id: string): Promise<boolean> => {
      for (const queue of queues) {
        const found = await find(deadLettersOf(options, queue), id);
        if (found !== undefined) {
          await sendAgain(options, queue, found);
          return true;
        }
      }
      return false;
    },
  };
}

function letterOf(queue: QueueName, message: SqsMessage): DeadLetter {
  const { MessageId = '', Body = '', Attributes, MessageAttributes } = message;
  return {
    id: MessageId,
    queue,
    body: Body,
    reason: MessageAttributes?.['reason']?.StringValue ?? NEVER_FINISHED,
    at: Number(Attributes?.SentTimestamp ?? 0),
    attempts: Number(MessageAttributes?.['attempts']?.StringValue ?? MAX_ATTEMPTS),
  };
}

function deadLettersOf({ client, deadLetterUrls }: LettersOptions, queue: QueueName): LetterQueue {
  return { client, queue, url: queueUrl(deadLetterUrls, queue), attributes: ['reason', 'attempts'] };
}

/** A queue of dead letters, and which attributes of its messages matter. */
export interface LetterQueue {
  readonly client: SQSClient;
  readonly url: string;
  readonly queue: DeadLetter['queue'];
  readonly attributes: string[];
}

/** Reads the whole queue and makes all of it visible again; with `wanted`, up to that one, which alone stays hidden. */
export async function look(
  letters: LetterQueue,
  wanted: (message: SqsMessage) => boolean = () => false,
): Promise<readonly SqsMessage[]> {
  const read = new Map<string, SqsMessage>();
  let found: SqsMessage | undefined;
  try {
    while (found === undefined && read.size < mostRead) {
      const page = await receive(letters);
      found = page.find(wanted);
      for (const message of page) if (message !== found) read.set(message.MessageId ?? '', message);
      if (page.length === 0) break;
    }
  } finally {
    await giveBack(letters, [...read.values()]);
  }
  return found === undefined ? [...read.values()] : [found];
}

/** The letter with that id, hidden for a while; undefined when there is none. */
export async function find(letters: LetterQueue, id: string): Promise<SqsMessage | undefined> {
  const [found] = await look(letters, ({ MessageId }) => MessageId === id);
  return found?.MessageId === id ? found : undefined;
}

/** Removes a letter that was found. */
export async function removeLetter({ client, url, queue }: LetterQueue, { ReceiptHandle }: SqsMessage): Promise<void> {
  await asking('sqs:DeleteMessage', queue, async () =>
    client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle })),
  );
}

async function receive({ client, url, queue, attributes }: LetterQueue): Promise<readonly SqsMessage[]> {
  const { Messages = [] } = await asking('sqs:ReceiveMessage', queue, async () =>
    client.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: readAtOnce,
        VisibilityTimeout: lookSeconds,
        MessageSystemAttributeNames: ['SentTimestamp'],
        MessageAttributeNames: attributes,
      }),
    ),
  );
  return Messages;
}

async function giveBack({ client, url, queue }: LetterQueue, messages: readonly SqsMessage[]): Promise<void> {
  for (let at = 0; at < messages.length; at += readAtOnce)
    await Promise.all(
      messages.slice(at, at + readAtOnce).map(async ({ ReceiptHandle }) => {
        const command = new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 });
        await asking('sqs:ChangeMessageVisibility', queue, async () => client.send(command)).catch((error: unknown) => {
          if (!isGone(error)) throw error;
        });
      }),
    );
}

/** First there, then gone here: a crash between the two doubles the message, which is harmless, and never loses it. */
async function sendAgain(options: LettersOptions, queue: QueueName, letter: SqsMessage): Promise<void> {
  const { client, urls } = options;
  await asking('sqs:SendMessage', queue, async () =>
    client.send(new SendMessageCommand({ QueueUrl: queueUrl(urls, queue), MessageBody: letter.Body })),
  );
  await removeLetter(deadLettersOf(options, queue), letter);
}
