// The store's calls on rows: read an item, apply a pure transition, write it back on the condition that nobody else wrote.
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { LEASE_MAX_MS, leaseRuns } from '../../../core/reconcile/lease.ts';
import { assigned, hinted, intended, newerRow } from '../../../core/reconcile/rows.ts';
import type { Row, RowKey, Store } from '../../../core/reconcile/store.ts';
import type { Trigger } from '../../../core/trigger/model.ts';
import { type Documents, FORMAT, number, numberOf, text, textOf } from './attributes.ts';
import type { Busy, Calls, Item, Put, Refused, Update, Written } from './calls.ts';
import { memberGone } from './errors.ts';
import {
  type Head,
  HINTED,
  moreHints,
  nextItem,
  type NextItem,
  readHead,
  readWhole,
  rowKey,
  TIMED,
  tombstone,
} from './row-items.ts';

/** The kinds of rows there are, sorted. */
const kinds = ['app', 'repo', 'target'];
/** Rows whose parts are fetched from blobs at once. */
const AT_ONCE = 16;
/** Fewest index entries per request: live leases among them are passed over. */
const LEAST_PAGE = 25;

export type RowItems = ReturnType<typeof rowItems>;

/** Reading and writing whole rows. */
export function rowItems(calls: Calls, docs: Documents) {
  /** A blob that is gone means that the item was written anew since it was read, unless the item says otherwise twice. */
  const settled = async <T>(
    key: RowKey,
    first: Item | undefined,
    read: (head: Head) => Promise<T | undefined>,
  ): Promise<T> => {
    let item = first;
    for (;;) {
      const head = await readHead(key, item, docs);
      const value = head === undefined ? undefined : await read(head);
      if (value !== undefined) return value;
      const again = await calls.get(rowKey(key));
      if (textOf(again?.['rev']) === textOf(item?.['rev'])) throw memberGone(calls.table, key, 'overflow');
      item = again;
    }
  };
  const head = async (key: RowKey, item: Item | undefined): Promise<Head> =>
    await settled(key, item, async (found) => found);
  const settle = async (key: RowKey, outcome: Written | Refused | Busy, made: NextItem): Promise<Attempt> => {
    const found = outcome.kind === 'refused' ? outcome.found : undefined;
    const done = outcome.kind === 'written' || isOurs(found, made.revision);
    await docs.drop(done ? made.unused.ifWritten : made.unused.ifNot);
    return done ? { done, item: made.item } : { done, item: found ?? (await calls.get(rowKey(key))) };
  };
  const attempt = async (key: RowKey, made: NextItem, before: Head): Promise<Attempt> =>
    await settle(key, await calls.put(putOver(made.item, before.item)), made);
  return {
    head,
    whole: async (key: RowKey, item: Item): Promise<Row> => await settled(key, item, (found) => readWhole(found, docs)),
    /** One try to add a hint. A `crowd` is known by a try that failed. */
    hint: async (before: Head, trigger: Trigger, crowd: boolean): Promise<Attempt> => {
      const { key } = before.row;
      const made = await nextItem(hinted(before.row, trigger), before, docs, calls.revision());
      const more = moreHints(before, trigger, crowd);
      if (more === undefined) return await attempt(key, made, before);
      return await settle(key, await calls.update(underRevision(more, made.revision)), made);
    },
    /** The same as a part of a transaction. */
    hintPart: async (before: Head, trigger: Trigger, crowd: boolean): Promise<TransactWriteItem> => {
      const made = await nextItem(hinted(before.row, trigger), before, docs, calls.revision());
      const more = moreHints(before, trigger, crowd);
      const table = { TableName: calls.table };
      if (more === undefined) return { Put: { ...table, ...putOver(made.item, before.item), Item: { ...made.item } } };
      const { UpdateExpression = '', Key = {}, ...update } = underRevision(more, made.revision);
      return { Update: { ...table, ...update, Key, UpdateExpression } };
    },
    /** One try to write `next` over `before`. */
    write: async (next: Row, before: Head): Promise<Attempt> =>
      await attempt(next.key, await nextItem(next, before, docs, calls.revision()), before),
    /** One try to put a tombstone over `before`. */
    bury: async (before: Head): Promise<Attempt> =>
      await attempt(before.row.key, tombstone(before, calls.revision()), before),
  };
}

/** The item that is stored now, and whether it is the one we meant to write. */
export type Attempt =
  | { readonly done: true; readonly item: Item }
  | { readonly done: false; readonly item: Item | undefined };

/** Our own write, whose answer was lost before the SDK repeated it. */
export function isOurs(found: Item | undefined, revision: string): boolean {
  return textOf(found?.['rev']) === revision;
}

function underRevision(update: Update, revision: string): Update {
  return { ...update, ExpressionAttributeValues: { ...update.ExpressionAttributeValues, ':rev': text(revision) } };
}

/** A put on the condition that the item is still the one that was read. */
function putOver(item: Item, before: Item): Put {
  const revision = before['rev'];
  if (revision === undefined) return { Item: { ...item }, ConditionExpression: 'attribute_not_exists(pk)' };
  return { Item: { ...item }, ConditionExpression: 'rev = :was', ExpressionAttributeValues: { ':was': revision } };
}

