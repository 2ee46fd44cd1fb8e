// The store in one SQLite file: read a row, apply a pure transition, write it back, each call in one transaction.
import type { Clock } from '../../core/clock.ts';
import { canonicalJson, type Json } from '../../core/json.ts';
import { LEASE_MAX_MS, leaseRuns } from '../../core/reconcile/lease.ts';
import {
  assigned,
  DELIVERY_KEPT_MS,
  hinted,
  holds,
  intended,
  isReady,
  leaseLost,
  newRow,
  readyAt,
  released,
  RUNS_KEPT,
  taken,
} from '../../core/reconcile/rows.ts';
import type { Lease, Row, RowKey, Store } from '../../core/reconcile/store.ts';
import type { Database } from './database.ts';
import { headValues, KNOWN, parse, readHead, readListed, readRun, withState } from './sqlite-rows.ts';

export interface SqliteStoreOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** Whether a holder's process may still live; false frees its leases at once. */
  readonly alive: (holder: string) => boolean;
}

const HEAD = 'SELECT * FROM rows WHERE key = ?';
const FULL = 'SELECT rows.*, states.state FROM rows LEFT JOIN states USING (key)';
const UPSERT = `INSERT INTO rows (key, v, wanted, handled, due, fence, holder, until, deadline, reasons, source, intent, takes, failures)
  VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET wanted = excluded.wanted, handled = excluded.handled, due = excluded.due,
    fence = excluded.fence, holder = excluded.holder, until = excluded.until, deadline = excluded.deadline,
    reasons = excluded.reasons, source = excluded.source, intent = excluded.intent,
    takes = excluded.takes, failures = excluded.failures`;
const PUT_STATE = `INSERT INTO states (key, state) VALUES (?, ?)
  ON CONFLICT (key) DO UPDATE SET state = excluded.state WHERE state IS NOT excluded.state`;
const PUT_RUN = `INSERT INTO runs (id, v, app, seq, record) VALUES (?, 1, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET app = excluded.app, seq = excluded.seq, record = excluded.record`;
const TRIM_RUNS = 'DELETE FROM runs WHERE app = ? AND seq <= ? AND id IS NOT ?';
const PUT_VALUE =
  'INSERT INTO named (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value';

/** Sorts after every key that begins with the prefix it is put behind. */
const AFTER = '\u{10FFFF}';

/** A head as it is stored, with what the port does not show. */
interface Stored {
  readonly row: Row;
  readonly deadline: number | null;
}

/** The store of one machine. Several processes may open the same file. */
export function sqliteStore(options: SqliteStoreOptions): Store {
  const heads = headTable(options);
  return {
    ...rowCalls(options, heads),
    ...leaseCalls(options, heads),
    ...runCalls(options, heads),
    ...otherCalls(options, heads),
  };
}

type Heads = ReturnType<typeof headTable>;

/** Reading and writing heads inside a transaction. */
function headTable({ database, clock, alive }: SqliteStoreOptions) {
  const get = (key: RowKey): Stored | undefined => {
    const columns = database.statement(HEAD).get(key);
    if (columns === undefined) return undefined;
    const { deadline } = columns;
    return { row: readHead(columns), deadline: typeof deadline === 'number' ? deadline : null };
  };
  const put = (row: Row, deadline: number | null): void => {
    database.statement(UPSERT).run(...headValues(row, deadline));
  };
  return {
    get,
    put,
    /** Applies a transition to a row that is made when missing. */
    change: (key: RowKey, transition: (row: Row) => Row | undefined): boolean => {
      const stored = get(key);
      const floor = (): number => Number(database.statement('SELECT fence FROM fence_floor').get()?.['fence']);
      const next = transition(stored?.row ?? newRow(key, floor()));
      if (next !== undefined) put(next, stored?.deadline ?? null);
      return next !== undefined;
    },
    /** Whether somebody else may still believe to hold the lease. */
    held: (holder: string | undefined, deadline: number | null): boolean =>
      holder !== undefined && deadline !== null && leaseRuns(deadline, clock.monotonic()) && alive(holder),
    /** Whether this very lease still stands. */
    heldBy: (key: RowKey, { holder, fence }: Lease): boolean => {
      const found = database.statement('SELECT holder, fence FROM rows WHERE key = ?').get(key);
      return found?.['holder'] === holder && found['fence'] === fence;
    },
    putState: (key: RowKey, text: string): void => {
      database.statement(PUT_STATE).run(key, text);
    },
    stateOf: (key: RowKey): unknown => database.statement('SELECT state FROM states WHERE key = ?').get(key)?.['state'],
  };
}

