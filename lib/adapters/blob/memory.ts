// Blobs in memory, for tests.
import type { Blobs } from '../../core/reconcile/store.ts';
import { keyNames } from './keys.ts';

/** Keeps copies, so that a caller that goes on writing into its buffer changes nothing. */
export function memoryBlobs(): Blobs {
  const kept = new Map<string, Uint8Array>();
  const checked = (key: string): string => keyNames(key).join('/');
  return {
    put: async (key, bytes) => {
      kept.set(checked(key), bytes.slice());
    },
    get: async (key) => kept.get(checked(key))?.slice(),
    has: async (key) => kept.has(checked(key)),
    delete: async (key) => {
      kept.delete(checked(key));
    },
    list: async (prefix) => [...kept.keys()].filter((key) => key.startsWith(prefix)).sort(),
  };
}
