// Keeps a webhook delivery once, however often it comes, and rings for its repository.
import type { Queue, Store } from '../core/reconcile/store.ts';
import type { Delivery } from '../core/trigger/delivery.ts';
import { repoKey } from './rows.ts';

/** The delivery and the hint in one write, so that a crash cannot keep the one without the other. */
export async function recordDelivery(
  { store, now }: { readonly store: Store; readonly now: () => number },
  { alias, delivery, digest, ref, after }: Delivery,
): Promise<'new' | 'duplicate' | 'mismatch'> {
  const note = `${ref} ${after.slice(0, 8)}, delivery ${delivery}`;
  const hint = { key: repoKey(alias), trigger: { kind: 'push', at: now(), note } } as const;
  return await store.delivery(`${alias}:${delivery}`, digest, hint);
}

/** As above, and rings. A doorbell that is lost is made good by the tick. */
export async function receiveDelivery(
  home: { readonly store: Store; readonly queue: Queue; readonly now: () => number },
  delivery: Delivery,
): Promise<'new' | 'duplicate' | 'mismatch'> {
  const seen = await recordDelivery(home, delivery);
  if (seen === 'new') await home.queue.send('source', repoKey(delivery.alias));
  return seen;
}
