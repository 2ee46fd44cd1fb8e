// The memory store and the SQLite store give the same answers to any sequence of calls.
import * as fc from 'fast-check';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { sqliteStore } from '../../lib/adapters/store/sqlite.ts';
import { asFailure } from '../../lib/core/errors.ts';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

interface World {
  readonly clock: FakeClock;
  readonly dead: Set<string>;
  /** Every lease that was ever given out; later calls pick one, often a stale one. */
  readonly leases: { readonly key: string; readonly lease: Lease }[];
}

interface Call {
  readonly text: string;
  readonly run: (store: Store, world: World) => Promise<unknown>;
  /** Runs once, not per store. */
  readonly world?: (world: World) => void;
}

const key = fc.constantFrom('app/main/a', 'app/main/b', 'repo/main');
const holder = fc.constantFrom('h1', 'h2');
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => value as never);
const small = fc.integer({ min: 0, max: 6 });

const call = (text: string, run: Call['run'], world?: Call['world']): Call => ({
  text,
  run,
  ...(world === undefined ? {} : { world }),
});
const trigger = (world: World) => ({ kind: 'poll' as const, at: world.clock.now(), note: 'n' });
const picked = (world: World, n: number) =>
  world.leases.length === 0 ? undefined : world.leases[n % world.leases.length];

const calls = fc.oneof(
  key.map((k) => call(`hint ${k}`, (s, w) => s.hint(k, trigger(w)))),
  fc
    .tuple(key, small)
    .map(([k, seq]) => call(`assign ${k} ${seq}`, (s, w) => s.assign(k, { seq, note: 'x' }, trigger(w)))),
  fc
    .tuple(key, fc.constantFrom({ suspended: true }, { suspended: undefined, sync: 2 }, { pin: 'r' }))
    .map(([k, intent]) => call(`intend ${k}`, (s, w) => s.intend(k, intent, trigger(w)))),
  fc.tuple(key, holder).map(([k, h]) => call(`take ${k} ${h}`, (s) => s.take(k, h, 1000))),
  small.map((n) =>
    call(`renew ${n}`, async (s, w) => {
      const held = picked(w, n);
      return held && (await s.renew(held.key, held.lease, 1000));
    }),
  ),
  fc.tuple(small, json).map(([n, state]) =>
    call(`save ${n}`, async (s, w) => {
      const held = picked(w, n);
      if (held) await s.save(held.key, held.lease, state);
    }),
  ),
  fc
    .tuple(small, small, fc.option(small, { nil: undefined }), fc.option(json, { nil: undefined }))
    .map(([n, seen, due, state]) =>
      call(`release ${n} seen ${seen}`, async (s, w) => {
        const held = picked(w, n);
        const rest = {
          ...(due === undefined ? {} : { due: w.clock.now() + due * 300 }),
          ...(state === undefined ? {} : { state }),
        };
        return held && (await s.release(held.key, held.lease, { seen, ...rest }));
      }),
    ),
  small.map((limit) => call(`due ${limit}`, (s, w) => s.due(w.clock.now(), limit))),
  key.map((k) => call(`remove ${k}`, (s) => s.remove(k))),
  fc
    .tuple(small, small, fc.boolean())
    .map(([id, digest, hints]) =>
      call(`delivery ${id} ${digest}`, (s, w) =>
        s.delivery(`d${id}`, `x${digest}`, hints ? { key: 'repo/main', trigger: trigger(w) } : undefined),
      ),
    ),
  fc
    .tuple(small, json, fc.option(json, { nil: undefined }))
    .map(([n, value, expected]) =>
      call(`setValue ${n}`, async (s) => [
        await s.setValue(`v${n % 2}`, value, expected),
        await s.getValue(`v${n % 2}`),
      ]),
    ),
  small.map((n) =>
    call(`setValue ${n} from itself`, async (s) => s.setValue(`v${n % 2}`, n, await s.getValue(`v${n % 2}`))),
  ),
  fc.tuple(small, small, json).map(([id, seq, record]) =>
    call(`putRun ${id}`, async (s) => {
      await s.putRun({ v: 1, id: `r${id}`, app: `app${seq % 2}`, seq, record });
      return [await s.runs('app0', 3), await s.run(`r${id}`)];
    }),
  ),
  fc.tuple(small, fc.array(fc.constantFrom('i1', 'i2', 'i3'), { maxLength: 3 })).map(([n, images]) =>
    call(`setFollows ${n}`, async (s) => {
      await s.setFollows(`a${n % 3}`, images);
      return [await s.followers('i1'), await s.followers('i2')];
    }),
  ),
  fc.integer({ min: 0, max: 1500 }).map((ms) =>
    call(
      `advance ${ms}`,
      async () => undefined,
      (w) => w.clock.advance(ms),
    ),
  ),
  fc.integer({ min: -2000, max: 2000 }).map((ms) =>
    call(
      `set wall ${ms}`,
      async () => undefined,
      (w) => w.clock.setWall(w.clock.now() + ms),
    ),
  ),
  holder.map((h) =>
    call(
      `kill ${h}`,
      async () => undefined,
      (w) => w.dead.add(h),
    ),
  ),
);

/** An answer or a failure, as JSON. */
async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify((await work) ?? null);
  } catch (error) {
    return `throws ${asFailure(error).code}`;
  }
}

it('agrees on any sequence of calls', async () => {
  const directory = tempDir();
  let number = 0;
  const property = fc.asyncProperty(fc.array(calls, { minLength: 5, maxLength: 60 }), async (sequence) => {
    const world: World = { clock: fakeClock(), dead: new Set(), leases: [] };
    const options = { clock: world.clock, alive: (name: string) => !world.dead.has(name) };
    const memory = memoryStore(options);
    number += 1;
    const database = openDatabase({ file: join(directory, `${number}.db`) });
    const sqlite = sqliteStore({ database, ...options });
    try {
      for (const { text, run, world: change } of sequence) {
        change?.(world);
        const before = world.leases.length;
        const [left, right] = [await outcome(run(memory, world)), await outcome(run(sqlite, world))];
        expect({ text, answer: sorted(right) }).toEqual({ text, answer: sorted(left) });
        if (text.startsWith('take') && left !== 'null' && before === world.leases.length) {
          const { lease } = JSON.parse(left) as { lease: Lease };
          world.leases.unshift({ key: text.split(' ')[1] ?? '', lease });
        }
        expect({ text, rows: await sqlite.list('') }).toEqual({ text, rows: await memory.list('') });
      }
    } finally {
      database.close();
    }
  });
  await fc.assert(property, { numRuns: 80 });
});

function sorted(text: string): unknown {
  return text.startsWith('throws') ? text : JSON.parse(text);
}
