// The demo's timeline: each line with its time, each step true only when it was seen in the targets.
import { HoldfastError } from '../../core/errors.ts';
import type { RunnerEvent } from '../../runtime/home.ts';
import { type Paint, printable } from '../output.ts';

/** Collects events and prints what happens, with seconds since the start. */
export class Timeline {
  readonly #startedAt = performance.now();
  readonly #paint: Paint;
  readonly #write: (text: string) => void;
  readonly #events: RunnerEvent[] = [];

  constructor(paint: Paint, write: (text: string) => void) {
    this.#paint = paint;
    this.#write = write;
  }

  /** An event of the runner; the telling ones are printed. */
  hear(event: RunnerEvent): void {
    this.#events.push(event);
    const who = event.app === undefined ? '' : `${event.app}: `;
    if (told.has(event.event))
      this.#line(this.#paint('dim', `  ${who}${printable(told.get(event.event)?.(event) ?? event.message)}`));
  }

  /** Events heard so far; a step looks only at those after the mark it took. */
  mark(): number {
    return this.#events.length;
  }

  /** Events since a mark. */
  since(mark: number): readonly RunnerEvent[] {
    return this.#events.slice(mark);
  }

  title(text: string): void {
    this.#line(this.#paint('bold', text));
  }

  /** Something that was observed. */
  seen(text: string): void {
    this.#line(`${this.#paint('green', '✓')} ${text}`);
  }

  missed(text: string): void {
    this.#line(`${this.#paint('red', '✗')} ${text}`);
  }

  /** Seconds since the start. */
  seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  #line(text: string): void {
    this.#write(`${this.#paint('cyan', `${this.seconds().toFixed(2).padStart(6)} s`)}  ${text}\n`);
  }
}

interface PlanData {
  readonly changes?: readonly {
    readonly action: string;
    readonly subject: {
      readonly kind: string;
      readonly logicalId?: string;
      readonly id?: { readonly kind: string; readonly name: string };
    };
  }[];
}

/** Events that tell the story, and how. */
const told = new Map<string, (event: RunnerEvent) => string>([
  ['revision', (event) => event.message],
  ['affected', (event) => event.message],
  ['plan', planLine],
  ['run-ended', (event) => event.message],
  ['image-commit', (event) => event.message],
  ['drift-report', (event) => `drift report sent (${event.message})`],
  ['problem', (event) => event.message],
]);

function planLine(event: RunnerEvent): string {
  const changes = (event.data as PlanData | undefined)?.changes ?? [];
  const names = changes.map(
    ({ action, subject }) =>
      `${action} ${subject.kind === 'resource' ? (subject.logicalId ?? '') : `${subject.id?.kind ?? ''}/${subject.id?.name ?? ''}`}`,
  );
  return `plan: ${names.join(', ')}`;
}

/** Waits for something to become true in the targets. Throws `DemoMissed` after the deadline. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, deadlineMs = 20_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end)
      throw new HoldfastError({
        code: 'DemoMissed',
        source: 'system',
        message: `Not seen within ${deadlineMs / 1000} s: ${what}`,
      });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
