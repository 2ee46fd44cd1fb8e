// Blobs as files that only the owner can read. A file appears under its name only when it is complete.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import type { Blobs } from '../../core/reconcile/store.ts';
import { startTime } from '../store/holder.ts';
import { isKeyName, keyNames } from './keys.ts';

/** Begins the name of a directory that spreads the files of one key prefix; no name of a key begins so. */
const SPREAD = '~';
const STALE_MS = 24 * 3_600_000;

/**
 * Blobs below `directory`. Written beside and renamed, without waiting for the disk: after the death of the process every blob
 * is whole; after a loss of power the last ones may be missing, and are made again.
 */
export function fsBlobs(directory: string): Blobs {
  const data = join(directory, 'data');
  const temp = join(directory, 'tmp');
  const made = new Set<string>();
  const ensure = (path: string): void => {
    if (made.has(path)) return;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    made.add(path);
  };
  answering(directory, () => {
    ensure(data);
    ensure(temp);
    sweep(temp);
  });
  const place = (key: string): string => join(data, ...placeOf(key));
  // Unique in the process by the number, among processes that share an id over time by the random part.
  const own = `${process.pid}-${randomBytes(8).toString('hex')}`;
  let written = 0;
  const write = (path: string, bytes: Uint8Array): void => {
    const beside = join(temp, `${own}-${++written}`);
    try {
      writeFileSync(beside, bytes, { mode: 0o600, flag: 'wx' });
      renameSync(beside, path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  };
  return {
    put: async (key, bytes) =>
      answering(key, () => {
        const path = place(key);
        ensure(dirname(path));
        write(path, bytes);
      }),
    get: async (key) => answering(key, () => readIfThere(place(key))),
    has: async (key) => answering(key, () => existsSync(place(key))),
    delete: async (key) => answering(key, () => rmSync(place(key), { force: true })),
    list: async (prefix) =>
      answering(prefix, () => {
        const folders = prefix.split('/').slice(0, -1);
        if (!folders.every(isKeyName)) return [];
        const found = keysBelow(join(data, ...folders.map(encodeName)), folders.join('/'));
        return found.filter((key) => key.startsWith(prefix)).sort();
      }),
  };
}

/** `inputs/3f9a…` lies in `inputs/~xx/3f9a…`: two levels, so that no directory grows to tens of thousands of files. */
function placeOf(key: string): readonly string[] {
  const names = keyNames(key).map(encodeName);
  const last = names.at(-1) ?? '';
  return [...names.slice(0, -1), SPREAD + spread(last), last];
}

/** Two hex digits from all characters of a name (FNV-1a): the same on every machine, and even for names that differ at their end only. */
function spread(name: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return ((hash >>> 8) & 0xff).toString(16).padStart(2, '0');
}

/** Upper case is written out, because `A` and `a` are one file on some file systems; a dot in front too, because it hides. */
function encodeName(name: string): string {
  return name.replace(/[A-Z%]|^\./g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

function decodeName(name: string): string {
  return name.replace(/%([0-9a-f]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function keysBelow(folder: string, prefix: string): string[] {
  const keys: string[] = [];
  for (const entry of entriesOf(folder)) {
    if (!entry.isDirectory()) keys.push(joinKey(prefix, entry.name));
    else if (entry.name.startsWith(SPREAD)) keys.push(...keysBelow(join(folder, entry.name), prefix));
    else keys.push(...keysBelow(join(folder, entry.name), joinKey(prefix, entry.name)));
  }
  return keys;
}

function joinKey(prefix: string, name: string): string {
  return prefix === '' ? decodeName(name) : `${prefix}/${decodeName(name)}`;
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Removes what processes left that died while writing. */
function sweep(temp: string): void {
  for (const name of readdirSync(temp)) {
    const path = join(temp, name);
    const pid = Number(name.split('-')[0]);
    const abandoned = (pid !== process.pid && startTime(pid) === undefined) || ageOf(path) > STALE_MS;
    if (abandoned) rmSync(path, { force: true });
  }
}

function ageOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Date.now() - stat.mtimeMs;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Ours pass; a full disk or missing rights are the store's failure. */
function answering<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    throw new HoldfastError({
      code: 'StoreUnavailable',
      source: 'system',
      message:
        codeOf(error) === 'ENOSPC' ? 'The disk of the data directory is full' : `${what} cannot be read or written`,
      object: what,
      reason: error instanceof Error ? error.message : String(error),
      retryable: true,
      next: 'holdfast doctor',
      cause: error,
    });
  }
}
