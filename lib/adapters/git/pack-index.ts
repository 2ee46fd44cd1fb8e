// Checks a received pack and makes its index. Nothing is believed: the checksum, every size and every delta are verified,
// and an object over the limits is refused by its declared size, before it is inflated.
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';
import type { GitLimits } from '../../core/source/git.ts';
import type { GitObject, ObjectType } from './objects.ts';
import { blobTooLarge, objectId } from './objects.ts';
import type { IndexEntry, PackedHeader } from './pack-format.ts';
import {
  applyDelta,
  deltaResultSize,
  encodeIndex,
  inflateExactly,
  packError,
  packedCrc,
  readHeader,
} from './pack-format.ts';

/** No real repository has more objects behind one branch than this; a pack that claims more is refused unread. */
const maxObjects = 2_000_000;
/** git itself never makes longer chains of deltas. */
const maxChain = 4095;
/** Inflated objects kept while deltas are resolved. */
const cacheBytes = 48 * 1024 * 1024;
/** Longest time without a turn for the rest of the process. */
const sliceMs = 15;

export interface IndexedPack {
  /** Hexadecimal checksum: the pack's name. */
  readonly name: string;
  readonly index: Buffer;
  readonly offsets: ReadonlyMap<string, number>;
}

/**
 * Verifies and indexes a pack. Throws `GitPackTruncated`, `GitPackCorrupt`, `GitPackTooLarge` (too many objects, or too much
 * when inflated), `GitBlobTooLarge`.
 */
export async function indexPack(pack: Buffer, limits: GitLimits): Promise<IndexedPack> {
  const count = readCount(pack);
  const sum = pack.subarray(-20);
  const sound = createHash('sha1').update(pack.subarray(0, -20)).digest().equals(sum);
  const indexer = new Indexer(pack, limits);
  if (!sound) throw await indexer.whatIsWrong(count);
  const entries = await indexer.run(count);
  const head = encodeIndex(entries, sum);
  const index = Buffer.concat([head, createHash('sha1').update(head).digest()]);
  return { name: sum.toString('hex'), index, offsets: new Map(entries.map((entry) => [entry.id, entry.offset])) };
}

function readCount(pack: Buffer): number {
  if (pack.length < 32) throw packError('GitPackTruncated', 'the pack has no objects');
  const version = pack.readUInt32BE(4);
  if (pack.toString('latin1', 0, 4) !== 'PACK' || (version !== 2 && version !== 3)) {
    throw packError('GitPackCorrupt', 'it is not a pack');
  }
  const count = pack.readUInt32BE(8);
  if (count > maxObjects) throw tooLarge(`it has ${count} objects`);
  return count;
}

function tooLarge(what: string): HoldfastError {
  return new HoldfastError({
    code: 'GitPackTooLarge',
    source: 'user',
    message: `The repository is too large: ${what}`,
    next: 'Follow a smaller repository, or raise the limits',
  });
}

interface Scanned {
  readonly offset: number;
  readonly header: PackedHeader;
  readonly end: number;
  depth: number;
  id?: string;
}

class Indexer {
  readonly #pack: Buffer;
  readonly #end: number;
  readonly #limits: GitLimits;
  readonly #objects = new Map<number, Scanned>();
  readonly #byId = new Map<string, number>();
  readonly #cache = new Map<number, GitObject>();
  #cached = 0;
  #inflated = 0;
  #sliceStart = performance.now();

  constructor(pack: Buffer, limits: GitLimits) {
    this.#pack = pack;
    this.#end = pack.length - 20;
    this.#limits = limits;
  }

  /** The checksum does not hold: cut off, or damaged? */
  async whatIsWrong(count: number): Promise<HoldfastError> {
    try {
      await this.#scan(count, this.#pack.length);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'GitPackTruncated') return error;
      return packError('GitPackCorrupt', 'its checksum is wrong', error);
    }
    return packError('GitPackCorrupt', 'its checksum is wrong');
  }

