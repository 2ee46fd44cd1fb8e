// The DynamoDB store gives the same answers as the memory store to any sequence of calls.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { dynamoStore } from '../../lib/adapters/store/dynamodb.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { callSequences, expectAgreement, newWorld } from '../contract/store-calls.ts';
import { startDynamoDb } from '../support/aws/dynamodb-local/server.ts';
import { localClient, makeTable } from '../support/aws/dynamodb-local/table.ts';

/** Numbers of a row that was removed and made again begin elsewhere in each store; that they rise is in the contract. */
function withoutFences(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (name, member: unknown) =>
    name === 'fence' ? undefined : member,
  ) as unknown;
}

it('agrees on any sequence of calls', async () => {
  const server = await startDynamoDb();
  const client = localClient(server.endpoint);
  try {
    const property = fc.asyncProperty(callSequences({ machine: false }), async (sequence) => {
      const world = newWorld();
      const { clock } = world;
      const blobs = memoryBlobs();
      const table = await makeTable(client);
      const options = { client, table, blobs, monotonic: clock.monotonic, random: Math.random };
      const right = dynamoStore({ ...options, clock: { now: async () => clock.now() } });
      await expectAgreement(sequence, world, [memoryStore({ clock }), right], withoutFences);
      expect(await blobs.list('')).toEqual([]);
    });
    await fc.assert(property, { numRuns: 40 });
  } finally {
    client.destroy();
    await server.close();
  }
});
