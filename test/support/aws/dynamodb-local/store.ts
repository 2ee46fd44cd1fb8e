// A store on an empty table of DynamoDB Local, with what a test wants to see of it.
import { type DynamoDBClient, GetItemCommand, PutItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { onTestFinished } from 'vitest';
import { memoryBlobs } from '../../../../lib/adapters/blob/memory.ts';
import { dynamoStore, type DynamoStoreOptions } from '../../../../lib/adapters/store/dynamodb.ts';
import type { Blobs, Store } from '../../../../lib/core/reconcile/store.ts';
import { localClient, makeTable } from './table.ts';

export interface StoreBench {
  readonly store: Store;
  readonly blobs: Blobs;
  readonly table: string;
  /** Goes around the store. */
  readonly client: DynamoDBClient;
  /** The store's requests since the last call, as `PutItem`. */
  readonly requests: () => readonly string[];
  /** Another store on the same table. */
  readonly open: (
    options?: Partial<DynamoStoreOptions> & { readonly endpoint?: string; readonly attempts?: number },
  ) => Store;
  readonly item: (pk: string, sk: string) => Promise<Record<string, AttributeValue> | undefined>;
  readonly put: (item: Record<string, AttributeValue>) => Promise<void>;
}

/** Everything is closed when the test ends. */
export async function storeBench(endpoint: string): Promise<StoreBench> {
  const client = localClient(endpoint);
  onTestFinished(() => client.destroy());
  const table = await makeTable(client);
  const blobs = memoryBlobs();
  let seen: string[] = [];
  const open: StoreBench['open'] = ({ endpoint: other = endpoint, attempts = 3, ...options } = {}) => {
    const own = localClient(other, attempts);
    onTestFinished(() => own.destroy());
    own.middlewareStack.add(
      (next, context) => async (args) => {
        seen.push(String(context['commandName']).replace('Command', ''));
        return await next(args);
      },
      { step: 'initialize' },
    );
    return dynamoStore({
      client: own,
      table,
      blobs,
      monotonic: () => performance.now(),
      random: Math.random,
      ...options,
    });
  };
  return {
    store: open(),
    blobs,
    table,
    client,
    requests: () => {
      const since = seen;
      seen = [];
      return since;
    },
    open,
    item: async (pk, sk) =>
      (await client.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } }))).Item,
    put: async (item) => {
      await client.send(new PutItemCommand({ TableName: table, Item: item }));
    },
  };
}
