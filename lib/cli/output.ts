// What commands write: data on stdout, progress and errors on stderr, colour only where a person reads it.
import { styleText } from 'node:util';
import type { Failure } from '../core/errors.ts';

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Paints text for one stream; plain when the stream is no terminal or NO_COLOR is set. */
export type Paint = (colour: Colour, text: string) => string;

function paintFor(stream: NodeJS.WriteStream): Paint {
  const forced = (process.env['FORCE_COLOR'] ?? '') !== '' && process.env['FORCE_COLOR'] !== '0';
  const on = (process.env['NO_COLOR'] ?? '') === '' && (stream.isTTY || forced);
  return (colour, text) => (on ? styleText(colour, text, { validateStream: false }) : text);
}

export const paintOut: Paint = paintFor(process.stdout);
export const paintErr: Paint = paintFor(process.stderr);

/** Data for the caller. Waits until the pipe took it, so that a large answer is not cut off at exit. */
export async function writeOut(text: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) =>
      error === undefined || error === null || isClosedPipe(error) ? resolve() : reject(error),
    );
  });
}

function isClosedPipe(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE';
}

/** One line of progress on stderr. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

// Control characters of a remote side must not reach a terminal.
const controls = new RegExp(
  `[${String.fromCodePoint(0)}-${String.fromCodePoint(8)}${String.fromCodePoint(11)}-${String.fromCodePoint(31)}${String.fromCodePoint(127)}-${String.fromCodePoint(159)}]`,
  'gu',
);

/** Text of a remote side made safe for a terminal; tabs and line ends stay. */
export function printable(text: string): string {
  return text.replace(controls, '\uFFFD');
}

/** An error as people read it: what, about which object, why, what to type next. */
export function failureLines(failure: Failure, paint: Paint): string {
  const about =
    failure.object === undefined || failure.message.includes(failure.object)
      ? ''
      : ` ${paint('bold', failure.object)}:`;
  const lines = [`${paint('red', 'error')} ${paint('dim', failure.code)}${about} ${printable(failure.message)}`];
  if (failure.reason !== undefined && !failure.message.includes(failure.reason))
    lines.push(`  why:  ${printable(failure.reason)}`);
  if (failure.next !== undefined) lines.push(`  next: ${failure.next}`);
  return `${lines.join('\n')}\n`;
}

/** The JSON form of an error, for `--json`. */
export function failureJson(failure: Failure): string {
  return `${JSON.stringify({ schemaVersion: 1, error: { ...failure, hint: failure.next } })}\n`;
}

/** Columns padded to their widest cell; widths count what is seen, not escape sequences. */
export function table(rows: readonly (readonly string[])[]): string {
  const width: number[] = [];
  const escapes = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, 'gu');
  const seen = (cell: string): number => cell.replace(escapes, '').length;
  for (const row of rows) row.forEach((cell, index) => (width[index] = Math.max(width[index] ?? 0, seen(cell))));
  return rows
    .map((row) =>
      row
        .map((cell, index) => (index === row.length - 1 ? cell : cell + ' '.repeat((width[index] ?? 0) - seen(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
