// Between a row and its item. A write keeps the members that it does not change as they are stored, without reading them.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Json, JsonObject } from '../../../core/json.ts';
import { MAX_REASONS, newRow, readyAt } from '../../../core/reconcile/rows.ts';
import type { Intent, Row, RowKey } from '../../../core/reconcile/store.ts';
import type { Trigger } from '../../../core/trigger/model.ts';
import { checkFormat, type Documents, FORMAT, number, numberOf, text, textOf } from './attributes.ts';
import { attributesOf, type Item, type ItemKey, type Update } from './calls.ts';

/** Rows of one kind (`app`, `repo`, `target`) lie together, so that a list is one consistent query. */
export function rowKey(key: RowKey): ItemKey {
  return { pk: `row#${kindOf(key)}`, sk: key };
}

function kindOf(key: RowKey): string {
  return key.split('/', 1)[0] ?? '';
}

/** The values of the index's partition: rows with hints, which are due whatever the time, and rows with a due time only. */
export const HINTED = 'hinted';
export const TIMED = 'timed';

/** A row as it is stored. `row` has no state, and of a source that lies in a blob only its number. */
export interface Head {
  readonly row: Row;
  readonly item: Item;
  /** The row was removed; what is left keeps its fencing number from being given out again. */
  readonly gone: boolean;
}

/** Throws `StateTooNew`. Undefined when a member's blob is gone: the item was written anew meanwhile. */
export async function readHead(key: RowKey, item: Item | undefined, docs: Documents): Promise<Head | undefined> {
  checkFormat(item, key);
  const fence = numberOf(item?.['fence']) ?? 0;
  if (item === undefined || item['gone'] !== undefined) {
    return { row: newRow(key, fence), item: item ?? {}, gone: true };
  }
  const intent = await member(item, 'intent_doc', docs);
  if (intent === undefined) return undefined;
  const due = numberOf(item['due_ms']);
  const holder = textOf(item['lease_holder']);
  const source = sourceHead(item);
  const takes = numberOf(item['takes']) ?? 0;
  const failures = numberOf(item['failures']) ?? 0;
  const row: Row = {
    v: 1,
    key,
    wanted: numberOf(item['wanted']) ?? 0,
    handled: numberOf(item['handled']) ?? 0,
    ...(due === undefined ? {} : { due }),
    reasons: (item['reasons']?.L ?? []).map((one) => JSON.parse(one.S ?? 'null') as Trigger),
    ...(holder === undefined ? {} : { lease: { holder, fence, until: numberOf(item['lease_until']) ?? 0 } }),
    ...(takes > 0 ? { takes } : {}),
    ...(failures > 0 ? { failures } : {}),
    fence,
    ...(source === undefined ? {} : { source }),
    intent: (intent.value ?? {}) as Intent,
  };
  return { row, item, gone: false };
}

function sourceHead(item: Item): Row['source'] {
  const attribute = item['source_doc'];
  if (attribute === undefined) return undefined;
  if (attribute.S === undefined) return { seq: numberOf(item['source_seq']) ?? 0 };
  return JSON.parse(attribute.S) as JsonObject & { readonly seq: number };
}

async function member(item: Item, name: string, docs: Documents): Promise<{ readonly value?: Json } | undefined> {
  const attribute = item[name];
  return attribute === undefined ? {} : await docs.read(attribute);
}

/** The whole row; undefined when a member's blob is gone. */
export async function readWhole({ row, item }: Head, docs: Documents): Promise<Row | undefined> {
  const [source, state] = await Promise.all([member(item, 'source_doc', docs), member(item, 'state_doc', docs)]);
  if (source === undefined || state === undefined) return undefined;
  return {
    ...row,
    ...(source.value === undefined ? {} : { source: source.value as JsonObject & { readonly seq: number } }),
    ...(state.value === undefined ? {} : { state: state.value }),
  };
}

/** The item that `next` makes of what is stored; `unused` are attributes whose blobs nobody needs if this is, or is not, written. */
export interface NextItem {
  readonly item: Item;
  readonly revision: string;
  readonly unused: { readonly ifWritten: readonly AttributeValue[]; readonly ifNot: readonly AttributeValue[] };
}

