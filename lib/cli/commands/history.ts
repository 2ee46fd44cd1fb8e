// `holdfast history`: the runs of an application, newest first, with what each did and cost.
import type { HistoryDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { paintOut, printable, table, writeOut } from '../output.ts';
import { appRoute, callServer } from '../server.ts';
import { showAge, showDuration } from '../time.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const document = await callServer<HistoryDocument>(flags, 'GET', appRoute(names[0], 'history'));
  if (wantsJson(flags)) {
    await writeOut(`${JSON.stringify(document, undefined, 2)}\n`);
    return exitCodes.ok;
  }
  const now = Date.now();
  const rows = document.runs.map((run) => [
    run.id,
    run.mode,
    run.trigger,
    run.revision.slice(0, 8),
    paintOut(run.outcome === 'succeeded' ? 'green' : 'red', run.outcome),
    showDuration(run.durationMs),
    showAge(Date.parse(run.startedAt), now),
    printable(run.message),
  ]);
  const head = ['RUN', 'MODE', 'TRIGGER', 'REVISION', 'OUTCOME', 'TOOK', 'WHEN', 'MESSAGE'].map((title) =>
    paintOut('dim', title),
  );
  await writeOut(`${rows.length === 0 ? 'No runs yet.' : table([head, ...rows])}\n`);
  return exitCodes.ok;
}