type RowCalls = Pick<Store, 'now' | 'read' | 'list' | 'hint' | 'assign' | 'intend' | 'due' | 'remove'>;

export function rowCalls(calls: Calls, items: RowItems): RowCalls {
  /** Applies a transition to a row that is made when missing. */
  const change = async (key: RowKey, transition: (row: Row) => Row | undefined): Promise<boolean> => {
    let item = await calls.get(rowKey(key));
    return await calls.contending('PutItem', key, async () => {
      const head = await items.head(key, item);
      const next = transition(head.row);
      if (next === undefined) return false;
      const attempt = await items.write(next, head);
      item = attempt.item;
      return attempt.done ? true : undefined;
    });
  };
  return {
    now: async () => await calls.clock.now(),
    read: async (key) => {
      const item = await calls.get(rowKey(key));
      return item === undefined || (await items.head(key, item)).gone ? undefined : await items.whole(key, item);
    },
    list: async (prefix) => await listRows(calls, items, prefix),
    hint: async (key, trigger) => {
      let item = await calls.get(rowKey(key));
      let crowd = false;
      await calls.contending('PutItem', key, async () => {
        const attempt = await items.hint(await items.head(key, item), trigger, crowd);
        item = attempt.item;
        crowd = true;
        return attempt.done ? true : undefined;
      });
    },
    assign: async (key, source, trigger) => await change(key, (row) => assigned(row, source, trigger)),
    intend: async (key, intent, trigger) => {
      await change(key, (row) => intended(row, intent, trigger));
    },
    due: async (now, limit) => await dueKeys(calls, now, limit),
    remove: async (key) => await removeRow(calls, items, key),
  };
}

async function listRows(calls: Calls, items: RowItems, prefix: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const slash = prefix.indexOf('/');
  const within = slash < 0 ? kinds.filter((kind) => kind.startsWith(prefix)) : [prefix.slice(0, slash)];
  for (const kind of within) {
    const pages = calls.pages({
      KeyConditionExpression: 'pk = :kind AND begins_with(sk, :prefix)',
      ExpressionAttributeValues: { ':kind': text(`row#${kind}`), ':prefix': text(slash < 0 ? `${kind}/` : prefix) },
      ConsistentRead: true,
    });
    for await (const page of pages) {
      const there = page.filter((item) => item['gone'] === undefined);
      for (let at = 0; at < there.length; at += AT_ONCE) {
        const some = there.slice(at, at + AT_ONCE);
        rows.push(...(await Promise.all(some.map((item) => listed(items, textOf(item['sk']) ?? '', item)))));
      }
    }
  }
  return rows;
}

/** A row of a list, which others do not wait for when a newer version wrote it. */
async function listed(items: RowItems, key: RowKey, item: Item): Promise<Row> {
  const found = numberOf(item['v']) ?? FORMAT;
  return found > FORMAT ? newerRow(key, found) : await items.whole(key, item);
}

/** Conditions on a lease that does not hold anybody off, and their values at `now`. */
export const leaseIsFree = 'attribute_not_exists(lease_until) OR lease_until <= :now OR lease_until > :longest';
export function leaseTimes(now: number): { readonly ':now': { N: string }; readonly ':longest': { N: string } } {
  return { ':now': { N: String(now) }, ':longest': { N: String(now + LEASE_MAX_MS) } };
}

async function dueKeys(calls: Calls, now: number, limit: number): Promise<readonly RowKey[]> {
  if (limit <= 0) return [];
  const free = leaseTimes(await calls.clock.now());
  const found: { readonly key: RowKey; readonly at: number }[] = [];
  const collect = async (condition: string, values: Item): Promise<void> => {
    let count = 0;
    const pages = calls.pages({
      IndexName: 'due',
      KeyConditionExpression: condition,
      FilterExpression: leaseIsFree,
      ExpressionAttributeValues: { ...values, ...free },
      Limit: Math.max(limit, LEAST_PAGE),
    });
    for await (const page of pages) {
      found.push(...page.map(({ sk, due_at }) => ({ key: textOf(sk) ?? '', at: Number(due_at?.N) })));
      count += page.length;
      if (count >= limit) return;
    }
  };
  await Promise.all([
    collect('due_shard = :shard', { ':shard': text(HINTED) }),
    collect('due_shard = :shard AND due_at <= :due', { ':shard': text(TIMED), ':due': number(now) }),
  ]);
  found.sort((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  return found.slice(0, limit).map(({ key }) => key);
}

/** Leaves a tombstone, because a fencing number that is given out twice fences nothing. */
async function removeRow(calls: Calls, items: RowItems, key: RowKey): Promise<boolean> {
  let item = await calls.get(rowKey(key));
  return await calls.contending('PutItem', key, async () => {
    const head = await items.head(key, item);
    if (head.gone) return true;
    const { lease } = head.row;
    if (lease !== undefined && leaseRuns(lease.until, await calls.clock.now())) return false;
    const attempt = await items.bury(head);
    item = attempt.item;
    return attempt.done ? true : undefined;
  });
}
