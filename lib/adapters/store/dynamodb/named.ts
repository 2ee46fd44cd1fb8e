// What is kept beside rows and runs: deliveries of webhooks, named values, and which repository follows which image.
import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../../../core/json.ts';
import { DELIVERY_KEPT_MS } from '../../../core/reconcile/rows.ts';
import type { DeliveryHint, Store } from '../../../core/reconcile/store.ts';
import { TTL_ATTRIBUTE } from '../dynamodb-table.ts';
import { checkFormat, type Documents, FORMAT, number, text, textOf } from './attributes.ts';
import { attributesOf, type Calls, type Item, type ItemKey } from './calls.ts';
import { isOurs, type RowItems } from './rows.ts';
import { rowKey } from './row-items.ts';

type NamedCalls = Pick<Store, 'delivery' | 'getValue' | 'setValue' | 'setFollows' | 'followers'>;

/** DynamoDB removes late by days, never early: the broom comes a day after the adapter has stopped believing. */
const SWEPT_AFTER_MS = DELIVERY_KEPT_MS + 24 * 3_600_000;
const FOLLOWS = 'follows#';
const PARTS_AT_MOST = 100;

interface Parts {
  readonly calls: Calls;
  readonly docs: Documents;
  readonly items: RowItems;
}

export function namedCalls(parts: Parts): NamedCalls {
  return {
    delivery: async (id, digest, hint) =>
      await delivery(parts, { id, digest, ...(hint === undefined ? {} : { hint }) }),
    getValue: async (name) => await getValue(parts, name),
    setValue: async (name, value, expected) => await setValue(parts, name, value, expected),
    setFollows: async (alias, images) => await setFollows(parts, alias, images),
    followers: async (image) => {
      const found: string[] = [];
      const query = {
        IndexName: 'image',
        KeyConditionExpression: 'image = :image',
        ExpressionAttributeValues: { ':image': text(image) },
      };
      for await (const page of parts.calls.pages(query)) {
        found.push(...page.map(({ pk }) => (textOf(pk) ?? '').slice(FOLLOWS.length)));
      }
      return found.sort();
    },
  };
}

interface Delivery {
  readonly id: string;
  readonly digest: string;
  readonly hint?: DeliveryHint;
}

/** The delivery and the row it hints at are one transaction. */
async function delivery({ calls, items }: Parts, { id, digest, hint }: Delivery): ReturnType<Store['delivery']> {
  let rowItem = hint === undefined ? undefined : await calls.get(rowKey(hint.key));
  let crowd = false;
  return await calls.contending('TransactWriteItems', id, async () => {
    const record = deliveryPut({ id, digest }, await calls.clock.now(), calls);
    const head = hint === undefined ? undefined : await items.head(hint.key, rowItem);
    const outcome =
      hint === undefined || head === undefined
        ? await alone(calls, record.put)
        : await calls.transact([record.part, await items.hintPart(head, hint.trigger, crowd)]);
    crowd = true;
    if (outcome.kind === 'written') return 'new';
    const stood = outcome.kind === 'cancelled' ? outcome.parts[0] : undefined;
    if (stood !== undefined && isOurs(stood.found, record.revision)) return 'new';
    if (stood?.found !== undefined) {
      checkFormat(stood.found, `delivery ${id}`);
      return textOf(stood.found['digest']) === digest ? 'duplicate' : 'mismatch';
    }
    if (hint !== undefined) rowItem = await calls.get(rowKey(hint.key));
    return undefined;
  });
}

/** Without a row to change, a plain put does what the transaction does, for half the price. */
async function alone(calls: Calls, put: Parameters<Calls['put']>[0]) {
  const outcome = await calls.put(put);
  return outcome.kind === 'refused' ? { kind: 'cancelled' as const, parts: [outcome] } : outcome;
}

function deliveryPut({ id, digest }: Delivery, now: number, calls: Calls) {
  const revision = calls.revision();
  const put = {
    Item: {
      ...attributesOf({ pk: `delivery#${id}`, sk: 'delivery' }),
      v: number(FORMAT),
      rev: text(revision),
      digest: text(digest),
      at: number(now),
      [TTL_ATTRIBUTE]: number(Math.ceil((now + SWEPT_AFTER_MS) / 1000)),
    },
    ConditionExpression: 'attribute_not_exists(pk) OR (v = :v AND #at < :forgotten)',
    ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':v': number(FORMAT), ':forgotten': number(now - DELIVERY_KEPT_MS) },
  };
  const part = { Put: { ...put, TableName: calls.table, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const };
  return { revision, put, part };
}

function valueKey(name: string): ItemKey {
  return { pk: `value#${name}`, sk: 'value' };
}

async function getValue({ calls, docs }: Parts, name: string): Promise<Json | undefined> {
  return await calls
    .contending('GetItem', name, async () => {
      const item = await calls.get(valueKey(name));
      checkFormat(item, `value ${name}`);
      const attribute = item?.['value_doc'];
      if (attribute === undefined) return { value: undefined };
      return await docs.read(attribute);
    })
    .then(({ value }) => value);
}

/** Compares by digest, because what is expected may be as large as what is set. */
async function setValue(parts: Parts, name: string, value: Json, expected: Json | undefined): Promise<boolean> {
  const { calls, docs } = parts;
  const revision = calls.revision();
  const doc = await docs.write(value);
  const condition: { ConditionExpression: string; ExpressionAttributeValues?: Record<string, AttributeValue> } =
    expected === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'v = :v AND digest = :expected',
          ExpressionAttributeValues: { ':v': number(FORMAT), ':expected': text(digestOf(expected)) },
        };
  const item: Item = {
    ...attributesOf(valueKey(name)),
    v: number(FORMAT),
    rev: text(revision),
    digest: text(digestOf(value)),
    value_doc: doc,
  };
  const outcome = await calls.contending('PutItem', name, async () => {
    const answer = await calls.put({ Item: { ...item }, ...condition, ReturnValues: 'ALL_OLD' });
    return answer.kind === 'busy' ? undefined : answer;
  });
  if (outcome.kind === 'refused') {
    if (isOurs(outcome.found, revision)) return true;
    await docs.drop([doc]);
    checkFormat(outcome.found, `value ${name}`);
    return false;
  }
  await docs.drop([outcome.returned?.['value_doc']]);
  return true;
}

function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Writes the difference. More than a transaction holds goes in several: a crash between them is mended by the next call. */
async function setFollows({ calls }: Parts, alias: string, images: readonly string[]): Promise<void> {
  const pk = `${FOLLOWS}${alias}`;
  const before = new Set<string>();
  const query = {
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': text(pk) },
    ConsistentRead: true,
  };
  for await (const page of calls.pages(query)) {
    for (const item of page) {
      checkFormat(item, `follows of ${alias}`);
      before.add(textOf(item['sk']) ?? '');
    }
  }
  const wanted = new Set(images);
  const table = { TableName: calls.table };
  const parts: TransactWriteItem[] = [];
  for (const image of wanted) {
    const item = { ...attributesOf({ pk, sk: image }), v: number(FORMAT), image: text(image) };
    if (!before.has(image)) parts.push({ Put: { ...table, Item: item } });
  }
  for (const image of before) {
    if (!wanted.has(image)) parts.push({ Delete: { ...table, Key: attributesOf({ pk, sk: image }) } });
  }
  for (let at = 0; at < parts.length; at += PARTS_AT_MOST) {
    const some = parts.slice(at, at + PARTS_AT_MOST);
    await calls.contending('TransactWriteItems', alias, async () =>
      (await calls.transact(some)).kind === 'written' ? true : undefined,
    );
  }
}
