// Rings again for what is to be looked at soon: the tick would find it too, but up to a minute late.
import { HoldfastError } from '../../core/errors.ts';
import type { Queue, RowKey } from '../../core/reconcile/store.ts';

/** The longest delay of a message. */
const longestMs = 15 * 60_000;
/** A poll or a sweep is not urgent: it is the tick's. What is due sooner is waited for, such as the quiet time of images. */
const soonMs = 45_000;

/** Sends the delayed doorbell of a row that is due at `due`. */
export async function ringAgain(
  queue: Pick<Queue, 'send'>,
  key: RowKey,
  { due, now }: { readonly due: number | undefined; readonly now: number },
): Promise<void> {
  if (due === undefined) return;
  const wait = Math.max(0, due - now);
  if (wait >= (key.startsWith('app/') ? longestMs : soonMs)) return;
  await queue.send(key.startsWith('repo/') ? 'source' : 'reconcile', key, wait);
}

/** Whether work ended only because the time of the function did: then it goes on in the next one. */
export function wasStopped(error: unknown): boolean {
  return error instanceof HoldfastError && error.code === 'Stopped';
}

/** Works on a row and rings for when it is next due. */
export async function workAndRing(
  { queue, now }: { readonly queue: Pick<Queue, 'send'>; readonly now: () => number },
  key: RowKey,
  work: () => Promise<number | undefined>,
): Promise<void> {
  try {
    await ringAgain(queue, key, { due: await work(), now: now() });
  } catch (error) {
    if (!wasStopped(error)) throw error;
    await ringAgain(queue, key, { due: now(), now: now() });
  }
}