type RowCalls = Pick<Store, 'now' | 'read' | 'list' | 'hint' | 'assign' | 'intend' | 'due' | 'remove' | 'close'>;

function rowCalls({ database, clock }: SqliteStoreOptions, heads: Heads): RowCalls {
  return {
    now: async () => clock.now(),
    read: async (key) =>
      database.read(() => {
        const columns = database.statement(`${FULL} WHERE key = ?`).get(key);
        return columns === undefined ? undefined : withState(readHead(columns), columns['state']);
      }),
    list: async (prefix) =>
      database.read(() => {
        const found = database.statement(`${FULL} WHERE key >= ? AND key < ? ORDER BY key`).all(prefix, prefix + AFTER);
        return found.map(readListed);
      }),
    hint: async (key, trigger) => {
      database.write(() => heads.change(key, (row) => hinted(row, trigger)));
    },
    assign: async (key, source, trigger) =>
      await database.soon(() => heads.change(key, (row) => assigned(row, source, trigger))),
    intend: async (key, intent, trigger) => {
      database.write(() => heads.change(key, (row) => intended(row, intent, trigger)));
    },
    due: async (now, limit) => database.read(() => dueKeys(database, heads, now, limit)),
    remove: async (key) =>
      database.write(() => {
        const stored = heads.get(key);
        if (stored === undefined) return true;
        if (heads.held(stored.row.lease?.holder, stored.deadline)) return false;
        database.statement('UPDATE fence_floor SET fence = max(fence, ?)').run(stored.row.fence);
        database.statement('DELETE FROM rows WHERE key = ?').run(key);
        database.statement('DELETE FROM states WHERE key = ?').run(key);
        return true;
      }),
    close: async () => database.close(),
  };
}

function dueKeys(database: Database, heads: Heads, now: number, limit: number): readonly RowKey[] {
  const found = database
    .statement('SELECT * FROM rows WHERE v <= ? AND (wanted > handled OR due <= ?)')
    .all(KNOWN, now);
  const ready = found.map((columns) => ({ row: readHead(columns), deadline: columns['deadline'] }));
  ready.sort((a, b) => (readyAt(a.row) ?? 0) - (readyAt(b.row) ?? 0) || (a.row.key < b.row.key ? -1 : 1));
  const held = new Map<string, boolean>();
  const free = ready.filter(({ row, deadline }) => {
    const holder = row.lease?.holder;
    if (holder === undefined || typeof deadline !== 'number' || !isReady(row, now)) return isReady(row, now);
    const id = `${holder} ${deadline}`;
    if (!held.has(id)) held.set(id, heads.held(holder, deadline));
    return held.get(id) === false;
  });
  return free.slice(0, limit).map(({ row }) => row.key);
}

type LeaseCalls = Pick<Store, 'take' | 'renew' | 'save' | 'release'>;

