// A table of our definition on a running DynamoDB Local, for one test.
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { tableDefinition } from '../../../../lib/adapters/store/dynamodb-table.ts';

/** A client of the endpoint. Any credentials do. */
export function localClient(endpoint: string, maxAttempts = 3): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials, maxAttempts });
}

/** Makes an empty table and gives its name. */
export async function makeTable(client: DynamoDBClient): Promise<string> {
  const TableName = `holdfast-${randomUUID()}`;
  const { BillingMode, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = tableDefinition;
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode,
      AttributeDefinitions: [...AttributeDefinitions],
      KeySchema: [...KeySchema],
      GlobalSecondaryIndexes: GlobalSecondaryIndexes.map(({ IndexName, KeySchema: keys, Projection }) => ({
        IndexName,
        KeySchema: [...keys],
        Projection:
          'NonKeyAttributes' in Projection
            ? { ...Projection, NonKeyAttributes: [...Projection.NonKeyAttributes] }
            : Projection,
      })),
    }),
  );
  return TableName;
}
