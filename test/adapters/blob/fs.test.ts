// Files: rights, kills, leftovers, and a directory that cannot be written.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fsBlobs } from '../../../lib/adapters/blob/fs.ts';
import { BLOB_BYTES } from '../../support/blob-writer.ts';
import { tempDir } from '../../support/temp-dir.ts';

const bytes = new TextEncoder().encode('content');

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

it('lets only the owner read files and directories', async () => {
  const directory = join(tempDir(), 'blobs');
  await fsBlobs(directory).put('desired/abc', bytes);
  const [file] = filesBelow(join(directory, 'data'));
  expect(statSync(file!).mode & 0o777).toBe(0o600);
  const folders = readdirSync(directory, { withFileTypes: true, recursive: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const folder of folders) expect(statSync(join(folder.parentPath, folder.name)).mode & 0o777).toBe(0o700);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

it('spreads many keys over directories, evenly', async () => {
  const directory = tempDir();
  const blobs = fsBlobs(directory);
  for (let i = 0; i < 600; i += 1) await blobs.put(`inputs/sha-${i}`, bytes);
  const folders = readdirSync(join(directory, 'data/inputs'));
  expect(folders.length).toBeGreaterThan(150);
  expect(Math.max(...folders.map((name) => readdirSync(join(directory, 'data/inputs', name)).length))).toBeLessThan(15);
});

it('shows only whole blobs after its process was killed in the middle of writing', async () => {
  const directory = tempDir();
  const script = join(import.meta.dirname, '../../support/blob-writer.ts');
  for (let kill = 0; kill < 4; kill += 1) {
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const blobs = fsBlobs(directory);
    const keys = await blobs.list('packs/');
    expect(keys).toHaveLength(2);
    for (const key of keys) {
      const found = await blobs.get(key);
      expect(found).toHaveLength(BLOB_BYTES);
      expect(Buffer.from(found!).equals(Buffer.alloc(BLOB_BYTES, found![0]))).toBe(true);
    }
    expect(readdirSync(join(directory, 'tmp'))).toEqual([]);
  }
});

it('sweeps what dead processes left, and leaves alone what a living one is writing', () => {
  const directory = tempDir();
  const temp = join(directory, 'tmp');
  mkdirSync(temp, { recursive: true });
  const old = `${process.pid}-old`;
  for (const name of [`${process.pid}-mine`, `${process.ppid}-theirs`, '4194999-gone', 'strange', old]) {
    writeFileSync(join(temp, name), 'half');
  }
  utimesSync(join(temp, old), 1, 1);
  fsBlobs(directory);
  expect(readdirSync(temp).sort()).toEqual([`${process.pid}-mine`, `${process.ppid}-theirs`].sort());
});

it('says that the store is unavailable when a blob cannot be written', async () => {
  const directory = tempDir();
  const blobs = fsBlobs(directory);
  writeFileSync(join(directory, 'data/taken'), '');
  await expect(blobs.put('taken/abc', bytes)).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true });
  writeFileSync(join(directory, 'file'), '');
  expect(() => fsBlobs(join(directory, 'file/blobs'))).toThrow(expect.objectContaining({ code: 'StoreUnavailable' }));
});
