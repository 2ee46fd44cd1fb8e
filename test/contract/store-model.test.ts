// The memory store and the SQLite store give the same answers to any sequence of calls.
import * as fc from 'fast-check';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { sqliteStore } from '../../lib/adapters/store/sqlite.ts';
import { tempDir } from '../support/temp-dir.ts';
import { callSequences, expectAgreement, newWorld } from './store-calls.ts';

it('agrees on any sequence of calls', async () => {
  const directory = tempDir();
  let number = 0;
  const property = fc.asyncProperty(callSequences({ machine: true }), async (sequence) => {
    const world = newWorld();
    const options = { clock: world.clock, alive: (name: string) => !world.dead.has(name) };
    number += 1;
    const database = openDatabase({ file: join(directory, `${number}.db`) });
    try {
      await expectAgreement(sequence, world, [memoryStore(options), sqliteStore({ database, ...options })]);
    } finally {
      database.close();
    }
  });
  await fc.assert(property, { numRuns: 80 });
  expect(number).toBeGreaterThanOrEqual(80);
});
