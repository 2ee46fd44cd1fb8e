// A pushed image as a hint to every repository that follows it. The same event may come twice.
import type { Queue, Store } from '../core/reconcile/store.ts';
import type { ImageHint } from '../core/trigger/ecr.ts';
import { repoKey } from './rows.ts';

/** Aliases of the repositories that follow the image; each was rung for once per event. `digest` stands in for an id. */
export async function hintFollowers(
  { store, queue, now }: { readonly store: Store; readonly queue: Queue; readonly now: () => number },
  event: ImageHint,
  digest: string,
): Promise<readonly string[]> {
  const followers = await store.followers(event.image);
  const trigger = { kind: 'image', at: now(), note: `${event.image}:${event.tag}` } as const;
  for (const alias of followers) {
    const key = repoKey(alias);
    const delivery = `event:${event.id === '' ? digest : event.id}:${alias}`;
    const seen = await store.delivery(delivery, digest, { key, trigger });
    if (seen === 'new') await queue.send('source', key);
  }
  return followers;
}
