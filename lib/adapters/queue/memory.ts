// The queues in memory: for tests, and for one process that needs nothing kept.
import type { Clock } from '../../core/clock.ts';
import type { DeadLetter, Message, QueueName } from '../../core/reconcile/store.ts';
import { boundedDelay, isVisible, type LocalQueue, MAX_ATTEMPTS, NEVER_FINISHED, waitFor } from './rules.ts';

interface Held {
  readonly id: string;
  readonly queue: QueueName;
  readonly body: string;
  attempts: number;
  visible: number;
  receipt: string;
}

/** The messages and dead letters, and what the calls share. */
function messageTable({ clock }: { readonly clock: Clock }) {
  const messages = new Map<string, Held>();
  const letters = new Map<string, DeadLetter & { readonly queue: QueueName }>();
  let last = 0;
  const next = (): string => String((last += 1));
  const bury = ({ id, queue, body, attempts }: Held, reason: string): void => {
    messages.delete(id);
    letters.set(`m${id}`, { id: `m${id}`, queue, body, reason, at: clock.now(), attempts });
  };
  return {
    messages,
    letters,
    bury,
    send: (queue: QueueName, body: string, visible: number): void => {
      const id = next();
      messages.set(id, { id, queue, body, attempts: 0, visible, receipt: '' });
    },
    mine: (message: Message): Held | undefined => {
      const held = messages.get(message.id);
      return held?.receipt === message.receipt ? held : undefined;
    },
    visibleOf: (queue: QueueName): Held[] => {
      const now = clock.now();
      const found = [...messages.values()].filter((held) => held.queue === queue && isVisible(held.visible, now));
      return found.sort((a, b) => a.visible - b.visible || Number(a.id) - Number(b.id));
    },
    handOut: (held: Held, hiddenUntil: number): Message | undefined => {
      if (held.attempts >= MAX_ATTEMPTS) {
        bury(held, NEVER_FINISHED);
        return undefined;
      }
      held.attempts += 1;
      held.visible = hiddenUntil;
      held.receipt = `r${next()}`;
      const { id, queue, body, attempts, receipt } = held;
      return { id, queue, body, attempts, receipt };
    },
  };
}

/** Two queues with delay, visibility and dead letters. */
export function memoryQueue(options: { readonly clock: Clock }): LocalQueue {
  const { clock } = options;
  const { messages, letters, bury, send, mine, visibleOf, handOut } = messageTable(options);
  const listeners = new Set<() => void>();
  const ring = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    send: async (queue, body, delayMs = 0) => {
      send(queue, body, clock.now() + boundedDelay(delayMs));
      ring();
    },
    receive: async (queue, max, visibilityMs) => {
      const hiddenUntil = clock.now() + boundedDelay(visibilityMs);
      return visibleOf(queue)
        .slice(0, max)
        .flatMap((held) => handOut(held, hiddenUntil) ?? []);
    },
    ack: async (message) => {
      if (mine(message) !== undefined) messages.delete(message.id);
    },
    retry: async (message, reason, delayMs) => {
      const held = mine(message);
      if (held === undefined) return;
      if (message.attempts >= MAX_ATTEMPTS) return bury(held, reason);
      held.visible = clock.now() + boundedDelay(delayMs);
      held.receipt = '';
      ring();
    },
    bury: async (message, reason) => {
      const held = mine(message);
      if (held !== undefined) bury(held, reason);
    },
    deadLetters: async (limit) =>
      [...letters.values()]
        .reverse()
        .sort((a, b) => b.at - a.at)
        .slice(0, limit),
    redrive: async (id) => {
      const letter = letters.get(id);
      if (letter === undefined) return false;
      letters.delete(id);
      send(letter.queue, letter.body, clock.now());
      ring();
      return true;
    },
    arrival: (queues, timeoutMs, signal) =>
      waitFor({
        look: () => queues.some((queue) => visibleOf(queue).length > 0),
        listeners,
        timeoutMs,
        everyMs: 50,
        signal,
      }),
  };
}
