// Queues are doorbells, rows are the truth: whatever happens to the messages, every row ends handled at its newest observation.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import type { Queue, Store } from '../../lib/core/reconcile/store.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { seededRandom } from '../support/random.ts';
import { unrulyQueue } from '../support/unruly-queue.ts';

const KEYS = ['app/main/a', 'app/main/b', 'app/main/c'];
const MINUTE = 60_000;

interface World {
  readonly clock: FakeClock;
  readonly store: Store;
  readonly queue: Queue;
  readonly random: () => number;
  /** What a worker did with each key, in order: the sequence number that it carried out. */
  readonly done: Map<string, number[]>;
}

/** One worker: takes what a doorbell names, carries out the newest observation, and dies now and then in the middle. */
async function work({ store, queue, clock, random, done }: World): Promise<void> {
  for (const message of await queue.receive('reconcile', 10, 3 * MINUTE)) {
    const held = await store.take(message.body, 'worker', MINUTE);
    if (held !== undefined) {
      let { row } = held;
      for (;;) {
        if (random() < 0.1) return;
        clock.advance(10);
        done.set(row.key, [...(done.get(row.key) ?? []), row.source?.seq ?? 0]);
        const state = { seq: row.source?.seq ?? 0 };
        const end = await store.release(row.key, held.lease, { seen: row.wanted, state });
        if (end.kind === 'released') break;
        row = end.row;
      }
    }
    await queue.ack(message);
  }
}

async function tick({ store, queue, clock }: World): Promise<void> {
  for (const key of await store.due(clock.now(), 100)) await queue.send('reconcile', key);
}

async function unfinished(store: Store): Promise<boolean> {
  return (await store.list('')).some((row) => row.wanted > row.handled);
}

it.each([
  ['lost', { lost: 0.7 }],
  ['doubled', { doubled: 0.7, repeated: 0.5 }],
  ['reordered', { lateMs: 5 * MINUTE }],
  ['all of it', { lost: 0.3, doubled: 0.3, repeated: 0.3, lateMs: MINUTE }],
])('ends at the newest observation of every application when doorbells are %s', async (_name, how) => {
  const observation = fc.record({ key: fc.constantFrom(...KEYS), seq: fc.integer({ min: 1, max: 30 }) });
  const property = fc.asyncProperty(
    fc.array(observation, { minLength: 1, maxLength: 25 }),
    fc.integer(),
    async (observations, seed) => {
      const random = seededRandom(seed);
      const clock = fakeClock();
      const store = memoryStore({ clock });
      const queue = unrulyQueue(memoryQueue({ clock }), how, random);
      const world: World = { clock, store, queue, random, done: new Map() };
      const newest = new Map<string, number>();
      for (const { key, seq } of observations) {
        await store.assign(key, { seq }, { kind: 'push', at: clock.now() });
        newest.set(key, Math.max(seq, newest.get(key) ?? 0));
        await queue.send('reconcile', key);
        if (random() < 0.5) await work(world);
      }
      for (let minute = 0; minute < 300 && (await unfinished(store)); minute += 1) {
        clock.advance(MINUTE);
        await tick(world);
        await work(world);
      }
      for (const [key, seq] of newest) {
        const row = await store.read(key);
        expect(row).toMatchObject({ source: { seq }, state: { seq } });
        expect(row?.handled).toBe(row?.wanted);
        const steps = world.done.get(key) ?? [];
        expect(steps).toEqual([...steps].sort((a, b) => a - b));
      }
    },
  );
  await fc.assert(property, { numRuns: 40 });
});
