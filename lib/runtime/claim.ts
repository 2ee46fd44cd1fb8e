// One server per data directory: the claim is in the store, so that two that start at the same moment cannot both have it.
import { HoldfastError } from '../core/errors.ts';
import { isObject } from '../core/json.ts';
import type { Store } from '../core/reconcile/store.ts';

const name = 'server';

export interface Claim {
  /** Gives the directory free again. */
  release(): Promise<void>;
}

/** Claims a data directory for `holder`. The claim of a process that is gone does not count. Throws `AlreadyRunning`. */
export async function claimDirectory(
  store: Pick<Store, 'getValue' | 'setValue'>,
  holder: string,
  alive: (holder: string) => boolean,
): Promise<Claim> {
  const claim = { v: 1, holder };
  for (;;) {
    const found = await store.getValue(name);
    const other = isObject(found) && typeof found['holder'] === 'string' ? found['holder'] : undefined;
    if (other !== undefined && alive(other)) throw alreadyRunning(other);
    if (await store.setValue(name, claim, found)) break;
  }
  return {
    release: async () => {
      await store.setValue(name, { v: 1 }, claim);
    },
  };
}

function alreadyRunning(holder: string): HoldfastError {
  const process = holder.split(':')[1] ?? '';
  return new HoldfastError({
    code: 'AlreadyRunning',
    source: 'user',
    message: `A Holdfast server (process ${process}) already works with this data directory`,
    next: 'Use it, stop it, or give this one another directory with --data DIR',
  });
}
