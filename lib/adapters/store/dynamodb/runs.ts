// Runs: one item per run under its application, in order, and one that tells where the run of an id is.
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { RUNS_KEPT } from '../../../core/reconcile/rows.ts';
import type { Store, StoredRun } from '../../../core/reconcile/store.ts';
import { checkFormat, type Documents, FORMAT, number, numberOf, text, textOf } from './attributes.ts';
import { attributesOf, type Calls, type Item, type ItemKey } from './calls.ts';
import { memberGone } from './errors.ts';
import type { RowItems } from './rows.ts';
import { rowKey } from './row-items.ts';

type RunCalls = Pick<Store, 'putRun' | 'runs' | 'run'>;

/** Digits of the largest number that JavaScript counts to. */
const DIGITS = 16;
/** Runs that one new run removes at most; more are left to the next one. */
const TRIMMED_AT_ONCE = 40;

function ordered(seq: number): string {
  return String(seq).padStart(DIGITS, '0');
}

function placeOf(run: Pick<StoredRun, 'app' | 'seq' | 'id'>): ItemKey {
  return { pk: `runs#${run.app}`, sk: `${ordered(run.seq)}#${run.id}` };
}

function pointerOf(id: string): ItemKey {
  return { pk: `run#${id}`, sk: 'run' };
}

interface Parts {
  readonly calls: Calls;
  readonly docs: Documents;
  readonly items: RowItems;
}

export function runCalls(parts: Parts): RunCalls {
  const { calls, docs } = parts;
  const read = async (item: Item): Promise<StoredRun> => {
    const id = textOf(item['run_id']) ?? '';
    checkFormat(item, `run ${id}`);
    const record = await docs.read(item['record_doc'] ?? text('null'));
    if (record === undefined) throw memberGone(calls.table, `run ${id}`, textOf(item['sk']) ?? '');
    return { v: 1, id, app: textOf(item['app']) ?? '', seq: numberOf(item['seq']) ?? 0, record: record.value };
  };
  return {
    putRun: async (run) => {
      if (await putRun(parts, run)) await trim(parts, run);
    },
    runs: async (app, limit) => {
      const found: Item[] = [];
      const query = {
        KeyConditionExpression: 'pk = :runs',
        ExpressionAttributeValues: { ':runs': text(`runs#${app}`) },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: Math.max(1, limit),
      };
      if (limit > 0) {
        for await (const page of calls.pages(query)) if (found.push(...page) >= limit) break;
      }
      return await Promise.all(found.slice(0, limit).map(read));
    },
    run: async (id) => {
      const pointer = await calls.get(pointerOf(id));
      const [pk, sk] = [textOf(pointer?.['run_pk']), textOf(pointer?.['run_sk'])];
      const item = pk === undefined || sk === undefined ? undefined : await calls.get({ pk, sk });
      return item === undefined ? undefined : await read(item);
    },
  };
}

/** Whether the run is a new one. One that goes on is one update, because its place is known. */
async function putRun({ calls, docs }: Parts, run: StoredRun): Promise<boolean> {
  const place = placeOf(run);
  const doc = await docs.write(run.record);
  const update = await calls.contending('UpdateItem', run.id, async () => {
    const outcome = await calls.update({
      Key: attributesOf(place),
      UpdateExpression: 'SET record_doc = :record',
      ConditionExpression: 'v = :v',
      ExpressionAttributeValues: { ':record': doc, ':v': number(FORMAT) },
      ReturnValues: 'UPDATED_OLD',
    });
    return outcome.kind === 'busy' ? undefined : outcome;
  });
  if (update.kind === 'written') {
    await docs.drop([update.returned?.['record_doc']]);
    return false;
  }
  checkFormat(update.found, `run ${run.id}`);
  let elsewhere: Item | undefined;
  return await calls.contending('TransactWriteItems', run.id, async () => {
    const item: Item = {
      ...attributesOf(place),
      v: number(FORMAT),
      run_id: text(run.id),
      app: text(run.app),
      seq: number(run.seq),
      record_doc: doc,
    };
    const outcome = await calls.transact([
      { Put: { TableName: calls.table, Item: { ...item } } },
      pointerPut(calls.table, run, place, elsewhere),
      ...oldPlace(calls.table, elsewhere),
    ]);
    if (outcome.kind === 'written') return true;
    elsewhere = outcome.kind === 'cancelled' ? outcome.parts[1]?.found : elsewhere;
    checkFormat(elsewhere, `run ${run.id}`);
    return undefined;
  });
}

/** Says where the run is, on the condition that it was said to be `elsewhere` before, or nowhere. */
function pointerPut(table: string, run: StoredRun, place: ItemKey, elsewhere: Item | undefined): TransactWriteItem {
  const key = pointerOf(run.id);
  const item = { ...attributesOf(key), v: number(FORMAT), run_pk: text(place.pk), run_sk: text(place.sk) };
  const condition =
    elsewhere === undefined
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'run_pk = :pk AND run_sk = :sk',
          ExpressionAttributeValues: { ':pk': elsewhere['run_pk'] ?? text(''), ':sk': elsewhere['run_sk'] ?? text('') },
        };
  return { Put: { TableName: table, Item: item, ...condition, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } };
}

function oldPlace(table: string, elsewhere: Item | undefined): TransactWriteItem[] {
  const { run_pk: pk, run_sk: sk } = elsewhere ?? {};
  return pk === undefined || sk === undefined ? [] : [{ Delete: { TableName: table, Key: { pk, sk } } }];
}

/** Removes what is 200 runs ago. A crash in between leaves it to the next new run. */
async function trim({ calls, docs, items }: Parts, run: StoredRun): Promise<void> {
  if (run.seq <= RUNS_KEPT) return;
  const old: Item[] = [];
  const query = {
    KeyConditionExpression: 'pk = :runs AND sk < :kept',
    ExpressionAttributeValues: { ':runs': text(`runs#${run.app}`), ':kept': text(ordered(run.seq - RUNS_KEPT + 1)) },
    ConsistentRead: true,
    Limit: TRIMMED_AT_ONCE,
  };
  for await (const page of calls.pages(query)) {
    old.push(...page);
    break;
  }
  if (old.length === 0) return;
  const rowItem = await calls.get(rowKey(`app/${run.app}`));
  const { pin } = (await items.head(`app/${run.app}`, rowItem)).row.intent;
  const going = old.filter((item) => textOf(item['run_id']) !== pin);
  if (going.length === 0) return;
  for (const item of going) checkFormat(item, `run ${textOf(item['run_id'])}`);
  const parts = going.flatMap((item) => [
    { Delete: { TableName: calls.table, Key: { pk: item['pk'] ?? text(''), sk: item['sk'] ?? text('') } } },
    { Delete: { TableName: calls.table, Key: attributesOf(pointerOf(textOf(item['run_id']) ?? '')) } },
  ]);
  await calls.contending('TransactWriteItems', run.app, async () => {
    const outcome = await calls.transact(parts);
    return outcome.kind === 'written' ? true : undefined;
  });
  await docs.drop(going.map((item) => item['record_doc']));
}
