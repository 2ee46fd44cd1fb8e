// The blob contract on every blob store we ship.
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { fsBlobs } from '../../lib/adapters/blob/fs.ts';
import { localBlobs } from '../../lib/adapters/blob/local.ts';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { tempDir } from '../support/temp-dir.ts';
import { blobsContract } from './blobs.ts';

blobsContract('memory', () => memoryBlobs());
blobsContract('fs', () => fsBlobs(tempDir()));
blobsContract('local', () => local(65_536));
blobsContract('local, in files', () => local(-1));

function local(smallBytes: number): ReturnType<typeof localBlobs> {
  const directory = tempDir();
  const database = openDatabase({ file: join(directory, 'state.db') });
  onTestFinished(() => database.close());
  return localBlobs({ database, files: fsBlobs(join(directory, 'blobs')), smallBytes });
}
