// The blob contract on every blob store we ship.
import { fsBlobs } from '../../lib/adapters/blob/fs.ts';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { tempDir } from '../support/temp-dir.ts';
import { blobsContract } from './blobs.ts';

blobsContract('memory', () => memoryBlobs());
blobsContract('fs', () => fsBlobs(tempDir()));
