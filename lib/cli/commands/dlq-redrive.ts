// `holdfast dlq redrive`: sends dead letters again; what they ask for is looked up anew, so old ones do no harm.
import type { DeadLetterDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { callServer } from '../server.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const ids =
    names.length > 0
      ? names
      : (await callServer<DeadLetterDocument>(flags, 'GET', '/api/dlq')).letters.map((letter) => letter.id);
  for (const id of ids) await callServer(flags, 'POST', `/api/dlq/${encodeURIComponent(id)}/redrive`, {});
  await writeOut(
    wantsJson(flags) ? `${JSON.stringify({ schemaVersion: 1, redriven: ids })}\n` : `${ids.length} sent again\n`,
  );
  return exitCodes.ok;
}
