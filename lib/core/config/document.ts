// A config file as plain values that keep their places, so that every problem can name line and column.
import type { ConfigCode } from './problems.ts';
import type { Position } from './model.ts';

/** Where a value is: keys and indexes from the root. */
export type Path = readonly (string | number)[];

/** One member of a mapping or list and where it stands, in characters from the start of the text. */
export interface Member {
  readonly key: string | number;
  readonly keyAt: number;
  readonly valueAt: number;
  /** For an unquoted scalar its text as it stands in the file. */
  readonly written?: string;
}

/** Something wrong that reading alone can see. An empty path means the whole file is unusable. */
export interface ReadFault {
  readonly path: Path;
  readonly at: number;
  readonly code: ConfigCode;
  readonly message: string;
}

/** What a reader of YAML hands over. */
export interface ReadResult {
  readonly value: unknown;
  /** Where the root value stands. */
  readonly rootAt: number;
  /** Members of each mapping and list in `value`. */
  readonly members: ReadonlyMap<object, readonly Member[]>;
  readonly faults: readonly ReadFault[];
}

/** Limits on what a config file may make us build. */
export const documentLimits = { characters: 4 * 1024 * 1024, depth: 64, values: 500_000 } as const;

/** A mapping: not null, not a list. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A config file that was read. */
export class ConfigDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #text: string;
  readonly #read: ReadResult;
  #lineStarts: number[] | undefined;

  constructor(file: string, text: string, read: ReadResult) {
    this.file = file;
    this.value = read.value;
    this.#text = text;
    this.#read = read;
  }

  /** Where the value at `path` stands, or its key; what is not there gives the place of its nearest ancestor. */
  place(path: Path, part: 'key' | 'value' = 'value'): Position {
    let at = this.#read.rootAt;
    let holder: unknown = this.value;
    for (const [index, key] of path.entries()) {
      const member = this.#member(holder, key);
      if (member === undefined) break;
      at = part === 'key' && index === path.length - 1 ? member.keyAt : member.valueAt;
      holder = (holder as Record<string | number, unknown>)[key];
    }
    return this.position(at);
  }

  /** The text of the unquoted scalar at `path`, as it stands in the file. */
  written(path: Path): string | undefined {
    const last = path.at(-1);
    if (last === undefined) return undefined;
    return this.#member(valueAt(this.value, path.slice(0, -1)), last)?.written;
  }

  /** Line and column of a character. */
  position(at: number): Position {
    this.#lineStarts ??= lineStarts(this.#text);
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { file: this.file, line: low + 1, column: at - (starts[low] ?? 0) + 1 };
  }

  #member(holder: unknown, key: string | number): Member | undefined {
    if (typeof holder !== 'object' || holder === null) return undefined;
    const members = this.#read.members.get(holder);
    if (Array.isArray(holder)) return typeof key === 'number' ? members?.[key] : undefined;
    return members?.find((member) => member.key === String(key));
  }
}

/** The value at a path, or undefined. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
