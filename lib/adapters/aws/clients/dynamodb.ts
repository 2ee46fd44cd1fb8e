// The client of the store's table.
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from './settings.ts';

/** The client of the store's table. One per process: connections are kept. */
export function dynamodbClient(): DynamoDBClient {
  return new DynamoDBClient(clientSettings());
}
