// The queue contract on SQS, in real time, and what only SQS does: batches, rights, dead letters that it makes itself.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  PurgeQueueCommand,
  SendMessageCommand,
  type SendMessageBatchCommandOutput,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqsFailedEvents } from '../../lib/adapters/queue/sqs-events.ts';
import { sqsQueue } from '../../lib/adapters/queue/sqs.ts';
import type { Queue } from '../../lib/core/reconcile/store.ts';
import { queueContract } from '../contract/queue.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';

let aws: Ministack;
let client: SQSClient;

beforeAll(async () => {
  aws = await startMinistack();
  client = new SQSClient(aws.clientConfig());
}, 120_000);

afterAll(async () => {
  client.destroy();
  await aws.close();
});

interface Urls {
  readonly urls: { readonly source: string; readonly reconcile: string };
  readonly deadLetterUrls: { readonly source: string; readonly reconcile: string };
}

/** Queues as the stack makes them: what was received five times goes to the dead letters. */
async function newQueues(): Promise<Urls> {
  const made = await Promise.all(['source', 'reconcile'].map(async (name) => await newPair(name)));
  const [source, reconcile] = made as [Pair, Pair];
  return {
    urls: { source: source.url, reconcile: reconcile.url },
    deadLetterUrls: { source: source.dead, reconcile: reconcile.dead },
  };
}

interface Pair {
  readonly url: string;
  readonly dead: string;
}

async function newPair(name: string): Promise<Pair> {
  const base = `${name}-${randomUUID()}`;
  const dead = await newQueue(`${base}-dead`, {});
  const deadLetterTargetArn = `arn:aws:sqs:${aws.region}:${aws.accountId}:${base}-dead`;
  return {
    url: await newQueue(base, { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 5 }) }),
    dead,
  };
}

async function newQueue(name: string, attributes: Record<string, string>): Promise<string> {
  const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  return QueueUrl ?? '';
}

/** Counts requests by the name of their command. */
function counted(): { readonly client: SQSClient; readonly calls: () => Readonly<Record<string, number>> } {
  const watched = new SQSClient(aws.clientConfig());
  const calls: Record<string, number> = {};
  watched.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        calls[commandName] = (calls[commandName] ?? 0) + 1;
        return await next(args);
      },
    { step: 'initialize' },
  );
  return { client: watched, calls: () => calls };
}

// SQS counts whole seconds.
queueContract('sqs', async () => sqsQueue({ client, ...(await newQueues()) }), {
  visibleMs: 1_000,
  delayMs: 2_000,
  exact: false,
  pass: async (_clock, ms) => await pause(ms + 100),
});

describe('sqs: sends', () => {
  it('go out by tens when they are made in one turn', async () => {
    const { client: watched, calls } = counted();
    const queue = sqsQueue({ client: watched, ...(await newQueues()) });
    const bodies = Array.from({ length: 25 }, (_, i) => `app/main/${i}`);
    await Promise.all([...bodies.map((body) => queue.send('reconcile', body)), queue.send('source', 'repo/root')]);
    expect(calls()).toEqual({ SendMessageBatchCommand: 4 });
    const received = await queue.receive('reconcile', 100, 30_000);
    expect(received.map(({ body }) => body).toSorted()).toEqual(bodies.toSorted());
  });

  it('are split where they are too large together', async () => {
    const { client: watched, calls } = counted();
    const queue = sqsQueue({ client: watched, ...(await newQueues()) });
    await Promise.all([1, 2, 3].map((n) => queue.send('source', String(n).repeat(120_000))));
    expect(calls()).toEqual({ SendMessageBatchCommand: 2 });
  });

  it('are held back for 15 minutes when asked for longer', async () => {
    const { urls } = await newQueues();
    await sqsQueue({ client, urls }).send('source', 'repo/root', 86_400_000);
    const asked = new GetQueueAttributesCommand({ QueueUrl: urls.source, AttributeNames: ['All'] });
    const { Attributes } = await client.send(asked);
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesDelayed: '1' });
  });

  it('fail for the one whose message was not taken', async () => {
    const partly = new SQSClient(aws.clientConfig());
    partly.middlewareStack.add(
      (next) => async (args) => {
        const done = await next(args);
        const output = done.output as SendMessageBatchCommandOutput;
        const [lost, ...rest] = output.Successful ?? [];
        const failed = { Id: lost?.Id, Code: 'InternalError', SenderFault: false };
        Object.assign(output, { Successful: rest, Failed: [failed] });
        return done;
      },
      { step: 'deserialize', priority: 'high' },
    );
    const queue = sqsQueue({ client: partly, ...(await newQueues()) });
    const sends = await Promise.allSettled(['a', 'b', 'c'].map((body) => queue.send('source', body)));
    expect(sends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(sends[0]).toMatchObject({ reason: { code: 'QueueUnavailable', retryable: true } });
  });

  it('fail with a name: no rights, no queue, no answer, not given', async () => {
    const { urls } = await newQueues();
    const stranger = sqsQueue({ client: await clientWithoutRights(), urls });
    await expect(stranger.send('source', 'a')).rejects.toMatchObject({ code: 'QueueForbidden', retryable: false });
    await expect(stranger.receive('source', 1, 1_000)).rejects.toMatchObject({ code: 'QueueForbidden' });
    const gone = sqsQueue({ client, urls: { ...urls, source: `${urls.source}-other` } });
    await expect(gone.send('source', 'a')).rejects.toMatchObject({ code: 'QueueRefused' });
    const config = {
      ...aws.clientConfig(),
      endpoint: 'https://127.0.0.1:1',
      maxAttempts: 1,
      useQueueUrlAsEndpoint: false,
    };
    const silent = sqsQueue({ client: new SQSClient(config), urls });
    await expect(silent.send('source', 'a')).rejects.toMatchObject({ code: 'QueueUnavailable', retryable: true });
    const apart = sqsQueue({ client, urls: { ...urls, reconcile: '' } });
    await expect(apart.send('reconcile', 'a')).rejects.toMatchObject({ code: 'QueueMissing' });
    await expect(apart.deadLetters(1)).rejects.toMatchObject({ code: 'QueueMissing' });
  });
});

