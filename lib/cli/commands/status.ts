// `holdfast status`: two separate answers for every application: is it in sync, and is it healthy.
import type { AppStatus, StatusDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { type Paint, paintOut, printable, table, writeOut } from '../output.ts';
import { appRoute, callServer } from '../server.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const document = await callServer<StatusDocument>(
    flags,
    'GET',
    names[0] === undefined ? '/api/status' : appRoute(names[0]),
  );
  await writeOut(
    wantsJson(flags) ? `${JSON.stringify(document, undefined, 2)}\n` : `${statusText(document, paintOut)}\n`,
  );
  return exitCodes.ok;
}

const colours = {
  Synced: 'green',
  Healthy: 'green',
  OutOfSync: 'yellow',
  Progressing: 'cyan',
  Suspended: 'dim',
  Degraded: 'red',
  Missing: 'red',
  Unknown: 'yellow',
} as const;

/** The table of `holdfast status`. */
export function statusText(document: StatusDocument, paint: Paint): string {
  const lines = (document.problems ?? []).map((problem) => `${paint('red', 'problem')} ${printable(problem)}`);
  if (document.apps.length === 0)
    return [...lines, 'No applications yet: declare them in holdfast.yaml and push.'].join('\n');
  const head = ['NAME', 'TARGET', 'SYNC', 'HEALTH', 'REVISION', 'MESSAGE'].map((title) => paint('dim', title));
  const rows = document.apps.map((app) => [
    app.name,
    app.sandbox === true ? `${app.target} (sandbox)` : app.target,
    paint(colours[app.sync], app.sync),
    paint(colours[app.health], app.health),
    (app.appliedRevision ?? '-').slice(0, 8),
    oneLine(app.message),
  ]);
  const [titles = '', ...shown] = table([head, ...rows]).split('\n');
  // Under its row: a script that reads a line of each application looks at those that are not indented.
  const told = shown.flatMap((line, at) => [line, ...nextLine(document.apps[at], paint)]);
  return [...lines, titles, ...told].join('\n');
}

/** What to do, where the message does not say it already. */
function nextLine(app: AppStatus | undefined, paint: Paint): readonly string[] {
  if (app?.next === undefined || app.message.includes(app.next)) return [];
  return [`  ${paint('dim', 'next:')} ${oneLine(app.next)}`];
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, ' '));
}
