// The queue in which Lambda, EventBridge and its Scheduler keep the events that could not be handled.
import type { Message as SqsMessage, SQSClient } from '@aws-sdk/client-sqs';
import type { Json } from '../../core/json.ts';
import type { DeadLetter } from '../../core/reconcile/store.ts';
import { type FailedEvent, readFailedEvent } from '../../core/trigger/failed-event.ts';
import { find, type LetterQueue, look, removeLetter } from './sqs-letters.ts';

/** Events that could not be handled. */
export interface FailedEvents {
  /** Newest first. */
  list(limit: number): Promise<readonly DeadLetter[]>;
  /**
   * Has `again` do what the event with that id asked for, and then removes it; what `again` said. Undefined when there is none.
   * When `again` throws, the event stays.
   */
  redrive(id: string, again: (event: Json | undefined) => Promise<string>): Promise<string | undefined>;
}

/** Throws `QueueUnavailable` (again), `QueueForbidden`, `QueueRefused`. */
export function sqsFailedEvents({ client, url }: { readonly client: SQSClient; readonly url: string }): FailedEvents {
  const queue: LetterQueue = { client, url, queue: 'events', attributes: ['All'] };
  return {
    list: async (limit) => {
      const all = (await look(queue)).map(letterOf);
      return all.sort((a, b) => b.at - a.at).slice(0, limit);
    },
    redrive: async (id, again) => {
      const found = await find(queue, id);
      if (found === undefined) return undefined;
      const said = await again(read(found).event);
      await removeLetter(queue, found);
      return said;
    },
  };
}

function letterOf(message: SqsMessage): DeadLetter {
  const { reason, attempts } = read(message);
  const { MessageId: id = '', Body: body = '', Attributes } = message;
  return { id, queue: 'events', body, reason, attempts, at: Number(Attributes?.SentTimestamp ?? 0) };
}

function read({ Body = '', MessageAttributes = {} }: SqsMessage): FailedEvent {
  const attributes = Object.entries(MessageAttributes).map(([name, { StringValue }]) => [name, StringValue] as const);
  return readFailedEvent(Body, Object.fromEntries(attributes));
}