describe('sqs: dead letters', () => {
  it('are read without being lost, also many, and again at once', async () => {
    const queue = await withLetters(35);
    for (let look = 0; look < 3; look += 1) expect(await queue.deadLetters(100)).toHaveLength(35);
    expect(await queue.deadLetters(3)).toHaveLength(3);
  });

  it('are found among many to be sent again', async () => {
    const queue = await withLetters(25);
    const letters = await queue.deadLetters(100);
    const last = letters.at(-1);
    expect(await queue.redrive(last?.id ?? '')).toBe(true);
    expect(await queue.deadLetters(100)).toHaveLength(24);
    expect(await queue.receive('source', 10, 1_000)).toMatchObject([{ body: last?.body, attempts: 1 }]);
  });

  it('hold a reason that SQS would refuse', async () => {
    const queues = await newQueues();
    const queue = sqsQueue({ client, ...queues });
    for (const reason of ['', 'a\u0000b\u001B[31m', 'ä'.repeat(300_000)]) {
      await queue.send('source', 'a');
      const [message] = await queue.receive('source', 1, 30_000);
      if (message !== undefined) await queue.bury(message, reason);
    }
    const reasons = (await queue.deadLetters(10)).map(({ reason }) => reason);
    expect(reasons.toSorted()).toEqual([
      'It was handed out 5 times and no worker finished it',
      'a b [31m',
      'ä'.repeat(1_000),
    ]);
    await client.send(new PurgeQueueCommand({ QueueUrl: queues.deadLetterUrls.source }));
  });
});

describe('sqs: events that failed', () => {
  it('are listed with why, and gone when they were done again', async () => {
    const url = await newQueue(`events-${randomUUID()}`, {});
    const failed = sqsFailedEvents({ client, url });
    expect(await failed.list(10)).toEqual([]);
    const event = { source: 'aws.ecr' };
    const attributes = {
      ERROR_CODE: 'SDK_CLIENT_ERROR',
      RETRY_ATTEMPTS: '8',
      TARGET_ARN: 'arn:aws:lambda:x:1:function:image',
    };
    const MessageAttributes = Object.fromEntries(
      Object.entries(attributes).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
    );
    for (const more of [{ MessageAttributes }, {}])
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: JSON.stringify(event), ...more }));
    const letters = await failed.list(10);
    expect(letters).toHaveLength(2);
    expect(await failed.list(1)).toHaveLength(1);
    const letter = letters.find(({ attempts }) => attempts === 9);
    expect(letter).toMatchObject({ queue: 'events', body: JSON.stringify(event), reason: 'image: SDK_CLIENT_ERROR' });
    const id = letter?.id ?? '';
    expect(await failed.redrive(id, async (given) => `again: ${JSON.stringify(given)}`)).toBe(
      'again: {"source":"aws.ecr"}',
    );
    expect(await failed.redrive(id, async () => 'twice')).toBeUndefined();
    expect(await failed.list(10)).toMatchObject([{ reason: 'Nobody said why', attempts: 1 }]);
  });
});

async function withLetters(count: number): Promise<Queue> {
  const queue = sqsQueue({ client, ...(await newQueues()) });
  await Promise.all(Array.from({ length: count }, (_, i) => queue.send('source', `repo/${i}`)));
  const messages = await queue.receive('source', count, 60_000);
  await Promise.all(messages.map((message) => queue.bury(message, 'unreadable')));
  return queue;
}

async function clientWithoutRights(): Promise<SQSClient> {
  const iam = new IAMClient(aws.clientConfig());
  await iam.send(new CreateUserCommand({ UserName: 'stranger' }));
  const statement = { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutUserPolicyCommand({ UserName: 'stranger', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'stranger' }));
  const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  return new SQSClient(aws.clientConfig(keys));
}
