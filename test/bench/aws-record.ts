// What the deployed functions did, as the emulator wrote it down: invocations, the events in their logs, and requests to AWS.
import { readFileSync } from 'node:fs';
import type { FunctionName } from '../../lib/stack/names.ts';

export interface Invocation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly ms: number;
  readonly function: FunctionName;
  readonly cold: boolean;
  /** Bodies of the messages it was given. */
  readonly records: readonly string[];
  readonly peakMb: number;
  readonly cpuMs: number;
  readonly logBytes: number;
  readonly events: readonly Logged[];
}

/** An event of the runner in a function's log. */
export interface Logged {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly event: string;
  readonly app?: string;
  readonly message: string;
  readonly data?: {
    readonly ms?: Readonly<Record<string, number>>;
    readonly cost?: { readonly ms: Readonly<Record<string, number>> };
    readonly apps?: readonly string[];
  };
}

export interface Request {
  readonly at: number;
  readonly ms: number;
  /** A function; `target` under the role of a target, or somebody outside. */
  readonly who: FunctionName | 'target';
  readonly service: string;
  readonly call: string;
  readonly what: string;
  readonly reads: number;
  readonly writes: number;
}

interface Line {
  readonly at: number;
  readonly ms: number;
  readonly function?: string;
  readonly who?: string;
  readonly log?: string;
}

/** Platform lines of an invocation (START, END, REPORT), and what CloudWatch adds to each event. */
const platformBytes = 300;
const eventBytes = 26;

/** Follows the file as it grows. */
export class Recorded {
  readonly invocations: Invocation[] = [];
  readonly requests: Request[] = [];
  readonly #file: string;
  readonly #names: ReadonlyMap<string, FunctionName>;
  #read = 0;

  constructor(file: string, names: ReadonlyMap<string, FunctionName>) {
    this.#file = file;
    this.#names = names;
  }

  /** Reads what was written since the last time. */
  refresh(): this {
    const bytes = readFileSync(this.#file);
    const end = bytes.lastIndexOf(10) + 1;
    for (const text of bytes.subarray(this.#read, end).toString('utf8').split('\n')) if (text !== '') this.#add(text);
    this.#read = end;
    return this;
  }

  #add(text: string): void {
    const line = JSON.parse(text) as Line;
    const at = line.at * 1000;
    if (line.function === undefined) {
      const who = this.#names.get(line.who ?? '') ?? 'target';
      const given = line as unknown as Request;
      this.requests.push({ ...given, what: given.what ?? '', at, who });
      return;
    }
    const name = this.#names.get(line.function);
    if (name === undefined) return;
    const lines = (line.log ?? '').split('\n').filter((one) => one !== '');
    const size = lines.reduce((sum, one) => sum + Buffer.byteLength(one) + eventBytes, platformBytes + 3 * eventBytes);
    const given = line as unknown as Invocation;
    this.invocations.push({ ...given, at, function: name, logBytes: size, events: lines.flatMap(readEvent) });
  }
}

function readEvent(line: string): readonly Logged[] {
  const start = line.indexOf('{');
  if (start < 0 || !line.includes('"event"')) return [];
  try {
    const found = JSON.parse(line.slice(start)) as Logged & { readonly timestamp: string };
    return [{ ...found, at: Date.parse(found.timestamp) }];
  } catch {
    return [];
  }
}

/** A look at the repository that found nothing, by a function that was there already. */
export const isIdlePoll = ({ function: name, cold, events, records }: Invocation): boolean =>
  name === 'source' && !cold && events.length === 0 && records.includes('repo/root');

/** Part of a record: what began between two moments, by these functions. */
export interface Part {
  readonly invocations: readonly Invocation[];
  readonly requests: readonly Request[];
}

export function between(all: Recorded, from: number, to: number, functions?: readonly FunctionName[]): Part {
  const within = ({ at }: { readonly at: number }): boolean => at >= from && at <= to;
  const wanted = (name: FunctionName | 'target'): boolean =>
    functions === undefined || functions.some((one) => one === name);
  return {
    invocations: all.invocations.filter((one) => within(one) && wanted(one.function)),
    requests: all.requests.filter((one) => within(one) && (one.who === 'target' || wanted(one.who))),
  };
}

/** What one invocation asked for, when no other of the same function ran beside it. */
export function during(all: Recorded, one: Invocation): Part {
  const part = between(all, one.at, one.at + one.ms, [one.function]);
  return { invocations: [one], requests: part.requests.filter(({ who }) => who === one.function) };
}
