// A queue that does what standard queues are allowed to do: lose, double and reorder messages, as a test says.
import type { Message, Queue } from '../../lib/core/reconcile/store.ts';

export interface Unruliness {
  /** Share of sent messages that never arrive, 0 to 1. */
  readonly lost?: number;
  /** Share of sent messages that arrive twice. */
  readonly doubled?: number;
  /** Share of received messages that are handed out once more although they were acked. */
  readonly repeated?: number;
  /** Messages are sent with a random delay up to this. */
  readonly lateMs?: number;
}

/** `random` gives numbers from 0 to 1; seeded by the test, so that a failure can be repeated. */
export function unrulyQueue(queue: Queue, how: Unruliness, random: () => number): Queue {
  const chance = (share: number | undefined): boolean => random() < (share ?? 0);
  return {
    ...queue,
    send: async (name, body, delayMs = 0) => {
      if (chance(how.lost)) return;
      const times = chance(how.doubled) ? 2 : 1;
      for (let i = 0; i < times; i += 1)
        await queue.send(name, body, delayMs + Math.floor(random() * (how.lateMs ?? 0)));
    },
    receive: async (name, max, visibilityMs) => {
      const found = [...(await queue.receive(name, max, visibilityMs))];
      return found.sort(() => random() - 0.5);
    },
    ack: async (message: Message) => {
      await queue.ack(message);
      if (chance(how.repeated)) await queue.send(message.queue, message.body);
    },
  };
}
