// Leases: one conditional update each, fenced by number and holder. The only read is the answer.
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { LEASE_MAX_MS } from '../../../core/reconcile/lease.ts';
import { holds, leaseLost, released } from '../../../core/reconcile/rows.ts';
import type { Lease, Release, RowKey, Store } from '../../../core/reconcile/store.ts';
import { checkFormat, type Documents, FORMAT, number, text } from './attributes.ts';
import { attributesOf, type Calls, type Item, type Refused, type Update, type Written } from './calls.ts';
import { dueIndex, reasonList, rowKey } from './row-items.ts';
import { isOurs, leaseIsFree, leaseTimes, type RowItems } from './rows.ts';

type LeaseCalls = Pick<Store, 'take' | 'renew' | 'save' | 'release'>;

/** A clock that was off by more than this when a lease was dated makes the lease be dated again. */
const STALE_CLOCK_MS = 5_000;

interface Parts {
  readonly calls: Calls;
  readonly docs: Documents;
  readonly items: RowItems;
}

export function leaseCalls(parts: Parts): LeaseCalls {
  return {
    take: async (key, holder, ttlMs) => await take(parts, key, holder, Math.min(ttlMs, LEASE_MAX_MS)),
    renew: async (key, lease, ttlMs) => (await renew(parts.calls, key, lease, ttlMs)) !== undefined,
    save: async (key, lease, state) => {
      const doc = await parts.docs.write(state);
      const set = 'SET state_doc = :state, rev = :rev';
      await fenced(parts, key, lease, {
        doc,
        change: { UpdateExpression: set, ExpressionAttributeValues: { ':state': doc } },
      });
    },
    release: async (key, lease, release) => await releaseLease(parts, key, lease, release),
  };
}

/** One update under a new revision; undefined from `work` means another try. Our own write that the SDK repeated counts as written. */
async function updating(calls: Calls, key: RowKey, make: () => Promise<Update>): Promise<Written | Refused> {
  return await calls.contending('UpdateItem', key, async () => {
    const revision = calls.revision();
    const { ExpressionAttributeValues: values, ...update } = await make();
    const own = { ':rev': text(revision), ':v': number(FORMAT) };
    const outcome = await calls.update({ ...update, ExpressionAttributeValues: { ...values, ...own } });
    if (outcome.kind === 'busy') return undefined;
    if (outcome.kind === 'written' || !isOurs(outcome.found, revision)) return outcome;
    return { kind: 'written', returned: update.ReturnValues === 'ALL_NEW' ? outcome.found : undefined };
  });
}

async function take(parts: Parts, key: RowKey, holder: string, ttl: number): ReturnType<Store['take']> {
  const { calls, items } = parts;
  let dated = 0;
  const outcome = await updating(calls, key, async () => {
    dated = await calls.clock.now();
    return {
      Key: attributesOf(rowKey(key)),
      UpdateExpression:
        'SET fence = fence + :one, takes = if_not_exists(takes, :zero) + :one, lease_holder = :holder, lease_until = :until, rev = :rev',
      ConditionExpression: `v = :v AND attribute_not_exists(gone) AND (${leaseIsFree})`,
      ExpressionAttributeValues: {
        ':one': number(1),
        ':zero': number(0),
        ':holder': text(holder),
        ':until': number(dated + ttl),
        ...leaseTimes(dated),
      },
      ReturnValues: 'ALL_NEW',
    };
  });
  if (outcome.kind === 'refused') {
    checkFormat(outcome.found, key);
    return undefined;
  }
  const row = await items.whole(key, outcome.returned ?? {});
  const { lease } = row;
  if (lease === undefined) return undefined;
  // A machine that slept dated the lease by a time that is past; the answer has just told the right one.
  if ((await calls.clock.now()) - dated <= STALE_CLOCK_MS) return { row, lease };
  const until = await renew(calls, key, lease, ttl);
  return until === undefined ? undefined : { row: { ...row, lease: { ...lease, until } }, lease: { ...lease, until } };
}

const fence = 'v = :v AND fence = :fence AND lease_holder = :holder';

function fenceValues(lease: Lease): Record<string, AttributeValue> {
  return { ':fence': number(lease.fence), ':holder': text(lease.holder) };
}

