// What commands write: data on stdout, progress and errors on stderr, colour only where a person reads it.
import { styleText } from 'node:util';
import type { Failure } from '../core/errors.ts';

type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Paints text for one stream; plain when the stream is no terminal or NO_COLOR is set. */
export type Paint = (colour: Colour, text: string) => string;

function paintFor(stream: NodeJS.WriteStream): Paint {
  return (colour, text) => (coloured(stream) ? styleText(colour, text, { validateStream: false }) : text);
}

/** Asked at each use: `--no-color` sets NO_COLOR after this file was loaded. */
function coloured(stream: NodeJS.WriteStream): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false;
  const forced = process.env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  return stream.isTTY && process.env['TERM'] !== 'dumb';
}

export const paintOut: Paint = paintFor(process.stdout);
export const paintErr: Paint = paintFor(process.stderr);

/** A reader that went away (`| head`) is no error: the command ends as it would have, and writes no more. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: Error) => {
      if (!isClosedPipe(error)) throw error;
    });
  }
}

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
  const message = printable(failure.message);
  const object = failure.object === undefined ? undefined : printable(failure.object);
  // Problems of the user's files name their code and place themselves.
  const code = message.includes(` ${failure.code} `) ? '' : ` ${paint('dim', failure.code)}`;
  const about = object === undefined || message.includes(object) ? '' : ` ${paint('bold', object)}:`;
  const lines = [`${paint('red', 'error')}${code}${about} ${message}`];
  if (failure.reason !== undefined && failure.reason !== failure.code && !failure.message.includes(failure.reason))
    lines.push(`  why:  ${cut(printable(failure.reason))}`);
  if (failure.next !== undefined) lines.push(`  next: ${printable(failure.next)}`);
  return `${lines.join('\n')}\n`;
}

/** Some refusals repeat a whole object; its end says what is wrong with it. JSON has all of it. */
function cut(reason: string): string {
  return reason.length <= 500 ? reason : `${reason.slice(0, 300)} … ${reason.slice(-180)}`;
}

/** The JSON form of an error, for `--json`. */
export function failureJson(failure: Failure & { readonly app?: string }): string {
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
