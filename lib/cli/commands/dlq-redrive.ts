// `holdfast dlq redrive`: sends dead letters again; what they ask for is looked up anew, so old ones do no harm.
import type { DeadLetterDocument, VerbDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { printable, writeOut } from '../output.ts';
import { callServer } from '../server.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const ids =
    names.length > 0
      ? names
      : (await callServer<DeadLetterDocument>(flags, 'GET', '/api/dlq')).letters.map((letter) => letter.id);
  const events: { readonly id: string; readonly message: string }[] = [];
  for (const id of ids) {
    const path = `/api/dlq/${encodeURIComponent(id)}/redrive`;
    const { event, message } = await callServer<VerbDocument>(flags, 'POST', path, {});
    if (event === true) events.push({ id, message });
  }
  await writeOut(wantsJson(flags) ? `${JSON.stringify({ schemaVersion: 1, redriven: ids, events })}\n` : text());
  return exitCodes.ok;

  /** Messages go back as they were; of an event it is told what became of it. */
  function text(): string {
    const told = events.map(({ id, message }) => `event ${id} ${printable(message)}\n`).join('');
    const messages = ids.length - events.length;
    return messages === 0 && events.length > 0 ? told : `${told}${messages} sent again\n`;
  }
}
