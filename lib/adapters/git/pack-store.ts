// The packs of one bare directory: objects by id, read from disk when asked for. Files appear whole or not at all.
import { randomUUID } from 'node:crypto';
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';
import type { GitLimits } from '../../core/source/git.ts';
import type { GitObject } from './objects.ts';
import { blobTooLarge, objectId, objectMissing } from './objects.ts';
import { applyDelta, decodeIndex, inflateExactly, readHeader } from './pack-format.ts';
import { indexPack } from './pack-index.ts';

interface Pack {
  readonly file: string;
  readonly offsets: ReadonlyMap<string, number>;
  /** All offsets and the end of the last object, ascending: an object ends where the next begins. */
  readonly bounds: readonly number[];
}

/** Small packs are read whole once; larger ones object by object. */
const wholeBytes = 32 * 1024 * 1024;

/** Writes a file so that it is there whole or not at all. Throws `GitStoreFailed`. */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw storeFailed(error);
  }
}

/** Reads and adds packs in `<directory>/objects/pack`. */
export class PackStore {
  readonly #packs = new Map<string, Pack>();
  readonly #whole = new Map<string, Promise<Buffer>>();
  readonly #directory: string;
  readonly #limits: GitLimits;

  constructor(gitDirectory: string, limits: GitLimits) {
    this.#directory = join(gitDirectory, 'objects', 'pack');
    this.#limits = limits;
  }

  /** How many packs there are. */
  get count(): number {
    return this.#packs.size;
  }

  /** Bytes of all packs but the largest: what later fetches have added to the first. */
  get addedBytes(): number {
    const sizes = [...this.#packs.values()].map(({ bounds }) => bounds.at(-1) ?? 0);
    return sizes.reduce((sum, size) => sum + size, 0) - Math.max(0, ...sizes);
  }

  /** Reads the indexes of packs that were not known yet. Throws `GitRepositoryCorrupt`. */
  async load(): Promise<void> {
    const names = await readdir(this.#directory).catch(() => []);
    for (const name of names) {
      if (!name.endsWith('.idx') || this.#packs.has(name)) continue;
      const offsets = decodeIndex(await readFile(join(this.#directory, name)));
      const file = join(this.#directory, name.replace(/\.idx$/, '.pack'));
      const size = await fileSize(file);
      if (offsets === undefined || size === undefined) throw corrupt(`the pack ${name} cannot be read`);
      this.#add(name, file, offsets, size);
    }
  }

  has(id: string): boolean {
    for (const pack of this.#packs.values()) if (pack.offsets.has(id)) return true;
    return false;
  }

  /** Checks a pack and keeps it. Throws what `indexPack` throws. */
  async add(bytes: Buffer): Promise<void> {
    const { name, index, offsets } = await indexPack(bytes, this.#limits);
    const file = join(this.#directory, `pack-${name}.pack`);
    await writeWhole(file, bytes);
    // The index comes last: a pack without one does not exist.
    await writeWhole(join(this.#directory, `pack-${name}.idx`), index);
    this.#add(`pack-${name}.idx`, file, offsets, bytes.length);
  }

  /** An object by id. Throws `GitObjectMissing`, `GitBlobTooLarge`, `GitRepositoryCorrupt`. */
  async read(id: string): Promise<GitObject> {
    for (const pack of this.#packs.values()) {
      const offset = pack.offsets.get(id);
      if (offset === undefined) continue;
      const object = await this.#readAt(pack, offset);
      if (objectId(object.type, object.body) !== id) throw corrupt(`the object ${id} is damaged`);
      return object;
    }
    throw objectMissing(id);
  }

  #add(name: string, file: string, offsets: ReadonlyMap<string, number>, size: number): void {
    const bounds = [...offsets.values(), size - 20].sort((a, b) => a - b);
    this.#packs.set(name, { file, offsets, bounds });
  }

  async #readAt(pack: Pack, offset: number): Promise<GitObject> {
    const deltas: Buffer[] = [];
    let at = offset;
    try {
      for (;;) {
        const bytes = await this.#slice(pack, at);
        const header = readHeader(bytes, 0, at);
        if (header.size > this.#limits.blobBytes) throw blobTooLarge('', header.size, this.#limits.blobBytes);
        let { body } = inflateExactly(bytes.subarray(header.dataAt), header.size);
        if (header.type !== 'delta') {
          for (const delta of deltas.toReversed()) body = applyDelta(body, delta, this.#limits.blobBytes);
          return { type: header.type, body };
        }
        deltas.push(body);
        const base =
          header.baseDistance === undefined ? pack.offsets.get(header.baseId ?? '') : at - header.baseDistance;
        if (base === undefined || deltas.length > 4096) throw corrupt('a delta has no base');
        at = base;
      }
    } catch (error) {
      // What was checked when it came cannot be wrong now unless the disk changed it.
      if (error instanceof HoldfastError && error.code === 'GitBlobTooLarge') throw error;
      throw corrupt('an object cannot be read', error);
    }
  }

  async #slice(pack: Pack, offset: number): Promise<Buffer> {
    const end = nextBound(pack.bounds, offset);
    if ((pack.bounds.at(-1) ?? 0) <= wholeBytes) {
      const known = this.#whole.get(pack.file) ?? readFile(pack.file);
      this.#whole.set(pack.file, known);
      return (await known).subarray(offset, end);
    }
    const file = await open(pack.file, 'r');
    try {
      const bytes = Buffer.allocUnsafe(end - offset);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  }
}

function nextBound(bounds: readonly number[], offset: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return bounds[low] ?? offset;
}

async function fileSize(file: string): Promise<number | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

/** A full or read-only disk as what it is; other errors as they are. */
export function storeFailed(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (error instanceof HoldfastError || !/^E[A-Z]+$/.test(code)) return error;
  return new HoldfastError({
    code: 'GitStoreFailed',
    source: 'system',
    message: `The copy of the repository cannot be written (${code})`,
    retryable: true,
    next: 'Make room in the data directory',
    cause: error,
  });
}

/** The error for a stored repository that cannot be read any more; it is fetched anew the next time. */
export function corrupt(what: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'GitRepositoryCorrupt',
    source: 'system',
    message: `The stored copy of the repository is damaged (${what}); it is fetched anew`,
    retryable: true,
    cause,
  });
}
