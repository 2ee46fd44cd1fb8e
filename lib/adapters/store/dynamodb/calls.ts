// The requests that the store makes, one function each: bounded in time, listened to for the store's clock, failing with our errors.
import {
  type AttributeValue,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  type QueryCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerClock, serverClock, type StoreClock } from './clock.ts';
import { contended, storeError, timeUnknown } from './errors.ts';

export type Item = Readonly<Record<string, AttributeValue>>;

/** Primary key of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

export interface CallOptions {
  readonly client: DynamoDBClient;
  readonly table: string;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Wall clock in milliseconds, that goes on while the process is frozen; without it the monotonic one is believed to. */
  readonly wall?: () => number;
  /** From 0 to 1, for the jitter of retries and the names of revisions. */
  readonly random: () => number;
  /** Instead of the `Date` header of answers. */
  readonly clock?: StoreClock;
  /**
   * How long one call may take, retries of the SDK included, milliseconds. Default 10 s: much less than the time that a lease is
   * renewed ahead.
   */
  readonly timeoutMs?: number;
}

/** A write whose condition did not hold, with the item as it was. */
export interface Refused {
  readonly kind: 'refused';
  readonly found: Item | undefined;
}
export interface Written {
  readonly kind: 'written';
  /** What `ReturnValues` asked for. */
  readonly returned: Item | undefined;
}
/** A transaction has the item at this moment: nothing is known but that it is worth another try. */
export interface Busy {
  readonly kind: 'busy';
}
/** A transaction of which nothing was written; a part whose condition did not hold has what it found. */
export interface Cancelled {
  readonly kind: 'cancelled';
  readonly parts: readonly (Refused | undefined)[];
}

type Unnamed<T> = Omit<T, 'TableName' | 'ReturnValuesOnConditionCheckFailure'>;
export type Put = Unnamed<PutItemCommandInput>;
export type Update = Unnamed<UpdateItemCommandInput>;
export type Query = Omit<QueryCommandInput, 'TableName' | 'ExclusiveStartKey'>;

const CALL_MS = 10_000;
const TRIES = 12;

export type Calls = ReturnType<typeof tableCalls>;

/** The table behind its client. */
export function tableCalls(options: CallOptions) {
  const { table, client, random } = options;
  const heard = serverClock(options.monotonic, options.wall);
  const send = sender(options, heard);
  const get = async (key: ItemKey, consistent = true): Promise<Item | undefined> => {
    const command = new GetItemCommand({ TableName: table, Key: attributesOf(key), ConsistentRead: consistent });
    return (await send('GetItem', command, (signal) => client.send(command, { abortSignal: signal }))).Item;
  };
  const clock = options.clock ?? {
    now: async () => {
      const known = heard.estimate();
      if (known !== undefined) return known;
      await get({ pk: 'clock', sk: 'clock' }, false);
      const learned = heard.estimate();
      if (learned === undefined) throw timeUnknown(table);
      return learned;
    },
  };
  return {
    table,
    clock,
    get,
    put: async (input: Put): Promise<Written | Refused | Busy> => {
      const command = new PutItemCommand({ ...input, ...allOld, TableName: table });
      const answer = send('PutItem', command, (signal) => client.send(command, { abortSignal: signal }));
      return await orRefused(answer);
    },
    update: async (input: Update): Promise<Written | Refused | Busy> => {
      const command = new UpdateItemCommand({ ...input, ...allOld, TableName: table });
      const answer = send('UpdateItem', command, (signal) => client.send(command, { abortSignal: signal }));
      return await orRefused(answer);
    },
    /** All parts or none, at most 100. */
    transact: async (parts: TransactWriteItem[]): Promise<Written | Cancelled | Busy> => {
      const command = new TransactWriteItemsCommand({ TransactItems: parts });
      try {
        await send('TransactWriteItems', command, (signal) => client.send(command, { abortSignal: signal }));
        return { kind: 'written', returned: undefined };
      } catch (error) {
        if (isConflict(error)) return whyCancelled(error, 'TransactWriteItems', table);
        throw error;
      }
    },
    /** Pages of items, as many as the caller pulls. */
    pages: async function* (input: Query): AsyncGenerator<readonly Item[]> {
      let from: Item | undefined;
      do {
        const start = from === undefined ? {} : { ExclusiveStartKey: { ...from } };
        const command = new QueryCommand({ ...input, ...start, TableName: table });
        const page = await send('Query', command, (signal) => client.send(command, { abortSignal: signal }));
        yield page.Items ?? [];
        from = page.LastEvaluatedKey;
      } while (from !== undefined);
    },
    /** A name that no other write has. */
    revision: (): string =>
      `${Math.floor(random() * 2 ** 52).toString(36)}${Math.floor(random() * 2 ** 20).toString(36)}`,
    /** Calls `work` until it answers; what it meets in between is another writer. */
    contending: async <T>(call: string, key: string, work: () => Promise<T | undefined>): Promise<T> => {
      for (let tries = 0; tries < TRIES; tries += 1) {
        if (tries > 0) await pause(random() * Math.min(1_000, 10 * 2 ** tries));
        const answer = await work();
        if (answer !== undefined) return answer;
      }
      throw contended(call, table, key);
    },
  };
}

