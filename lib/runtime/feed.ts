// What happens, kept for a while and handed to everybody who watches: the source of the event stream.
import type { FeedEvent } from '../web/views.ts';

export interface Feed {
  /** Tells everybody. */
  publish(event: Omit<FeedEvent, 'id'>): void;
  /** Events after the one with this id (all that are kept when it is absent or of another start), then each as it happens. */
  follow(after: string | undefined, signal: AbortSignal): AsyncIterable<FeedEvent>;
}

/**
 * Keeps the last `capacity` events. `start` tells this start of the process from others: an id of another start means
 * nothing here. A watcher that falls behind further than that gets one `gap` event and goes on with what there is.
 */
export function createFeed(options: { readonly start: string; readonly capacity?: number }): Feed {
  const { start, capacity = 1000 } = options;
  const kept: FeedEvent[] = [];
  const waiting = new Set<() => void>();
  let last = 0;
  const first = (): number => last - kept.length + 1;
  const numberOf = (id: string | undefined): number | undefined => {
    const match = id?.startsWith(`${start}-`) === true ? /^\d+$/.exec(id.slice(start.length + 1)) : null;
    const number = Number(match?.[0]);
    return match !== null && number <= last ? number : undefined;
  };
  const more = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const wake = (): void => {
        waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      waiting.add(wake);
      signal.addEventListener('abort', wake);
    });

  async function* follow(after: string | undefined, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    const known = numberOf(after);
    // Another start: what was missed in between is not known here.
    let next = known === undefined ? (after === undefined ? first() : first() - 1) : known + 1;
    while (!signal.aborted) {
      if (next < first()) {
        next = first();
        const at = kept[0]?.at ?? 0;
        yield { id: `${start}-${next - 1}`, event: 'gap', at, message: 'Events were missed; read the status again' };
      }
      const event = kept[next - first()];
      if (event === undefined) await more(signal);
      else {
        next += 1;
        yield event;
      }
    }
  }

  return {
    publish: (event) => {
      last += 1;
      kept.push({ ...event, id: `${start}-${last}` });
      if (kept.length > capacity) kept.shift();
      for (const wake of waiting) wake();
    },
    follow,
  };
}
