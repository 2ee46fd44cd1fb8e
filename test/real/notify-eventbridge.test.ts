// Events onto a bus: a rule and a queue see what arrives.
import {
  CreateEventBusCommand,
  EventBridgeClient,
  type PutEventsCommandOutput,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventBridgeNotifier } from '../../lib/adapters/notify/eventbridge.ts';
import type { OutboxEvent } from '../../lib/core/reconcile/state.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';
import { eventually } from '../support/eventually.ts';

let aws: Ministack;

beforeAll(async () => {
  aws = await startMinistack();
}, 120_000);

afterAll(() => aws.close());

const event = (id: string, detail: object = {}): OutboxEvent => ({
  id,
  type: 'Holdfast Drift Report',
  app: 'shop',
  at: 1_700_000_000_000,
  detail: { schemaVersion: 1, app: 'shop', ...detail },
});

interface Arrived {
  readonly 'detail-type': string;
  readonly source: string;
  readonly time: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** A bus with one rule that puts all of ours into a queue, and a client that counts its requests. */
async function newBus(name: string) {
  const [client, sqs] = [new EventBridgeClient(aws.clientConfig()), new SQSClient(aws.clientConfig())];
  await client.send(new CreateEventBusCommand({ Name: name }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const EventPattern = JSON.stringify({ source: ['holdfast'] });
  await client.send(new PutRuleCommand({ Name: 'all', EventBusName: name, EventPattern }));
  const Arn = `arn:aws:sqs:${aws.region}:${aws.accountId}:${name}`;
  await client.send(new PutTargetsCommand({ Rule: 'all', EventBusName: name, Targets: [{ Id: 'queue', Arn }] }));
  let requests = 0;
  client.middlewareStack.add(
    (next) => async (args) => {
      requests += 1;
      return await next(args);
    },
    { step: 'initialize' },
  );
  const arrived: Arrived[] = [];
  /** Waits until so many have arrived. */
  const arrivals = async (count: number): Promise<readonly Arrived[]> =>
    await eventually(async () => {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      arrived.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as Arrived));
      return arrived.length >= count ? arrived : undefined;
    });
  return { client, arrivals, requests: () => requests };
}

it('sends events as rules see them', async () => {
  const { client, arrivals } = await newBus('plain');
  await eventBridgeNotifier({ client, bus: 'plain' }).send([event('drift-1', { items: [{ subject: 'ä' }] })]);
  expect(await arrivals(1)).toMatchObject([
    {
      source: 'holdfast',
      'detail-type': 'Holdfast Drift Report',
      detail: { schemaVersion: 1, id: 'drift-1', app: 'shop', items: [{ subject: 'ä' }] },
    },
  ]);
});

it('sends by tens, and fewer where they are large; nothing for nothing', async () => {
  const { client, arrivals, requests } = await newBus('many');
  const notifier = eventBridgeNotifier({ client, bus: 'many' });
  await notifier.send([]);
  expect(requests()).toBe(0);
  await notifier.send(Array.from({ length: 23 }, (_, i) => event(`small-${i}`)));
  expect(requests()).toBe(3);
  await notifier.send([1, 2, 3].map((n) => event(`large-${n}`, { message: 'x'.repeat(120_000) })));
  expect(requests()).toBe(5);
  const ids = (await arrivals(26)).map(({ detail }) => detail['id']);
  expect(new Set(ids).size).toBe(26);
});

it('cuts what is too large for one event to its plain members', async () => {
  const { client, arrivals } = await newBus('cut');
  const items = Array.from({ length: 5_000 }, (_, i) => ({
    subject: `Deployment/prod/web-${i}`,
    text: 'ä'.repeat(50),
  }));
  const message = 'x'.repeat(300_000);
  await eventBridgeNotifier({ client, bus: 'cut' }).send([event('drift-1', { items, selfHeal: true, message })]);
  const [{ detail } = { detail: {} }] = await arrivals(1);
  expect(detail).toEqual({
    id: 'drift-1',
    schemaVersion: 1,
    app: 'shop',
    itemsCount: 5_000,
    selfHeal: true,
    message: 'x'.repeat(1_000),
    truncated: true,
  });
});

it('fails when one of them is not accepted, and says whether to try again', async () => {
  const answering = (code: string): EventBridgeClient => {
    const client = new EventBridgeClient(aws.clientConfig());
    client.middlewareStack.add(
      (next) => async (args) => {
        const done = await next(args);
        const output = done.output as PutEventsCommandOutput;
        const refusal = { ErrorCode: code, ErrorMessage: 'said so' };
        Object.assign(output, { FailedEntryCount: 1, Entries: [output.Entries?.[0], refusal] });
        return done;
      },
      { step: 'deserialize', priority: 'high' },
    );
    return client;
  };
  const two = [event('a'), event('b')];
  await expect(eventBridgeNotifier({ client: answering('ThrottlingException'), bus: 'default' }).send(two))
    .rejects //
    .toMatchObject({ code: 'EventsUnavailable', retryable: true, reason: expect.stringContaining('1 of 2') });
  await expect(eventBridgeNotifier({ client: answering('AccessDenied'), bus: 'default' }).send(two))
    .rejects //
    .toMatchObject({ code: 'EventsRefused', retryable: false, source: 'user' });
});

it('fails when nothing answers', async () => {
  const config = { ...aws.clientConfig(), endpoint: 'https://127.0.0.1:1', maxAttempts: 1 };
  const notifier = eventBridgeNotifier({ client: new EventBridgeClient(config), bus: 'b' });
  await expect(notifier.send([event('a')])).rejects.toMatchObject({ code: 'EventsUnavailable', retryable: true });
});
