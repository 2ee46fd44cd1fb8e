// The stored state of a deployed installation, opened from the test as its functions open it.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { s3Blobs } from '../../../lib/adapters/blob/s3.ts';
import { systemClock } from '../../../lib/adapters/clock.ts';
import { dynamoStore } from '../../../lib/adapters/store/dynamodb.ts';
import type { Store } from '../../../lib/core/reconcile/store.ts';
import type { Deployment } from './deployment.ts';

/** Its store, with the account's own rights; close it. */
export function storeOf({ aws, outputs }: Pick<Deployment, 'aws' | 'outputs'>): Store {
  return dynamoStore({
    client: new DynamoDBClient(aws.clientConfig()),
    table: outputs['TableName'] ?? '',
    blobs: s3Blobs({ client: new S3Client(aws.clientConfig()), bucket: outputs['BucketName'] ?? '' }),
    monotonic: systemClock.monotonic,
    random: Math.random,
  });
}
