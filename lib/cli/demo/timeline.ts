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
    const tell = told.get(event.event);
    if (tell === undefined) return;
    const who = event.app === undefined ? '' : `${event.app}: `;
    this.#line(this.#paint('dim', `  ${who}${printable(tell(event))}`));
  }

  /** Number of events heard so far; a step looks only at those after the mark it took. */
  mark(): number {
    return this.#events.length;
  }

  /** Events since a mark. */
  since(mark: number): readonly RunnerEvent[] {
    return this.#events.slice(mark);
  }

  /** Something is about to be done. */
  title(text: string): void {
    this.#line(this.#paint('bold', text));
  }

  /** Something was observed in a target. */
  seen(text: string): void {
    this.#line(`${this.#paint('green', '✓')} ${text}`);
  }

  /** Something was not. */
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

interface DriftData {
  readonly detail?: {
    readonly items?: readonly {
      readonly subject: string;
      readonly kind: string;
      readonly owner: string;
      readonly fields: readonly { readonly path: string }[];
    }[];
  };
}

/** Events that tell the story, and how. */
const told = new Map<string, (event: RunnerEvent) => string>([
  ['revision', (event) => event.message],
  ['affected', (event) => event.message],
  ['plan', planLine],
  ['run-ended', (event) => event.message],
  ['image-commit', (event) => event.message],
  ['drift-report', driftLine],
  ['problem', (event) => event.message],
]);

function planLine(event: RunnerEvent): string {
  const changes = (event.data as PlanData | undefined)?.changes ?? [];
  const name = (subject: NonNullable<PlanData['changes']>[number]['subject']): string =>
    subject.kind === 'resource' ? (subject.logicalId ?? '') : `${subject.id?.kind ?? ''}/${subject.id?.name ?? ''}`;
  return `plan: ${changes.map(({ action, subject }) => `${action} ${name(subject)}`).join(', ')}`;
}

function driftLine(event: RunnerEvent): string {
  const items = (event.data as DriftData | undefined)?.detail?.items ?? [];
  return `drift report: ${items.map((item) => `${item.subject} ${item.fields.map((field) => field.path).join(', ')} (${item.owner})`).join('; ')}`;
}

/** Waits for something to become true. Throws `DemoMissed` after the deadline. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, deadlineMs = 20_000): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) {
      throw new HoldfastError({
        code: 'DemoMissed',
        source: 'system',
        message: `Not seen within ${deadlineMs / 1000} s: ${what}`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