  async run(count: number): Promise<readonly IndexEntry[]> {
    const end = await this.#scan(count, this.#end);
    if (end !== this.#end) throw packError('GitPackCorrupt', 'there are bytes after the last object');
    await this.#resolve();
    return [...this.#objects.values()].map(({ id = '', offset, end }) => {
      return { id, offset, crc: packedCrc(this.#pack.subarray(offset, end)) };
    });
  }

  /** One pass over all objects: whole ones get their id here. Answers where the last one ends. */
  async #scan(count: number, limit: number): Promise<number> {
    let at = 12;
    for (let number = 0; number < count; number += 1) {
      const header = readHeader(this.#pack.subarray(0, limit), at, at);
      this.#admit(header.size);
      const { body, consumed } = inflateExactly(this.#pack.subarray(at + header.dataAt, limit), header.size);
      const scanned: Scanned = { offset: at, header, end: at + header.dataAt + consumed, depth: 0 };
      this.#objects.set(at, scanned);
      if (header.type === 'delta') this.#admit(deltaResultSize(body));
      else this.#known(scanned, { type: header.type, body });
      at = scanned.end;
      await this.#breathe();
    }
    return at;
  }

  #admit(size: number): void {
    if (size > this.#limits.blobBytes) throw blobTooLarge('', size, this.#limits.blobBytes);
    this.#inflated += size;
    // A pack is rarely a fifth of its content; far beyond that somebody wants our time and memory.
    if (this.#inflated > 8 * this.#limits.packBytes) throw tooLarge('its content would fill gigabytes');
  }

  #known(scanned: Scanned, object: GitObject): void {
    scanned.id = objectId(object.type, object.body);
    this.#byId.set(scanned.id, scanned.offset);
    this.#keep(scanned.offset, object);
  }

  /** Deltas get their ids. One on an id may stand before its base, so we go round until nothing moves. */
  async #resolve(): Promise<void> {
    let left = [...this.#objects.values()].filter((scanned) => scanned.id === undefined);
    while (left.length > 0) {
      const later: Scanned[] = [];
      for (const scanned of left) {
        const base = this.#baseOf(scanned);
        if (base?.id === undefined) {
          later.push(scanned);
          continue;
        }
        scanned.depth = base.depth + 1;
        if (scanned.depth > maxChain) throw packError('GitPackCorrupt', 'a chain of deltas is endless');
        this.#known(scanned, this.#read(scanned));
        await this.#breathe();
      }
      if (later.length === left.length) throw packError('GitPackCorrupt', 'a delta has no base in the pack');
      left = later;
    }
  }

  #baseOf(scanned: Scanned): Scanned | undefined {
    const { baseDistance, baseId } = scanned.header;
    const offset = baseDistance === undefined ? this.#byId.get(baseId ?? '') : scanned.offset - baseDistance;
    return offset === undefined ? undefined : this.#objects.get(offset);
  }

  /** Content of an object whose bases all have ids: down to the nearest one in the cache, and up again. */
  #read(scanned: Scanned): GitObject {
    const chain: Buffer[] = [];
    let at = scanned;
    for (;;) {
      const cached = this.#cache.get(at.offset);
      if (cached !== undefined) return this.#apply(cached, chain);
      const from = at.offset + at.header.dataAt;
      const { body } = inflateExactly(this.#pack.subarray(from, this.#end), at.header.size);
      if (at.header.type !== 'delta') return this.#apply({ type: at.header.type, body }, chain);
      chain.push(body);
      const base = this.#baseOf(at);
      if (base === undefined) throw packError('GitPackCorrupt', 'a delta has no base in the pack');
      at = base;
    }
  }

  #apply(base: { type: ObjectType; body: Buffer }, chain: readonly Buffer[]): GitObject {
    let body = base.body;
    for (const delta of chain.toReversed()) body = applyDelta(body, delta, this.#limits.blobBytes);
    return { type: base.type, body };
  }

  #keep(offset: number, object: GitObject): void {
    this.#cache.set(offset, object);
    this.#cached += object.body.length;
    for (const [oldest, { body }] of this.#cache) {
      if (this.#cached <= cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cached -= body.length;
    }
  }

  async #breathe(): Promise<void> {
    if (performance.now() - this.#sliceStart < sliceMs) return;
    await turn();
    this.#sliceStart = performance.now();
  }
}
