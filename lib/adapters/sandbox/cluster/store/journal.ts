// An append-only file of what was written: one line per write, so that a process killed at any moment loses at most the line it was writing.
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { HoldfastError } from '../../../../core/errors.ts';

/** One write: an object in its JSON text, or the name of one that is gone. */
export type JournalEntry =
  | { readonly kind: 'put'; readonly shelf: string; readonly version: number; readonly text: string }
  | { readonly kind: 'delete'; readonly shelf: string; readonly version: number; readonly key: string };

const HEADER = 'holdfast-sandbox-cluster\t1';
/** Below this it is never worth rewriting. */
const SMALLEST_REWRITE = 4_000_000;

/** The open file. Written to the page cache at once: it survives the process, and a sandbox does not have to survive the machine. */
export class Journal {
  readonly #path: string;
  #file: number;
  #size: number;
  #rewriteAt: number;

  private constructor(path: string, file: number, size: number) {
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#rewriteAt = Math.max(SMALLEST_REWRITE, size * 2);
  }

  /** Opens or makes the file and gives every whole line to `replay`. A torn last line is cut off. */
  static open(path: string, replay: (entry: JournalEntry) => void): Journal {
    const isNew = !existsSync(path);
    const file = openSync(path, 'a+', 0o600);
    if (isNew) writeSync(file, `${HEADER}\n`);
    const bytes = readFileSync(path);
    const whole = bytes.lastIndexOf(0x0a) + 1;
    if (whole < bytes.length) ftruncateSync(file, whole);
    const lines = bytes.subarray(0, whole).toString('utf8').split('\n');
    if (lines[0] !== HEADER) {
      if (whole > 0) throw unreadable(path);
      writeSync(file, `${HEADER}\n`);
    }
    for (const line of lines.slice(1)) if (line !== '') replay(parseLine(line, path));
    return new Journal(path, file, whole);
  }

  append(entry: JournalEntry): void {
    this.#size += writeSync(this.#file, lineOf(entry));
  }

  /** Whether most of the file is history that nobody needs any more. */
  get isLong(): boolean {
    return this.#size > this.#rewriteAt;
  }

  /** Replaces the history with what is there now. The old file stands until the new one is whole. */
  rewrite(entries: Iterable<JournalEntry>): void {
    const next = `${this.#path}.next`;
    const file = openSync(next, 'w', 0o600);
    let size = writeSync(file, `${HEADER}\n`);
    for (const entry of entries) size += writeSync(file, lineOf(entry));
    closeSync(file);
    renameSync(next, this.#path);
    closeSync(this.#file);
    this.#file = openSync(this.#path, 'a+', 0o600);
    this.#size = size;
    this.#rewriteAt = Math.max(SMALLEST_REWRITE, size * 2);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function lineOf(entry: JournalEntry): string {
  const rest = entry.kind === 'put' ? entry.text : entry.key;
  return `${entry.kind}\t${entry.shelf}\t${entry.version}\t${rest}\n`;
}

function parseLine(line: string, path: string): JournalEntry {
  const [kind = '', shelf = '', version = '', ...rest] = line.split('\t');
  const text = rest.join('\t');
  if (kind === 'put') return { kind, shelf, version: Number(version), text };
  if (kind === 'delete') return { kind, shelf, version: Number(version), key: text };
  throw unreadable(path);
}

function unreadable(path: string): HoldfastError {
  return new HoldfastError({
    code: 'SandboxStateUnreadable',
    source: 'system',
    message: 'The state of the sandbox cluster cannot be read: it was written by another version, or damaged.',
    object: path,
    next: 'Delete that file to start with an empty sandbox cluster.',
  });
}
