// One long-lived `git cat-file --batch`: any number of objects for the price of one process.
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { HoldfastError } from '../../core/errors.ts';
import type { GitObject, ObjectType } from './objects.ts';
import { blobTooLarge, objectMissing } from './objects.ts';
import { gitNotStarted, startGit } from './process.ts';

interface Waiting {
  readonly name: string;
  readonly resolve: (object: GitObject) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads objects of one repository through one child process, started at the first call and not in the way of the process's end. */
export class CatFile {
  readonly #directory: string;
  readonly #maxBytes: number;
  #child: ChildProcess | undefined;
  #waiting: Waiting[] = [];
  #chunks: Buffer[] = [];
  #size = 0;
  #asked = '';
  /** Bytes that must be there before it is worth looking again. */
  #needed = 1;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** One object by id. Throws `GitObjectMissing`, `GitBlobTooLarge`. */
  async read(id: string): Promise<GitObject> {
    if (!/^[0-9a-f]{40}$/.test(id)) throw objectMissing(id, 'is not an object id');
    return await new Promise<GitObject>((resolve, reject) => {
      this.#waiting.push({ name: id, resolve, reject });
      const child = this.#child ?? this.#start();
      holdOpen(child, true);
      this.#ask(child, id);
    });
  }

  /** Names asked for in one turn of the event loop go in one write. */
  #ask(child: ChildProcess, id: string): void {
    if (this.#asked === '') {
      queueMicrotask(() => {
        // A replaced process has its own names to ask for.
        if (this.#child !== child) return;
        child.stdin?.write(this.#asked);
        this.#asked = '';
      });
    }
    this.#asked += `${id}\n`;
  }

  /** Ends the process. What is still waited for fails. */
  close(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill();
    this.#fail(objectMissing('', 'was asked for when the reader was closed'));
  }

  #start(): ChildProcess {
    const child = startGit({ cwd: this.#directory, args: ['cat-file', '--batch'] });
    this.#child = child;
    this.#chunks = [];
    this.#size = 0;
    this.#asked = '';
    this.#needed = 1;
    child.on('error', (error) => this.#ended(child, gitNotStarted(error)));
    child.on('exit', () => this.#ended(child, processEnded()));
    child.stdin?.on('error', () => undefined);
    child.stderr?.resume();
    child.stdout?.on('data', (chunk: Buffer) => {
      if (this.#child !== child) return;
      this.#chunks.push(chunk);
      this.#size += chunk.length;
      if (this.#size >= this.#needed) this.#take();
    });
    return child;
  }

  #ended(child: ChildProcess, error: HoldfastError): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#fail(error);
  }

  #fail(error: HoldfastError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) one.reject(error);
  }

  /** Takes every complete answer out of what has arrived. */
  #take(): void {
    let buffer = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
    this.#needed = 1;
    while (this.#waiting.length > 0) {
      const line = buffer.indexOf(0x0a);
      if (line < 0) break;
      const [, type = '', size = ''] = buffer.toString('latin1', 0, line).split(' ');
      const first = this.#waiting[0];
      if (first === undefined) break;
      if (size === '') {
        this.#waiting.shift();
        first.reject(objectMissing(first.name));
        buffer = buffer.subarray(line + 1);
        continue;
      }
      const length = Number(size);
      if (length > this.#maxBytes) {
        this.#refuse(first, length);
        return;
      }
      const end = line + 1 + length;
      if (buffer.length < end + 1) {
        this.#needed = end + 1;
        break;
      }
      this.#waiting.shift();
      first.resolve({ type: type as ObjectType, body: buffer.subarray(line + 1, end) });
      buffer = buffer.subarray(end + 1);
    }
    this.#chunks = buffer.length === 0 ? [] : [buffer];
    this.#size = buffer.length;
    if (this.#waiting.length === 0 && this.#child !== undefined) holdOpen(this.#child, false);
  }

  /** Too large: nothing of it is read. The process is replaced and asked again for what came after. */
  #refuse(first: Waiting, size: number): void {
    const later = this.#waiting.slice(1);
    const child = this.#child;
    this.#child = undefined;
    this.#waiting = [];
    child?.kill();
    first.reject(blobTooLarge(first.name, size, this.#maxBytes));
    for (const one of later) void this.read(one.name).then(one.resolve, one.reject);
  }
}

/** While an answer is awaited the process must stay; otherwise it must not keep ours alive. */
function holdOpen(child: ChildProcess, hold: boolean): void {
  for (const part of [child, child.stdin, child.stdout, child.stderr] as (ChildProcess | Socket | null)[]) {
    if (hold) part?.ref();
    else part?.unref();
  }
}

function processEnded(): HoldfastError {
  return new HoldfastError({
    code: 'GitProcessFailed',
    source: 'system',
    message: 'git cat-file ended before it had answered',
    retryable: true,
  });
}
