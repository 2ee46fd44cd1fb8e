// GET /api/events: what happens, as server-sent events; a client that was cut off goes on where it was.
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { ApiOptions } from './options.ts';
import { Refusal } from './problem.ts';

const HEARTBEAT_MS = 15_000;
const MAX_STREAMS = 64;
const EVENT_ID = /^[A-Za-z0-9-]{1,80}$/;

/** A handler that keeps count of its open streams. */
export function eventStream(options: ApiOptions): (c: Context) => Response {
  let open = 0;
  return (c) => {
    const given = c.req.header('last-event-id') ?? c.req.query('after');
    const after = given !== undefined && EVENT_ID.test(given) ? given : undefined;
    if (open >= MAX_STREAMS) {
      const problem = { code: 'TooManyStreams', message: `${MAX_STREAMS} event streams are open already` };
      throw new Refusal(503, problem, { 'retry-after': '10' });
    }
    open += 1;
    return streamSSE(c, async (stream) => {
      const stop = new AbortController();
      const signals = options.stopping === undefined ? [stop.signal] : [stop.signal, options.stopping];
      stream.onAbort(() => stop.abort());
      // A client that went away is noticed when something is written to it, so something is.
      const beat = setInterval(
        () => void stream.write(': alive\n\n').catch(() => stop.abort()),
        options.heartbeatMs ?? HEARTBEAT_MS,
      );
      try {
        await stream.write('retry: 1000\n\n');
        for await (const { id, ...event } of options.views.events(after, AbortSignal.any(signals))) {
          await stream.writeSSE({ id, event: event.event, data: JSON.stringify(event) });
        }
      } finally {
        clearInterval(beat);
        open -= 1;
      }
    });
  };
}