/** When the lease ends now, or undefined when it was lost. */
async function renew(calls: Calls, key: RowKey, lease: Lease, ttlMs: number): Promise<number | undefined> {
  let until = 0;
  const outcome = await updating(calls, key, async () => {
    until = (await calls.clock.now()) + Math.min(ttlMs, LEASE_MAX_MS);
    return {
      Key: attributesOf(rowKey(key)),
      UpdateExpression: 'SET lease_until = :until, rev = :rev',
      ConditionExpression: fence,
      ExpressionAttributeValues: { ...fenceValues(lease), ':until': number(until) },
    };
  });
  if (outcome.kind === 'written') return until;
  checkFormat(outcome.found, key);
  return undefined;
}

interface FencedChange {
  /** The new state, if it changes. */
  readonly doc: AttributeValue | undefined;
  readonly change: Pick<Update, 'UpdateExpression' | 'ExpressionAttributeValues'>;
  /** More than the fence; not met, the answer is the item that was found. */
  readonly only?: string;
}

/** A write by the holder of the lease. Answers the item when only `only` was not met; throws `LeaseLost`. */
async function fenced(
  parts: Parts,
  key: RowKey,
  lease: Lease,
  { doc, change, only }: FencedChange,
): Promise<Item | undefined> {
  const { calls, docs, items } = parts;
  const outcome = await updating(calls, key, async () => ({
    Key: attributesOf(rowKey(key)),
    ...change,
    ConditionExpression: only === undefined ? fence : `${fence} AND ${only}`,
    ExpressionAttributeValues: { ...change.ExpressionAttributeValues, ...fenceValues(lease) },
    ReturnValues: 'UPDATED_OLD',
  }));
  if (outcome.kind === 'written') {
    if (doc !== undefined) await docs.drop([outcome.returned?.['state_doc']]);
    return undefined;
  }
  await docs.drop([doc]);
  const { row, item } = await items.head(key, outcome.found);
  if (!holds(row, lease)) throw leaseLost(key, lease);
  return item;
}

/** Mostly nothing came meanwhile: then it is one update. Else the row goes through `released`, as in every store. */
async function releaseLease(parts: Parts, key: RowKey, lease: Lease, release: Release): ReturnType<Store['release']> {
  const doc = release.state === undefined ? undefined : await parts.docs.write(release.state);
  const found = await fenced(parts, key, lease, { doc, change: settling(release, doc), only: 'wanted = :seen' });
  if (found === undefined) return { kind: 'released' };
  let item: Item | undefined = found;
  return await parts.calls.contending('PutItem', key, async () => {
    const head = await parts.items.head(key, item);
    if (!holds(head.row, lease)) throw leaseLost(key, lease);
    const { kind, row } = released(head.row, release);
    const attempt = await parts.items.write(row, head);
    item = attempt.item;
    if (!attempt.done) return undefined;
    return kind === 'released' ? { kind } : { kind, row: await parts.items.whole(key, attempt.item) };
  });
}

/** The update of a row that has seen all its hints. */
function settling({ seen, due, failed }: Release, doc: AttributeValue | undefined): FencedChange['change'] {
  const index = dueIndex({ wanted: seen, handled: seen, reasons: [], ...(due === undefined ? {} : { due }) });
  const values: Record<string, AttributeValue> = { ':seen': number(seen), ':none': reasonList([]) };
  const set = ['handled = :seen', 'reasons = :none', 'rev = :rev'];
  const put = (name: string, value: AttributeValue): void => {
    set.push(`${name} = :${name}`);
    values[`:${name}`] = value;
  };
  if (doc !== undefined) put('state_doc', doc);
  if (due !== undefined) put('due_ms', number(due));
  for (const [name, value] of Object.entries(index)) put(name, value);
  if (failed === true) {
    set.push('failures = if_not_exists(failures, :zero) + :one');
    Object.assign(values, { ':zero': number(0), ':one': number(1) });
  }
  const cleared = failed === true ? ['takes'] : ['takes', 'failures'];
  const remove = [
    'lease_holder',
    'lease_until',
    ...cleared,
    ...(due === undefined ? ['due_ms', 'due_shard', 'due_at'] : []),
  ];
  return { UpdateExpression: `SET ${set.join(', ')} REMOVE ${remove.join(', ')}`, ExpressionAttributeValues: values };
}
