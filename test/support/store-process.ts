// A second process on the same SQLite file or DynamoDB table, driven by lines on stdin; answers are lines of JSON.
import { createInterface } from 'node:readline';
import { systemClock } from '../../lib/adapters/clock.ts';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { holderAlive, newHolder } from '../../lib/adapters/store/holder.ts';
import { sqliteStore } from '../../lib/adapters/store/sqlite.ts';
import { asFailure } from '../../lib/core/errors.ts';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import { seededRandom } from './random.ts';

/** What a hammering process did, for the invariants. */
export interface HammerReport {
  /** Hints sent, by key. */
  readonly hints: Record<string, number>;
  /** Counter steps that were saved, by key. */
  readonly steps: Record<string, number>;
  /** Every fence that was received, as `key#fence`. */
  readonly fences: string[];
  /** Sequence numbers of observations that were accepted, by key, in order. */
  readonly accepted: Record<string, number[]>;
  readonly unexpected: string[];
}

export type Command =
  | { readonly do: 'take'; readonly key: string; readonly ttlMs: number }
  | { readonly do: 'save'; readonly key: string }
  | {
      readonly do: 'hammer';
      readonly keys: readonly string[];
      readonly rounds: number;
      readonly seed: number;
      readonly pad?: number;
    };

/** Where the store is. */
export type StorePlace =
  | { readonly file: string }
  | { readonly endpoint: string; readonly table: string; readonly blobs: string };

type Hammer = Extract<Command, { readonly do: 'hammer' }>;

async function hammer(store: Store, { keys, rounds, seed, pad = 2000 }: Hammer): Promise<HammerReport> {
  const holder = newHolder();
  const report: HammerReport = { hints: {}, steps: {}, fences: [], accepted: {}, unexpected: [] };
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round += 1) {
    const key = keys[Math.floor(random() * keys.length)] ?? '';
    const trigger = { kind: 'poll' as const, at: systemClock.now() };
    if (random() < 0.4) {
      await store.hint(key, trigger);
      report.hints[key] = (report.hints[key] ?? 0) + 1;
    } else if (random() < 0.3) {
      const seq = Math.floor(random() * rounds * 4);
      if (await store.assign(key, { seq }, trigger)) {
        (report.accepted[key] ??= []).push(seq);
        report.hints[key] = (report.hints[key] ?? 0) + 1;
      }
    } else await step({ store, key, holder, report, pad });
  }
  return report;
}

interface Step {
  readonly store: Store;
  readonly key: string;
  readonly holder: string;
  readonly report: HammerReport;
  readonly pad: number;
}

/** One look at a row: read the counter in its state, write it back one higher. Any second writer would lose a step. */
async function step({ store, key, holder, report, pad }: Step): Promise<void> {
  const held = await store.take(key, holder, 60_000);
  if (held === undefined) return;
  report.fences.push(`${key}#${held.lease.fence}`);
  let { row } = held;
  for (;;) {
    const n = ((row.state as { n?: number } | undefined)?.n ?? 0) + 1;
    await store.save(key, held.lease, { n, pad: 'x'.repeat(pad) });
    report.steps[key] = (report.steps[key] ?? 0) + 1;
    const end = await store.release(key, held.lease, { seen: row.wanted });
    if (end.kind === 'released') return;
    row = end.row;
    if (row.handled > row.wanted) report.unexpected.push(`${key}: handled ${row.handled} > wanted ${row.wanted}`);
  }
}

async function open(place: StorePlace): Promise<Store> {
  if ('file' in place) {
    return sqliteStore({ database: openDatabase({ file: place.file }), clock: systemClock, alive: holderAlive });
  }
  // Only here, because loading the SDK takes longer than all that a test of the SQLite store does.
  const { fsBlobs } = await import('../../lib/adapters/blob/fs.ts');
  const { dynamoStore } = await import('../../lib/adapters/store/dynamodb.ts');
  const { localClient } = await import('./aws/dynamodb-local/table.ts');
  const { endpoint, table } = place;
  const { monotonic } = systemClock;
  const blobs = fsBlobs(place.blobs);
  return dynamoStore({ client: localClient(endpoint), table, blobs, monotonic, random: Math.random });
}

async function main(place: StorePlace): Promise<void> {
  const store = await open(place);
  const leases = new Map<string, Lease>();
  const run = async (command: Command): Promise<unknown> => {
    switch (command.do) {
      case 'take': {
        const held = await store.take(command.key, newHolder(), command.ttlMs);
        if (held !== undefined) leases.set(command.key, held.lease);
        return held?.lease ?? null;
      }
      case 'save': {
        const lease = leases.get(command.key);
        if (lease === undefined) return 'no lease';
        await store.save(command.key, lease, { by: process.pid });
        return 'saved';
      }
      case 'hammer':
        return await hammer(store, command);
    }
  };
  process.stdout.write('"ready"\n');
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await run(JSON.parse(line) as Command).catch((error: unknown) => ({
      failure: asFailure(error).code,
    }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  await store.close();
}

if (process.argv[2] !== undefined) await main(JSON.parse(process.argv[2]) as StorePlace);
