// What both local queues hold to, taken from the standard queues of SQS so that nothing works here that would not work there.
import type { Queue, QueueName } from '../../core/reconcile/store.ts';

/** A message that was handed out this often without an ack is a dead letter. */
export const MAX_ATTEMPTS = 5;
/** The longest delay and the longest visibility, milliseconds. */
export const MAX_DELAY_MS = 900_000;

/** A queue on this machine: it can also say when to look. */
export interface LocalQueue extends Queue {
  /** Resolves when a message of one of the queues may be visible, after `timeoutMs`, or when the signal aborts; whichever comes first. */
  arrival(queues: readonly QueueName[], timeoutMs: number, signal?: AbortSignal): Promise<void>;
}

/** A delay within what a queue takes. */
export function boundedDelay(ms: number): number {
  return Math.max(0, Math.min(ms, MAX_DELAY_MS));
}

/** Whether a message is there to be had. One hidden for longer than any delay was sent before the clock was set back, and is not waited for. */
export function isVisible(visible: number, now: number): boolean {
  return visible <= now || visible > now + MAX_DELAY_MS;
}

/** Reason of a letter whose worker died each time. */
export const NEVER_FINISHED = `It was handed out ${MAX_ATTEMPTS} times and no worker finished it`;

/** Waits with the timers of this machine until `look` is true, somebody calls a listener, or time is up. */
export function waitFor(options: {
  readonly look: () => boolean;
  readonly listeners: Set<() => void>;
  readonly timeoutMs: number;
  readonly everyMs: number;
  readonly signal: AbortSignal | undefined;
}): Promise<void> {
  const { look, listeners, timeoutMs, everyMs, signal } = options;
  if (signal?.aborted === true || look()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearInterval(poll);
      clearTimeout(timeout);
      listeners.delete(heard);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const heard = (): void => {
      try {
        if (look()) end();
      } catch (error) {
        end();
        reject(error);
      }
    };
    const poll = setInterval(heard, everyMs);
    const timeout = setTimeout(end, timeoutMs);
    listeners.add(heard);
    signal?.addEventListener('abort', end);
  });
}
