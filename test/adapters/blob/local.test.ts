// Small blobs in the database, large ones in files: a key has one content, wherever it lay before.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fsBlobs } from '../../../lib/adapters/blob/fs.ts';
import { localBlobs } from '../../../lib/adapters/blob/local.ts';
import { openDatabase } from '../../../lib/adapters/store/database.ts';
import { tempDir } from '../../support/temp-dir.ts';

const small = new Uint8Array(10).fill(1);
const large = new Uint8Array(11).fill(2);

function setUp() {
  const directory = tempDir();
  const database = openDatabase({ file: join(directory, 'state.db') });
  onTestFinished(() => database.close());
  const files = fsBlobs(join(directory, 'blobs'));
  const written = (): number =>
    readdirSync(join(directory, 'blobs/data'), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
      .length;
  return { blobs: localBlobs({ database, files, smallBytes: 10 }), files, written };
}

it('makes a file of a large blob only', async () => {
  const { blobs, written } = setUp();
  await blobs.put('desired/a', small);
  expect(written()).toBe(0);
  await blobs.put('desired/b', large);
  expect(written()).toBe(1);
  expect(await blobs.get('desired/b')).toEqual(Buffer.from(large));
});

it('gives the last content of a key that grew and shrank', async () => {
  const { blobs } = setUp();
  for (const bytes of [small, large, small, large]) {
    await blobs.put('prepared/a', bytes);
    expect(new Uint8Array((await blobs.get('prepared/a')) ?? [])).toEqual(bytes);
    expect(await blobs.list('prepared/')).toEqual(['prepared/a']);
  }
});

it('leaves nothing of a deleted key', async () => {
  const { blobs, written } = setUp();
  await blobs.put('prepared/a', large);
  await blobs.put('prepared/a', small);
  await blobs.delete('prepared/a');
  expect(await blobs.get('prepared/a')).toBeUndefined();
  expect(await blobs.list('')).toEqual([]);
  expect(written()).toBe(0);
});

it('finds small blobs that lie in files', async () => {
  const { blobs, files } = setUp();
  await files.put('desired/a', small);
  expect(await blobs.has('desired/a')).toBe(true);
  expect(await blobs.get('desired/a')).toEqual(Buffer.from(small));
  expect(await blobs.list('desired/')).toEqual(['desired/a']);
  await blobs.delete('desired/a');
  expect(await blobs.has('desired/a')).toBe(false);
});
