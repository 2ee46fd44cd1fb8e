// Waits for a condition instead of a time: a test that sleeps is either slow or wrong.
import { setTimeout as pause } from 'node:timers/promises';

/** Calls `look` until it answers something other than undefined or false, and gives that back. Fails at the deadline with the last thing thrown. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  options: { readonly within?: number; readonly every?: number; readonly what?: string } = {},
): Promise<Exclude<T, undefined | false>> {
  const { within = 5_000, every = 10, what = 'the condition' } = options;
  const end = performance.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > end) throw new Error(`${what} did not come true within ${within} ms`, { cause: last });
    await pause(every);
  }
}
