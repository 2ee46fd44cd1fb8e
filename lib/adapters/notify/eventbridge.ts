// Run outcomes and drift reports onto an event bus.
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { HoldfastError } from '../../core/errors.ts';
import type { Notifier } from '../../core/notify/notifier.ts';
import type { OutboxEvent } from '../../core/reconcile/state.ts';
import { faultOf } from '../aws/service-faults.ts';

export interface EventBridgeOptions {
  readonly client: EventBridgeClient;
  /** Name or ARN of the bus. */
  readonly bus: string;
}

/** Limits of one request: entries, and bytes of all of them. */
const maxEntries = 10;
const maxBytes = 256 * 1024;
/** What EventBridge counts for the time of an entry. */
const timeBytes = 14;
/** Longest text that a summary keeps, characters. */
const summaryText = 1_000;
const encoder = new TextEncoder();

/**
 * Sends in as few requests as the limits allow; `detail.id` is the same when an event is sent again.
 * A detail that is too large for one request keeps its plain members only and says `truncated: true`.
 * Throws `EventsUnavailable` (again) or `EventsRefused`.
 */
export function eventBridgeNotifier({ client, bus }: EventBridgeOptions): Notifier {
  return {
    send: async (events) => {
      for (const batch of batches(events.map((event) => entryOf(event, bus)))) await put(client, bus, batch);
    },
  };
}

function entryOf({ id, type, at, app, detail }: OutboxEvent, bus: string): PutEventsRequestEntry {
  const entry = (Detail: object): PutEventsRequestEntry => ({
    EventBusName: bus,
    Source: 'holdfast',
    DetailType: type,
    Time: new Date(at),
    Detail: JSON.stringify(Detail),
  });
  const whole = entry({ id, ...detail });
  return sizeOf(whole) <= maxBytes ? whole : entry({ id, app, ...summary(detail), truncated: true });
}

/** What fits for sure: numbers, flags, and short or shortened texts, until half of the room is used; of a list its length, e.g. `itemsCount`. */
function summary(detail: OutboxEvent['detail']): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let room = maxBytes / 2;
  for (const [member, value] of Object.entries(detail)) {
    const [name, short] = Array.isArray(value)
      ? [`${member}Count`, value.length]
      : [member, typeof value === 'string' ? value.slice(0, summaryText) : value];
    if (short === null || typeof short === 'object' || short === undefined) continue;
    room -= bytesOf(JSON.stringify({ [name]: short }));
    if (room > 0) kept[name] = short;
  }
  return kept;
}

function batches(entries: readonly PutEventsRequestEntry[]): readonly (readonly PutEventsRequestEntry[])[] {
  const made: PutEventsRequestEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const last = made.at(-1);
    const size = sizeOf(entry);
    if (last === undefined || last.length === maxEntries || bytes + size > maxBytes) {
      made.push([entry]);
      bytes = size;
    } else {
      last.push(entry);
      bytes += size;
    }
  }
  return made;
}

function sizeOf({ Source = '', DetailType = '', Detail = '' }: PutEventsRequestEntry): number {
  return timeBytes + bytesOf(Source) + bytesOf(DetailType) + bytesOf(Detail);
}

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

async function put(client: EventBridgeClient, bus: string, entries: readonly PutEventsRequestEntry[]): Promise<void> {
  let failed: { readonly code: string; readonly reason: string } | undefined;
  try {
    const answer = await client.send(new PutEventsCommand({ Entries: [...entries] }));
    const first = answer.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
    if (first !== undefined)
      failed = {
        code: first.ErrorCode ?? '',
        reason: `${answer.FailedEntryCount} of ${entries.length}: ${first.ErrorCode}: ${first.ErrorMessage?.slice(0, 400)}`,
      };
  } catch (error) {
    const { kind, reason } = faultOf(error, 'events:PutEvents');
    throw kind === 'unavailable' ? unavailable(bus, reason, error) : refused(bus, reason, error);
  }
  if (failed === undefined) return;
  throw /^(?:Throttl|InternalFailure|InternalException)/.test(failed.code)
    ? unavailable(bus, failed.reason)
    : refused(bus, failed.reason);
}

function unavailable(bus: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'EventsUnavailable',
    source: 'remote',
    message: `The event bus ${bus} does not take events at the moment`,
    object: bus,
    reason,
    retryable: true,
    cause,
  });
}

function refused(bus: string, reason: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'EventsRefused',
    source: 'user',
    message: `The event bus ${bus} refuses events`,
    object: bus,
    reason,
    next: `Allow events:PutEvents on the bus ${bus}, or deploy the stack again: npx cdk deploy`,
    cause,
  });
}
