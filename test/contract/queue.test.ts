// The queue contract on every queue we ship, and what only a local one does.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import type { LocalQueue } from '../../lib/adapters/queue/rules.ts';
import { sqliteQueue } from '../../lib/adapters/queue/sqlite.ts';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import type { Clock } from '../../lib/core/clock.ts';
import { tempDir } from '../support/temp-dir.ts';
import { queueClockContract, queueContract } from './queue.ts';

function sqliteOn(file: string, clock: Clock): LocalQueue {
  const database = openDatabase({ file });
  onTestFinished(() => database.close());
  return sqliteQueue({ database, clock });
}

for (const contract of [queueContract, queueClockContract]) {
  contract('memory', (clock) => memoryQueue({ clock }));
  contract('sqlite', (clock) => sqliteOn(join(tempDir(), 'state.db'), clock));
}

describe.each([
  ['memory', () => memoryQueue({ clock: systemClock })],
  ['sqlite', () => sqliteOn(join(tempDir(), 'state.db'), systemClock)],
])('%s: arrival', (_name, make) => {
  it('is told at once of what this process sends', async () => {
    const queue = make();
    const arrival = queue.arrival(['source', 'reconcile'], 60_000);
    await queue.send('reconcile', 'a');
    await arrival;
    expect(await queue.receive('reconcile', 1, 1000)).toHaveLength(1);
    expect(await queue.receive('source', 1, 1000)).toEqual([]);
  });

  it('is told when a delay is over, and at once of what is there already', async () => {
    const queue = make();
    await queue.send('source', 'a', 60);
    await queue.arrival(['reconcile'], 5);
    expect(await queue.receive('source', 1, 1000)).toEqual([]);
    await queue.arrival(['source'], 60_000);
    expect(await queue.receive('source', 1, 0)).toHaveLength(1);
    await queue.arrival(['source'], 60_000);
  });

  it('ends when it is aborted', async () => {
    const stop = new AbortController();
    const arrival = make().arrival(['source'], 60_000, stop.signal);
    stop.abort();
    await expect(arrival).resolves.toBeUndefined();
    await expect(make().arrival(['source'], 60_000, stop.signal)).resolves.toBeUndefined();
  });
});

it('hears of what another connection sends', async () => {
  const file = join(tempDir(), 'state.db');
  const [here, there] = [sqliteOn(file, systemClock), sqliteOn(file, systemClock)];
  const arrival = here.arrival(['source'], 60_000);
  await pause(1);
  await there.send('source', 'a');
  await arrival;
  expect(await here.receive('source', 1, 1000)).toHaveLength(1);
});
