// Blobs of one machine: small ones are rows of the database, where many are one write; larger ones are files.
import type { Blobs } from '../../core/reconcile/store.ts';
import type { Database } from '../store/database.ts';
import { keyNames } from './keys.ts';

export interface LocalBlobsOptions {
  readonly database: Database;
  /** Where large blobs go; what lies there under any key is found, too. */
  readonly files: Blobs;
  /** Bytes up to which a blob is small. Default 64 KiB. */
  readonly smallBytes?: number;
}

const PUT = 'INSERT INTO blobs (key, bytes) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes';
const DELETE = 'DELETE FROM blobs WHERE key = ?';
const HAS = 'SELECT 1 FROM blobs WHERE key = ?';
/** Sorts after every key that begins with the prefix it is put behind. */
const AFTER = '\u{10FFFF}';

/**
 * A row is there as soon as it was put, and with the order of the store's own writes: what a row of the store points at is never
 * newer than what survived. A key has a row or a file; while it changes from one to the other the row counts.
 */
export function localBlobs({ database, files, smallBytes = 65_536 }: LocalBlobsOptions): Blobs {
  const checked = (key: string): string => keyNames(key).join('/');
  const kept = (key: string): boolean => database.read(() => database.statement(HAS).get(checked(key)) !== undefined);
  return {
    put: async (key, bytes) => {
      if (bytes.length <= smallBytes) {
        // Its own copy: the write is made a moment later, and the caller may go on writing into its buffer.
        const copy = bytes.slice();
        const name = checked(key);
        await database.soon(() => database.statement(PUT).run(name, copy));
        return;
      }
      await files.put(key, bytes);
      if (kept(key)) database.write(() => database.statement(DELETE).run(key));
    },
    get: async (key) => {
      const name = checked(key);
      const found = database.read(() => database.statement('SELECT bytes FROM blobs WHERE key = ?').get(name));
      const bytes: unknown = found?.['bytes'];
      return bytes instanceof Uint8Array ? bytes : await files.get(key);
    },
    has: async (key) => kept(key) || (await files.has(key)),
    delete: async (key) => {
      // The file first: it must not come to light again once the row is gone.
      await files.delete(key);
      if (kept(key)) database.write(() => database.statement(DELETE).run(key));
    },
    list: async (prefix) => {
      const rows = database.read(() =>
        database.statement('SELECT key FROM blobs WHERE key >= ? AND key < ?').all(prefix, prefix + AFTER),
      );
      return [...new Set([...rows.map(({ key }) => String(key)), ...(await files.list(prefix))])].sort();
    },
  };
}
