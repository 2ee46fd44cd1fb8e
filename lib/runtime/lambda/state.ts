// The stored state of an installation, as its functions open it: table, bucket and queues.
import { randomUUID } from 'node:crypto';
import { s3Client } from '../../adapters/aws/clients/s3.ts';
import { dynamodbClient } from '../../adapters/aws/clients/dynamodb.ts';
import { sqsClient } from '../../adapters/aws/clients/sqs.ts';
import { s3Blobs } from '../../adapters/blob/s3.ts';
import { systemClock } from '../../adapters/clock.ts';
import { sqsQueue } from '../../adapters/queue/sqs.ts';
import { dynamoStore } from '../../adapters/store/dynamodb.ts';
import type { Blobs, Queue, Store } from '../../core/reconcile/store.ts';

export interface State {
  readonly store: Store;
  readonly blobs: Blobs;
}

/**
 * Table and bucket. Nothing is asked of them yet. Leases go by the table's time, and never by `Date.now`, which functions only date
 * runs and the next look with.
 */
export function openState(env: { readonly table: string; readonly bucket: string }): State {
  const blobs = s3Blobs({ client: s3Client(), bucket: env.bucket });
  const store = dynamoStore({
    client: dynamodbClient(),
    table: env.table,
    blobs,
    monotonic: systemClock.monotonic,
    wall: systemClock.now,
    random: Math.random,
  });
  return { store, blobs };
}

/** The doorbells. */
export function openQueue(env: { readonly sourceQueue: string; readonly reconcileQueue: string }): Queue {
  return sqsQueue({ client: sqsClient(), urls: { source: env.sourceQueue, reconcile: env.reconcileQueue } });
}

/** Who holds a lease: one name per process, which works on one event at a time. */
export function newHolder(functionName: string): string {
  return `lambda:${functionName}:${randomUUID()}`;
}
