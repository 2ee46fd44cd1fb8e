// Git's pack format: object headers, deltas, and the index that git itself can read. Sizes are checked before anything is inflated.
import { crc32, inflateSync } from 'node:zlib';
import { HoldfastError } from '../../core/errors.ts';
import type { ObjectType } from './objects.ts';
import { blobTooLarge } from './objects.ts';

/** An object as it stands in a pack: whole, or a delta on an object at an earlier offset or of an id. */
export interface PackedHeader {
  readonly type: ObjectType | 'delta';
  /** Declared size of what is compressed: of the content, or of the delta. */
  readonly size: number;
  /** Where the compressed bytes begin, counted from the start of the header. */
  readonly dataAt: number;
  /** Of a delta: bytes back to its base in the same pack. */
  readonly baseDistance?: number;
  readonly baseId?: string;
}

export function packError(code: 'GitPackTruncated' | 'GitPackCorrupt', what: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code,
    source: 'remote',
    message: `What the Git host sent cannot be used: ${what}`,
    retryable: true,
    cause,
  });
}

const types: Readonly<Record<number, ObjectType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

/** Reads the header of the object that starts at `at`, which is at `offset` of the whole pack. Throws `GitPackTruncated`, `GitPackCorrupt`. */
export function readHeader(bytes: Buffer, at: number, offset: number): PackedHeader {
  const next = (index: number): number => {
    const byte = bytes[index];
    if (byte === undefined) throw packError('GitPackTruncated', 'the pack ends inside an object');
    return byte;
  };
  let position = at;
  let byte = next(position++);
  const number = (byte >> 4) & 7;
  let size = byte & 15;
  for (let factor = 16; byte & 0x80; factor *= 128) {
    byte = next(position++);
    size += (byte & 0x7f) * factor;
    if (size > Number.MAX_SAFE_INTEGER) throw packError('GitPackCorrupt', 'an object has no sensible size');
  }
  const type = types[number];
  if (type !== undefined) return { type, size, dataAt: position - at };
  if (number === 7) {
    next(position + 19);
    const baseId = bytes.toString('hex', position, position + 20);
    return { type: 'delta', size, dataAt: position + 20 - at, baseId };
  }
  if (number !== 6) throw packError('GitPackCorrupt', 'an object has an unknown type');
  byte = next(position++);
  let distance = byte & 0x7f;
  while (byte & 0x80) {
    byte = next(position++);
    distance = (distance + 1) * 128 + (byte & 0x7f);
    if (distance > offset) throw packError('GitPackCorrupt', 'a delta has its base before the start of the pack');
  }
  return { type: 'delta', size, dataAt: position - at, baseDistance: distance };
}

/** Inflates exactly `size` bytes; tells how many compressed bytes that took. Throws when the stream says anything else. */
export function inflateExactly(bytes: Buffer, size: number): { body: Buffer; consumed: number } {
  let result: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    result = inflateSync(bytes, {
      info: true,
      maxOutputLength: Math.max(size, 1),
      chunkSize: Math.max(64, Math.min(size + 1, 1024 * 1024)),
    }) as unknown as typeof result;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') throw packError('GitPackTruncated', 'the pack ends inside an object', error);
    throw packError('GitPackCorrupt', 'an object cannot be inflated to its declared size', error);
  }
  if (result.buffer.length !== size) throw packError('GitPackCorrupt', 'an object is shorter than it says');
  return { body: result.buffer, consumed: result.engine.bytesWritten };
}

/** A number at the start of a delta: 7 bits per byte, lowest first. */
function deltaNumber(delta: Buffer, at: number): { value: number; next: number } {
  let value = 0;
  let next = at;
  for (let factor = 1; ; factor *= 128) {
    const byte = delta[next++];
    if (byte === undefined) throw packError('GitPackCorrupt', 'a delta is cut off');
    value += (byte & 0x7f) * factor;
    if (value > Number.MAX_SAFE_INTEGER) throw packError('GitPackCorrupt', 'a delta has no sensible size');
    if ((byte & 0x80) === 0) return { value, next };
  }
}

