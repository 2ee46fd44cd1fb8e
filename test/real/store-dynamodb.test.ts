// The store contract on DynamoDB Local.
import { afterAll, beforeAll } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { dynamoStore } from '../../lib/adapters/store/dynamodb.ts';
import { storeContract } from '../contract/store.ts';
import { type DynamoDbLocal, startDynamoDb } from '../support/aws/dynamodb-local/server.ts';
import { localClient, makeTable } from '../support/aws/dynamodb-local/table.ts';

let server: DynamoDbLocal;
beforeAll(async () => {
  server = await startDynamoDb();
}, 120_000);
afterAll(async () => await server.close());

storeContract(
  'dynamodb',
  async ({ clock }) => {
    const client = localClient(server.endpoint);
    const table = await makeTable(client);
    const blobs = memoryBlobs();
    // AWS's clocks are not ours to set: they go on with the machine's monotonic clock.
    const offset = clock.now() - clock.monotonic();
    const storeClock = { now: async () => clock.monotonic() + offset };
    const open = () =>
      dynamoStore({ client, table, blobs, monotonic: clock.monotonic, random: Math.random, clock: storeClock });
    return { store: open(), reopen: open };
  },
  { seesDeadHolders: false },
);
