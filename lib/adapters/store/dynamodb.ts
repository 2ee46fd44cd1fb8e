// The store in one DynamoDB table, with a blob store for what is too large for an item. See docs/adr/dynamodb-table.md.
import type { Blobs, Store } from '../../core/reconcile/store.ts';
import { documents } from './dynamodb/attributes.ts';
import { type CallOptions, tableCalls } from './dynamodb/calls.ts';
import { leaseCalls } from './dynamodb/leases.ts';
import { namedCalls } from './dynamodb/named.ts';
import { rowCalls, rowItems } from './dynamodb/rows.ts';
import { runCalls } from './dynamodb/runs.ts';

/** `client` is the store's own (`close` destroys it); `table` is a table as `tableDefinition` says. */
export interface DynamoStoreOptions extends CallOptions {
  /** Where members go that are too large for an item, under `overflow/`. */
  readonly blobs: Blobs;
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