/** Size of what a delta makes, without making it. */
export function deltaResultSize(delta: Buffer): number {
  return deltaNumber(delta, deltaNumber(delta, 0).next).value;
}

/** Applies a delta to its base. Throws `GitPackCorrupt`, `GitBlobTooLarge`. */
export function applyDelta(base: Buffer, delta: Buffer, maxBytes: number): Buffer {
  const from = deltaNumber(delta, 0);
  const to = deltaNumber(delta, from.next);
  if (from.value !== base.length) throw packError('GitPackCorrupt', 'a delta does not fit its base');
  if (to.value > maxBytes) throw blobTooLarge('', to.value, maxBytes);
  const result = Buffer.allocUnsafe(to.value);
  let at = to.next;
  let end = 0;
  while (at < delta.length) {
    const op = delta[at++] ?? 0;
    if (op === 0) throw packError('GitPackCorrupt', 'a delta has an unknown instruction');
    let start = 0;
    let length = op;
    if (op & 0x80) {
      length = 0;
      for (let bit = 0; bit < 4; bit += 1) if (op & (1 << bit)) start += (delta[at++] ?? 0) * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit += 1) if (op & (16 << bit)) length += (delta[at++] ?? 0) * 2 ** (8 * bit);
      if (length === 0) length = 0x10000;
    }
    const source = op & 0x80 ? base : delta;
    if (!(op & 0x80)) {
      start = at;
      at += length;
    }
    if (start + length > source.length || end + length > result.length) {
      throw packError('GitPackCorrupt', 'a delta reaches beyond its base');
    }
    source.copy(result, end, start, start + length);
    end += length;
  }
  if (end !== result.length) throw packError('GitPackCorrupt', 'a delta makes less than it says');
  return result;
}

/** What an index records of one object. */
export interface IndexEntry {
  readonly id: string;
  readonly offset: number;
  readonly crc: number;
}

/** CRC-32 over an object's bytes in the pack, for the index. */
export function packedCrc(bytes: Uint8Array): number {
  return crc32(bytes);
}

/** The text of an index, version 2, for a pack under 2 GiB, without its own last checksum. */
export function encodeIndex(entries: readonly IndexEntry[], packSum: Buffer): Buffer {
  const sorted = [...entries].sort((a, b) => (a.id < b.id ? -1 : 1));
  const count = sorted.length;
  const index = Buffer.alloc(8 + 1024 + count * 28 + 20);
  index.writeUInt32BE(0xff744f63, 0);
  index.writeUInt32BE(2, 4);
  let seen = 0;
  for (let first = 0; first < 256; first += 1) {
    while (seen < count && Number.parseInt(sorted[seen]?.id.slice(0, 2) ?? '', 16) <= first) seen += 1;
    index.writeUInt32BE(seen, 8 + first * 4);
  }
  for (const [at, entry] of sorted.entries()) {
    index.write(entry.id, 1032 + at * 20, 'hex');
    index.writeUInt32BE(entry.crc, 1032 + count * 20 + at * 4);
    index.writeUInt32BE(entry.offset, 1032 + count * 24 + at * 4);
  }
  packSum.copy(index, 1032 + count * 28);
  return index;
}

/** Ids and offsets of an index. Undefined when the bytes are no index of version 2. */
export function decodeIndex(index: Buffer): Map<string, number> | undefined {
  if (index.length < 1072 || index.readUInt32BE(0) !== 0xff744f63 || index.readUInt32BE(4) !== 2) return undefined;
  const count = index.readUInt32BE(1028);
  if (index.length < 1032 + count * 28 + 40) return undefined;
  const offsets = new Map<string, number>();
  for (let at = 0; at < count; at += 1) {
    const id = index.toString('hex', 1032 + at * 20, 1052 + at * 20);
    offsets.set(id, index.readUInt32BE(1032 + count * 24 + at * 4));
  }
  return offsets;
}
