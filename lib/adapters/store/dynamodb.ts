// The store in one DynamoDB table, with a blob store for what is too large for an item. See docs/adr/dynamodb-table.md.
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Blobs, Store } from '../../core/reconcile/store.ts';
import { documents } from './dynamodb/attributes.ts';
import { tableCalls } from './dynamodb/calls.ts';
import type { StoreClock } from './dynamodb/clock.ts';
import { leaseCalls } from './dynamodb/leases.ts';
import { namedCalls } from './dynamodb/named.ts';
import { rowCalls, rowItems } from './dynamodb/rows.ts';
import { runCalls } from './dynamodb/runs.ts';

export interface DynamoStoreOptions {
  /** Its own: `close` destroys it. */
  readonly client: DynamoDBClient;
  /** Name of a table as `tableDefinition` says. */
  readonly table: string;
  /** Where members go that are too large for an item, under `overflow/`. */
  readonly blobs: Blobs;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Default: what the `Date` headers of the answers say. */
  readonly clock?: StoreClock;
}

/** The store of an installation on AWS. Nothing is asked of the table before the first call. */
export function dynamoStore(options: DynamoStoreOptions): Store {
  const calls = tableCalls(options);
  const docs = documents(options.blobs, calls.revision);
  const items = rowItems(calls, docs);
  const parts = { calls, docs, items };
  return {
    ...rowCalls(calls, items),
    ...leaseCalls(parts),
    ...runCalls(parts),
    ...namedCalls(parts),
    close: async () => options.client.destroy(),
  };
}
