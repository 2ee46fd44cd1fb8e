// Writes large blobs as fast as it can, until somebody kills it.
import { fsBlobs } from '../../lib/adapters/blob/fs.ts';

/** Size of each blob; every byte of blob n is n. */
export const BLOB_BYTES = 4 * 1024 * 1024;

if (process.argv[2] !== undefined) {
  const blobs = fsBlobs(process.argv[2]);
  for (let n = 0; ; n += 1) {
    await blobs.put(`packs/${n % 8}`, new Uint8Array(BLOB_BYTES).fill(n % 256));
    if (n === 8) process.stdout.write('writing\n');
  }
}