function leaseCalls({ database, clock }: SqliteStoreOptions, heads: Heads): LeaseCalls {
  const ends = (ttlMs: number): { readonly until: number; readonly deadline: number } => {
    const ttl = Math.min(ttlMs, LEASE_MAX_MS);
    return { until: clock.now() + ttl, deadline: clock.monotonic() + ttl };
  };
  const mine = (key: RowKey, lease: Lease): Stored => {
    const stored = heads.get(key);
    if (stored === undefined || !holds(stored.row, lease)) throw leaseLost(key, lease);
    return stored;
  };
  return {
    take: async (key, holder, ttlMs) =>
      await database.soon(() => {
        const stored = heads.get(key);
        if (stored === undefined || heads.held(stored.row.lease?.holder, stored.deadline)) return undefined;
        const { until, deadline } = ends(ttlMs);
        const row = taken(stored.row, holder, until);
        heads.put(row, deadline);
        return { row: withState(row, heads.stateOf(key)), lease: row.lease };
      }),
    renew: async (key, lease, ttlMs) =>
      database.write(() => {
        const stored = heads.get(key);
        if (!holds(stored?.row, lease)) return false;
        const { until, deadline } = ends(ttlMs);
        return (
          database.statement('UPDATE rows SET until = ?, deadline = ? WHERE key = ?').run(until, deadline, key) === 1
        );
      }),
    save: async (key, lease, state) => {
      const text = JSON.stringify(state);
      await database.soon(() => {
        if (!heads.heldBy(key, lease)) throw leaseLost(key, lease);
        heads.putState(key, text);
      });
    },
    release: async (key, lease, release) =>
      await database.soon(() => {
        const stored = mine(key, lease);
        const { kind, row } = released(stored.row, {
          seen: release.seen,
          ...(release.due === undefined ? {} : { due: release.due }),
          ...(release.failed === undefined ? {} : { failed: release.failed }),
        });
        heads.put(row, stored.deadline);
        if (release.state !== undefined) heads.putState(key, JSON.stringify(release.state));
        return kind === 'released' ? { kind } : { kind, row: withState(row, heads.stateOf(key)) };
      }),
  };
}

type RunCalls = Pick<Store, 'putRun' | 'runs' | 'run'>;

function runCalls({ database }: SqliteStoreOptions, heads: Heads): RunCalls {
  return {
    putRun: async (run) => {
      const text = JSON.stringify(run.record);
      await database.soon(() => {
        database.statement(PUT_RUN).run(run.id, run.app, run.seq, text);
        if (run.seq <= RUNS_KEPT) return;
        const pinned = heads.get(`app/${run.app}`)?.row.intent.pin ?? null;
        database.statement(TRIM_RUNS).run(run.app, run.seq - RUNS_KEPT, pinned);
      });
    },
    runs: async (app, limit) =>
      database.read(() =>
        database
          .statement('SELECT * FROM runs WHERE app = ? ORDER BY seq DESC, id DESC LIMIT ?')
          .all(app, limit)
          .map(readRun),
      ),
    run: async (id) =>
      database.read(() => {
        const columns = database.statement('SELECT * FROM runs WHERE id = ?').get(id);
        return columns === undefined ? undefined : readRun(columns);
      }),
  };
}

type OtherCalls = Pick<Store, 'delivery' | 'getValue' | 'setValue' | 'setFollows' | 'followers'>;

function otherCalls({ database, clock }: SqliteStoreOptions, heads: Heads): OtherCalls {
  const valueOf = (name: string): Json | undefined => {
    const columns = database.statement('SELECT value FROM named WHERE name = ?').get(name);
    return columns === undefined ? undefined : parse(columns['value']);
  };
  return {
    delivery: async (id, digest, hint) =>
      database.write(() => {
        const now = clock.now();
        database.statement('DELETE FROM deliveries WHERE at < ?').run(now - DELIVERY_KEPT_MS);
        const known = database.statement('SELECT digest FROM deliveries WHERE id = ?').get(id);
        if (known !== undefined) return known['digest'] === digest ? 'duplicate' : 'mismatch';
        database.statement('INSERT INTO deliveries VALUES (?, ?, ?)').run(id, digest, now);
        if (hint !== undefined) heads.change(hint.key, (row) => hinted(row, hint.trigger));
        return 'new';
      }),
    getValue: async (name) => database.read(() => valueOf(name)),
    setValue: async (name, value, expected) =>
      database.write(() => {
        const found = valueOf(name);
        const asExpected =
          found === undefined || expected === undefined
            ? found === expected
            : canonicalJson(found) === canonicalJson(expected);
        if (!asExpected) return false;
        database.statement(PUT_VALUE).run(name, JSON.stringify(value));
        return true;
      }),
    setFollows: async (alias, images) => {
      database.write(() => {
        database.statement('DELETE FROM follows WHERE alias = ?').run(alias);
        for (const image of new Set(images)) database.statement('INSERT INTO follows VALUES (?, ?)').run(image, alias);
      });
    },
    followers: async (image) =>
      database.read(() => {
        const found = database.statement('SELECT alias FROM follows WHERE image = ? ORDER BY alias').all(image);
        return found.map(({ alias }) => String(alias));
      }),
  };
}
