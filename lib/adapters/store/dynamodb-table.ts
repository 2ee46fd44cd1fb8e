// The DynamoDB table of an installation as plain data: what the stack declares, the adapter relies on and tests create.

/** Attribute that DynamoDB may delete an item after, epoch seconds. Only ever a broom: what decides is compared by the adapter itself. */
export const TTL_ATTRIBUTE = 'expires';

/** Key attributes, indexes and types, in the words of `CreateTable`. See docs/adr/dynamodb-table.md. */
export const tableDefinition = {
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'due_shard', AttributeType: 'S' },
    { AttributeName: 'due_at', AttributeType: 'N' },
    { AttributeName: 'repository', AttributeType: 'S' },
    { AttributeName: 'image', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'due',
      KeySchema: [
        { AttributeName: 'due_shard', KeyType: 'HASH' },
        { AttributeName: 'due_at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['lease_until'] },
    },
    {
      IndexName: 'repository',
      KeySchema: [
        { AttributeName: 'repository', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
    {
      IndexName: 'image',
      KeySchema: [
        { AttributeName: 'image', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
} as const;
