// The store in memory: for tests, and for what must not outlive the process. Same transitions as the SQLite store.
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
import type { Lease, Row, RowKey, Store, StoredRun } from '../../core/reconcile/store.ts';

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Whether a holder may still live; false frees its leases at once. */
  readonly alive?: (holder: string) => boolean;
}

interface Entry {
  readonly row: Row;
  /** When the lease ends on the monotonic clock. */
  readonly deadline: number;
}

interface Tables {
  readonly clock: Clock;
  readonly alive: (holder: string) => boolean;
  readonly rows: Map<RowKey, Entry>;
  readonly runs: Map<string, StoredRun>;
  readonly deliveries: Map<string, { readonly digest: string; readonly at: number }>;
  readonly values: Map<string, Json>;
  readonly follows: Map<string, ReadonlySet<string>>;
  fenceFloor: number;
}

/** A store that forgets everything when the process ends. */
export function memoryStore(options: MemoryStoreOptions): Store {
  const tables: Tables = {
    clock: options.clock,
    alive: options.alive ?? (() => true),
    rows: new Map(),
    runs: new Map(),
    deliveries: new Map(),
    values: new Map(),
    follows: new Map(),
    fenceFloor: 0,
  };
  return { ...rowCalls(tables), ...leaseCalls(tables), ...runCalls(tables), ...otherCalls(tables) };
}

/** What a store gives back is never what it was given: a caller that changes a value changes its own copy. */
function copy<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T);
}

function change(tables: Tables, key: RowKey, transition: (row: Row) => Row | undefined): boolean {
  const entry = tables.rows.get(key);
  const next = transition(entry?.row ?? newRow(key, tables.fenceFloor));
  if (next !== undefined) tables.rows.set(key, { row: copy(next), deadline: entry?.deadline ?? 0 });
  return next !== undefined;
}

function held(tables: Tables, { row, deadline }: Entry): boolean {
  return row.lease !== undefined && leaseRuns(deadline, tables.clock.monotonic()) && tables.alive(row.lease.holder);
}

type RowCalls = Pick<Store, 'now' | 'read' | 'list' | 'hint' | 'assign' | 'intend' | 'due' | 'remove' | 'close'>;

function rowCalls(tables: Tables): RowCalls {
  const { rows, clock } = tables;
  return {
    now: async () => clock.now(),
    read: async (key) => copy(rows.get(key)?.row),
    list: async (prefix) => {
      const keys = [...rows.keys()].filter((key) => key.startsWith(prefix)).sort();
      return keys.flatMap((key) => copy(rows.get(key)?.row) ?? []);
    },
    hint: async (key, trigger) => {
      change(tables, key, (row) => hinted(row, trigger));
    },
    assign: async (key, source, trigger) => change(tables, key, (row) => assigned(row, source, trigger)),
    intend: async (key, intent, trigger) => {
      change(tables, key, (row) => intended(row, intent, trigger));
    },
    due: async (now, limit) => {
      const ready = [...rows.values()].filter((entry) => isReady(entry.row, now) && !held(tables, entry));
      const order = ready.map(({ row }) => ({ key: row.key, at: readyAt(row) ?? 0 }));
      order.sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
      return order.slice(0, limit).map(({ key }) => key);
    },
    remove: async (key) => {
      const entry = rows.get(key);
      if (entry === undefined) return true;
      if (held(tables, entry)) return false;
      tables.fenceFloor = Math.max(tables.fenceFloor, entry.row.fence);
      return rows.delete(key);
    },
    close: async () => {},
  };
}

type LeaseCalls = Pick<Store, 'take' | 'renew' | 'save' | 'release'>;

function leaseCalls(tables: Tables): LeaseCalls {
  const { rows, clock } = tables;
  const mine = (key: RowKey, lease: Lease): Entry => {
    const entry = rows.get(key);
    if (entry === undefined || !holds(entry.row, lease)) throw leaseLost(key, lease);
    return entry;
  };
  return {
    take: async (key, holder, ttlMs) => {
      const entry = rows.get(key);
      if (entry === undefined || held(tables, entry)) return undefined;
      const ttl = Math.min(ttlMs, LEASE_MAX_MS);
      const row = taken(entry.row, holder, clock.now() + ttl);
      rows.set(key, { row, deadline: clock.monotonic() + ttl });
      return copy({ row, lease: row.lease });
    },
    renew: async (key, lease, ttlMs) => {
      const row = rows.get(key)?.row;
      if (!holds(row, lease)) return false;
      const ttl = Math.min(ttlMs, LEASE_MAX_MS);
      const next = { ...row, lease: { ...row.lease, until: clock.now() + ttl } };
      rows.set(key, { row: next, deadline: clock.monotonic() + ttl });
      return true;
    },
    save: async (key, lease, state) => {
      const { row, deadline } = mine(key, lease);
      rows.set(key, { row: { ...row, state: copy(state) }, deadline });
    },
    release: async (key, lease, release) => {
      const entry = mine(key, lease);
      const { kind, row } = released(entry.row, copy(release));
      rows.set(key, { row, deadline: entry.deadline });
      return kind === 'released' ? { kind } : { kind, row: copy(row) };
    },
  };
}

type RunCalls = Pick<Store, 'putRun' | 'runs' | 'run'>;

function runCalls({ rows, runs }: Tables): RunCalls {
  return {
    putRun: async (run) => {
      runs.set(run.id, copy(run));
      const pinned = rows.get(`app/${run.app}`)?.row.intent.pin;
      for (const [id, { app, seq }] of runs) {
        if (app === run.app && seq <= run.seq - RUNS_KEPT && id !== pinned) runs.delete(id);
      }
    },
    runs: async (app, limit) => {
      const found = [...runs.values()].filter((run) => run.app === app);
      found.sort((a, b) => b.seq - a.seq || (a.id < b.id ? 1 : -1));
      return copy(found.slice(0, limit));
    },
    run: async (id) => copy(runs.get(id)),
  };
}

type OtherCalls = Pick<Store, 'delivery' | 'getValue' | 'setValue' | 'setFollows' | 'followers'>;

function otherCalls(tables: Tables): OtherCalls {
  const { deliveries, values, follows, clock } = tables;
  return {
    delivery: async (id, digest, hint) => {
      const now = clock.now();
      for (const [key, { at }] of deliveries) if (at < now - DELIVERY_KEPT_MS) deliveries.delete(key);
      const known = deliveries.get(id);
      if (known !== undefined) return known.digest === digest ? 'duplicate' : 'mismatch';
      deliveries.set(id, { digest, at: now });
      if (hint !== undefined) change(tables, hint.key, (row) => hinted(row, hint.trigger));
      return 'new';
    },
    getValue: async (name) => copy(values.get(name)),
    setValue: async (name, value, expected) => {
      const found = values.get(name);
      const asExpected =
        found === undefined || expected === undefined
          ? found === expected
          : canonicalJson(found) === canonicalJson(expected);
      if (asExpected) values.set(name, copy(value));
      return asExpected;
    },
    setFollows: async (alias, images) => {
      follows.set(alias, new Set(images));
    },
    followers: async (image) => [...follows].flatMap(([alias, images]) => (images.has(image) ? alias : [])).sort(),
  };
}
