// `holdfast dlq list`: messages that could not be handled, and why.
import type { DeadLetterDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { paintOut, printable, table, writeOut } from '../output.ts';
import { callServer } from '../server.ts';
import { showAge } from '../time.ts';

export async function run(_names: readonly string[], flags: CommandFlags): Promise<number> {
  const document = await callServer<DeadLetterDocument>(flags, 'GET', '/api/dlq');
  if (wantsJson(flags)) {
    await writeOut(`${JSON.stringify(document, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const now = Date.now();
  const head = ['ID', 'QUEUE', 'WHEN', 'TRIES', 'WHY'].map((title) => paintOut('dim', title));
  const rows = document.letters.map((letter) => [
    letter.id,
    letter.queue,
    showAge(letter.at, now),
    String(letter.attempts),
    printable(letter.reason),
  ]);
  await writeOut(`${rows.length === 0 ? 'No dead letters.' : table([head, ...rows])}\n`);
  return exitCodes.ok;
}
