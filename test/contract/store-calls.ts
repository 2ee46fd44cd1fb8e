// Sequences of calls that two stores must answer alike.
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { asFailure } from '../../lib/core/errors.ts';
import type { Lease, Store } from '../../lib/core/reconcile/store.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';

export interface World {
  readonly clock: FakeClock;
  readonly dead: Set<string>;
  /** Every lease that was ever given out; later calls pick one, often a stale one. */
  readonly leases: { readonly key: string; readonly of: ReadonlyMap<Store, Lease> }[];
}

export interface Call {
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
const picked = (world: World, store: Store, n: number) => {
  const one = world.leases[n % world.leases.length];
  const lease = one?.of.get(store);
  return one === undefined || lease === undefined ? undefined : { key: one.key, lease };
};

const anywhere = fc.oneof(
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
      const held = picked(w, s, n);
      return held && (await s.renew(held.key, held.lease, 1000));
    }),
  ),
  fc.tuple(small, json).map(([n, state]) =>
    call(`save ${n}`, async (s, w) => {
      const held = picked(w, s, n);
      if (held) await s.save(held.key, held.lease, state);
    }),
  ),
  fc
    .tuple(small, small, fc.option(small, { nil: undefined }), fc.option(json, { nil: undefined }))
    .map(([n, seen, due, state]) =>
      call(`release ${n} seen ${seen}`, async (s, w) => {
        const held = picked(w, s, n);
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
);

/** What only a store on the same machine notices. */
const onMachine = fc.oneof(
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

/** A world in which nothing has happened yet. */
export function newWorld(): World {
  return { clock: fakeClock(), dead: new Set(), leases: [] };
}

/** Sequences of calls; with `machine` clocks are set and processes die, too. */
export function callSequences(options: { readonly machine: boolean }): fc.Arbitrary<readonly Call[]> {
  const one = options.machine
    ? fc.oneof({ arbitrary: anywhere, weight: 6 }, { arbitrary: onMachine, weight: 1 })
    : anywhere;
  return fc.array(one, { minLength: 5, maxLength: 60 });
}

/** Makes the calls on both and compares every answer and what is stored after it. `same` takes out what may differ. */
export async function expectAgreement(
  sequence: readonly Call[],
  world: World,
  [left, right]: readonly [Store, Store],
  same: (value: unknown) => unknown = (value) => value,
): Promise<void> {
  for (const { text, run, world: change } of sequence) {
    change?.(world);
    const [ours, theirs] = [await outcome(run(left, world)), await outcome(run(right, world))];
    expect({ text, answer: same(theirs) }).toEqual({ text, answer: same(ours) });
    const [mine, yours] = [leaseOf(ours), leaseOf(theirs)];
    if (text.startsWith('take') && mine !== undefined && yours !== undefined) {
      const of = new Map([
        [left, mine],
        [right, yours],
      ]);
      world.leases.unshift({ key: text.split(' ')[1] ?? '', of });
    }
    expect({ text, rows: same(await right.list('')) }).toEqual({ text, rows: same(await left.list('')) });
  }
}

/** An answer as plain JSON, or the code of a failure. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify((await work) ?? null)) as unknown;
  } catch (error) {
    return `throws ${asFailure(error).code}`;
  }
}

function leaseOf(answer: unknown): Lease | undefined {
  return (answer as { readonly lease?: Lease } | null)?.lease;
}
