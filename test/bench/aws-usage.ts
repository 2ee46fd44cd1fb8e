// From what was recorded to what AWS would bill: the same members as `counts.json`.
import type { Usage } from '../../lib/core/cost/model.ts';
import type { FunctionName } from '../../lib/stack/names.ts';
import type { Part } from './aws-record.ts';

/** Memory of a function in MiB and its kind of processor, as deployed. */
export type Sizes = ReadonlyMap<FunctionName, { readonly memory: number; readonly x86: boolean }>;

/** Functions that a queue invokes: each batch is received and deleted by one request each. */
const ofQueues: readonly FunctionName[] = ['source', 'reconcile'];
const bucketReads = new Set(['GetObject', 'HeadObject', 'HEAD.s3', 'GET.s3']);
const free = new Set(['DeleteObject']);

/** Seconds are the wall clock of this machine, where functions wait for an emulator. */
export function usageOf({ invocations, requests }: Part, sizes: Sizes): Usage {
  const sum = <T>(list: readonly T[], value: (one: T) => number): number =>
    list.reduce((all, one) => all + value(one), 0);
  const seconds = (x86: boolean): number =>
    sum(invocations, ({ function: name, ms }) => {
      const size = sizes.get(name);
      return size === undefined || size.x86 !== x86 ? 0 : (Math.ceil(ms) / 1000) * (size.memory / 1024);
    });
  const of = (service: string) => requests.filter((one) => one.service === service && one.who !== 'target');
  const bucket = of('s3').filter(({ call }) => !free.has(call));
  return {
    invocations: invocations.length,
    armGbSeconds: seconds(false),
    x86GbSeconds: seconds(true),
    sqsRequests: of('sqs').length + 2 * invocations.filter((one) => ofQueues.includes(one.function)).length,
    dynamoReads: sum(of('dynamodb'), ({ reads }) => reads),
    dynamoWrites: sum(of('dynamodb'), ({ writes }) => writes),
    s3Puts: bucket.filter(({ call }) => !bucketReads.has(call)).length,
    s3Gets: bucket.filter(({ call }) => bucketReads.has(call)).length,
    events: of('events').length,
    schedules: invocations.filter((one) => one.function === 'tick').length,
    logKb: sum(invocations, ({ logBytes }) => logBytes) / 1000,
  };
}

/** Requests by service and call, most first. */
export function calls({ requests }: Part): ReadonlyMap<string, number> {
  const counted = new Map<string, number>();
  for (const { who, service, call, what } of requests) {
    const name = `${who}: ${service} ${call}${service === 's3' || service === 'dynamodb' ? ` ${what.split('/')[0]}` : ''}`;
    counted.set(name, (counted.get(name) ?? 0) + 1);
  }
  return new Map([...counted].sort((a, b) => b[1] - a[1]));
}

/**
 * Member by member: the median, so that one poll that fell into a push does not count; of seconds the least, because waiting for
 * other work on this machine is nothing that Lambda would bill.
 */
export function medianUsage(all: readonly Usage[]): Usage {
  const [first] = all;
  if (first === undefined) throw new TypeError('nothing was measured');
  return mapUsage(first, (_, name) => {
    const found = all.map((one) => one[name]);
    return name.endsWith('GbSeconds') ? Math.min(...found) : median(found);
  });
}

/** Usage with each member made anew. */
export function mapUsage(usage: Usage, make: (value: number, name: keyof Usage) => number): Usage {
  const entries = Object.entries(usage) as readonly [keyof Usage, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, make(value, name)])) as unknown as Usage;
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}
