// Writes large blobs as fast as it can, until somebody kills it.
import { fsBlobs } from '../../lib/adapters/blob/fs.ts';

/** Size of each blob; all bytes of a blob are equal. */
export const BLOB_BYTES = 16 * 1024 * 1024;

if (process.argv[2] !== undefined) {
  const blobs = fsBlobs(process.argv[2]);
  const contents = [1, 2, 3].map((byte) => new Uint8Array(BLOB_BYTES).fill(byte));
  for (let n = 0; ; n += 1) {
    await blobs.put(`packs/${n % 2}`, contents[n % 3] ?? new Uint8Array());
    if (n === 3) process.stdout.write('writing\n');
  }
}
