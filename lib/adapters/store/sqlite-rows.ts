// Between the columns of the SQLite file and the values of the store port.
import type { Json, JsonObject } from '../../core/json.ts';
import { newerRow, stateTooNew } from '../../core/reconcile/rows.ts';
import type { Intent, Row, StoredRun } from '../../core/reconcile/store.ts';
import type { Trigger } from '../../core/trigger/model.ts';
import type { SqlRow } from './database.ts';

/** The format of rows and runs. */
export const KNOWN = 1;

/** The head of a row, without its state. Throws `StateTooNew`. */
export function readHead(columns: SqlRow): Row {
  const { key, due, holder, source, takes, failures } = columns;
  if (Number(columns['v']) > KNOWN) throw stateTooNew(String(key), Number(columns['v']), KNOWN);
  const fence = Number(columns['fence']);
  return {
    v: 1,
    key: String(key),
    wanted: Number(columns['wanted']),
    handled: Number(columns['handled']),
    ...(due === null || due === undefined ? {} : { due: Number(due) }),
    reasons: parse(columns['reasons']) as unknown as readonly Trigger[],
    ...(typeof holder === 'string' ? { lease: { holder, fence, until: Number(columns['until']) } } : {}),
    ...(Number(takes) > 0 ? { takes: Number(takes) } : {}),
    ...(Number(failures) > 0 ? { failures: Number(failures) } : {}),
    fence,
    ...(typeof source === 'string' ? { source: parse(source) as JsonObject & { readonly seq: number } } : {}),
    intent: parse(columns['intent']) as Intent,
  };
}

/** A row of a list, which others do not wait for when a newer version wrote it. */
export function readListed(columns: SqlRow): Row {
  const found = Number(columns['v']);
  return found > KNOWN ? newerRow(String(columns['key']), found) : withState(readHead(columns), columns['state']);
}

/** The values that `UPSERT` binds, in its order. `deadline` is when the row's lease ends on the monotonic clock. */
export function headValues(row: Row, deadline: number | null): (string | number | null)[] {
  return [
    row.key,
    row.wanted,
    row.handled,
    row.due ?? null,
    row.fence,
    row.lease?.holder ?? null,
    row.lease?.until ?? null,
    row.lease === undefined ? null : deadline,
    JSON.stringify(row.reasons),
    row.source === undefined ? null : JSON.stringify(row.source),
    JSON.stringify(row.intent),
    row.takes ?? 0,
    row.failures ?? 0,
  ];
}

/** The row with its state, which is parsed when somebody asks for it: a list of 1,000 rows is mostly read for its heads. */
export function withState(head: Row, text: unknown): Row {
  if (typeof text !== 'string') return head;
  let state: Json | undefined;
  return {
    ...head,
    get state(): Json {
      state ??= parse(text);
      return state;
    },
  };
}

/** A row of the table `runs`. Throws `StateTooNew`. */
export function readRun(columns: SqlRow): StoredRun {
  const { id, v, app, seq, record } = columns;
  if (Number(v) > KNOWN) throw stateTooNew(`run ${String(id)}`, Number(v), KNOWN);
  return { v: 1, id: String(id), app: String(app), seq: Number(seq), record: parse(record) };
}

export function parse(text: unknown): Json {
  return JSON.parse(String(text)) as Json;
}