/** Members that `next` shares with `head` are taken over as stored; a `next` without state keeps the stored one. */
export async function nextItem(next: Row, head: Head, docs: Documents, revision: string): Promise<NextItem> {
  const before = head.gone ? {} : head.item;
  const ifWritten: AttributeValue[] = [];
  const ifNot: AttributeValue[] = [];
  const doc = async (name: string, value: unknown, known: unknown): Promise<Item> => {
    const stored = before[name];
    if (value === known) return stored === undefined ? {} : { [name]: stored };
    if (stored !== undefined) ifWritten.push(stored);
    if (value === undefined) return {};
    const attribute = await docs.write(value as Json);
    ifNot.push(attribute);
    return { [name]: attribute };
  };
  const { lease, source, due, takes, failures } = next;
  const item: Item = {
    pk: text(rowKey(next.key).pk),
    sk: text(next.key),
    v: number(FORMAT),
    rev: text(revision),
    ...repositoryOf(next.key),
    wanted: number(next.wanted),
    handled: number(next.handled),
    fence: number(next.fence),
    ...(takes === undefined ? {} : { takes: number(takes) }),
    ...(failures === undefined ? {} : { failures: number(failures) }),
    ...(due === undefined ? {} : { due_ms: number(due) }),
    ...(lease === undefined ? {} : { lease_holder: text(lease.holder), lease_until: number(lease.until) }),
    ...(source === undefined ? {} : { source_seq: number(source.seq) }),
    reasons: reasonList(next.reasons),
    ...dueIndex(next),
    ...(await doc('intent_doc', next.intent, head.gone ? undefined : head.row.intent)),
    ...(await doc('source_doc', next.source, head.row.source)),
    ...(await doc('state_doc', next.state, head.row.state)),
  };
  return { item, revision, unused: { ifWritten, ifNot } };
}

/** Hints as they are stored: each by itself, so that one more can be put behind them without reading them. */
export function reasonList(reasons: readonly Trigger[]): AttributeValue {
  return { L: reasons.map((one) => text(JSON.stringify(one))) };
}

/**
 * One more hint for a row that has some already: it changes neither whether nor when the row is due, so a crowd can add theirs in any
 * order without reading. Undefined when the row has to be read and written. Among a `crowd` a hint over the 20 that are kept only counts.
 */
export function moreHints({ row, gone }: Head, trigger: Trigger, crowd: boolean): Update | undefined {
  const full = row.reasons.length >= MAX_REASONS;
  if (gone || row.wanted <= row.handled || row.reasons.length === 0 || (full && !crowd)) return undefined;
  const key = rowKey(row.key);
  const pending = 'v = :v AND attribute_not_exists(gone) AND wanted > handled';
  const values = { ':v': number(FORMAT), ':one': number(1) };
  if (full) {
    const set = 'SET wanted = wanted + :one, rev = :rev';
    const condition = { ConditionExpression: pending, ExpressionAttributeValues: values };
    return { Key: attributesOf(key), UpdateExpression: set, ...condition };
  }
  return {
    Key: attributesOf(key),
    UpdateExpression: 'SET wanted = wanted + :one, reasons = list_append(reasons, :more), rev = :rev',
    ConditionExpression: `${pending} AND size(reasons) BETWEEN :one AND :room`,
    ExpressionAttributeValues: { ...values, ':more': reasonList([trigger]), ':room': number(MAX_REASONS - 1) },
  };
}

/** Where the row stands in the index of work, if it does. */
export function dueIndex(row: Pick<Row, 'wanted' | 'handled' | 'due' | 'reasons'>): Item {
  const at = readyAt(row);
  if (at === undefined) return {};
  return { due_shard: text(row.wanted > row.handled ? HINTED : TIMED), due_at: number(at) };
}

function repositoryOf(key: RowKey): Item {
  const [kind, alias] = key.split('/');
  return kind === 'app' && alias !== undefined && alias !== '' ? { repository: text(alias) } : {};
}

/** What is left of a removed row. */
export function tombstone({ row, item }: Head, revision: string): NextItem {
  const { pk, sk } = rowKey(row.key);
  return {
    item: {
      pk: text(pk),
      sk: text(sk),
      v: number(FORMAT),
      rev: text(revision),
      fence: number(row.fence),
      gone: { BOOL: true },
    },
    revision,
    unused: { ifWritten: Object.values(item), ifNot: [] },
  };
}