/** The item that stood in the way comes with the refusal, which saves a read. */
const allOld = { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;

/** The part of a command that lets us see its raw answer. */
interface Watchable {
  readonly middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<{ readonly response: unknown }>) => (args: never) => Promise<never>,
      options: { readonly step: 'deserialize'; readonly priority: 'low' },
    ): void;
  };
}

function sender({ table, monotonic, timeoutMs = CALL_MS }: CallOptions, heard: ServerClock) {
  return async <Out>(call: string, command: unknown, run: (signal: AbortSignal) => Promise<Out>): Promise<Out> => {
    (command as Watchable).middlewareStack.add(
      (next) => async (args) => {
        const sent = monotonic();
        const answer = await next(args);
        heard.heard(dateOf(answer.response), sent, monotonic());
        return answer as never;
      },
      { step: 'deserialize', priority: 'low' },
    );
    try {
      return await run(AbortSignal.timeout(timeoutMs));
    } catch (error) {
      if (isConflict(error)) throw error;
      throw storeError(error, call, table);
    }
  };
}

function dateOf(response: unknown): string | undefined {
  return (response as { readonly headers?: Readonly<Record<string, string>> } | undefined)?.headers?.['date'];
}

const conflicts = new Set([
  'ConditionalCheckFailedException',
  'TransactionCanceledException',
  'TransactionConflictException',
]);

function isConflict(error: unknown): boolean {
  return conflicts.has((error as { readonly name?: string } | undefined)?.name ?? '');
}

async function orRefused(answer: Promise<{ readonly Attributes?: Item }>): Promise<Written | Refused | Busy> {
  try {
    return { kind: 'written', returned: (await answer).Attributes };
  } catch (error) {
    if (!isConflict(error)) throw error;
    const { name, Item: found } = error as { readonly name: string; readonly Item?: Item };
    return name === 'ConditionalCheckFailedException' ? { kind: 'refused', found } : { kind: 'busy' };
  }
}

interface Reason {
  readonly Code?: string;
  readonly Message?: string;
  readonly Item?: Item;
}

/** Reasons of a part that pass by themselves. */
const passing = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);

function whyCancelled(error: unknown, call: string, table: string): Cancelled | Busy {
  const reasons = (error as { readonly CancellationReasons?: readonly Reason[] }).CancellationReasons ?? [];
  const codes = reasons.map(({ Code = 'None' }) => Code).filter((code) => code !== 'None');
  if (codes.some((code) => code !== 'ConditionalCheckFailed' && !passing.has(code))) {
    const said = reasons.map(({ Message }) => Message ?? '').join(' ');
    throw storeError({ name: codes.join(' '), message: said, $metadata: { httpStatusCode: 400 } }, call, table);
  }
  if (!codes.includes('ConditionalCheckFailed')) return { kind: 'busy' };
  const parts = reasons.map(({ Code, Item: found }): Refused | undefined =>
    Code === 'ConditionalCheckFailed' ? { kind: 'refused', found } : undefined,
  );
  return { kind: 'cancelled', parts };
}

/** A primary key as DynamoDB wants it. */
export function attributesOf({ pk, sk }: ItemKey): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}
