// `holdfast drift`: what differs from what was applied last, field by field, and who changed it.
import type { DriftDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { paintOut, printable, writeOut } from '../output.ts';
import { appRoute, callServer } from '../server.ts';

export async function run(names: readonly string[], flags: CommandFlags): Promise<number> {
  const document = await callServer<DriftDocument>(
    flags,
    'GET',
    names[0] === undefined ? '/api/drift' : appRoute(names[0], 'drift'),
  );
  const drifted = document.apps.some((app) => app.items.length > 0);
  if (wantsJson(flags)) await writeOut(`${JSON.stringify(document, undefined, 2)}\n`);
  else await writeOut(`${document.apps.map(appText).join('\n')}\n`);
  return drifted ? exitCodes.differences : exitCodes.ok;
}

function appText(app: DriftDocument['apps'][number]): string {
  if (app.items.length === 0 && app.checkedAt === null) return `? ${app.name}: not checked yet`;
  if (app.items.length === 0) return `${paintOut('green', '✓')} ${app.name}: no drift`;
  const lines = [`${paintOut('yellow', '!')} ${paintOut('bold', app.name)}: ${app.items.length} drifted`];
  for (const item of app.items) {
    lines.push(`  ${item.subject} ${paintOut('dim', item.kind)} by ${printable(item.owner)}`);
    for (const field of item.fields) lines.push(`    ${field.path}: ${value(field.before)} → ${value(field.after)}`);
  }
  return lines.join('\n');
}

function value(json: unknown): string {
  return json === undefined ? paintOut('dim', '(absent)') : printable(JSON.stringify(json));
}
