// One line per event for a person who watches: time, application, what happened.
import type { RunnerEvent } from '../runtime/home.ts';
import { type Paint, printable } from './output.ts';

const colours: Readonly<Record<string, Parameters<Paint>[0]>> = {
  'run-ended': 'green',
  'drift-report': 'yellow',
  'history-rewritten': 'yellow',
  problem: 'red',
  'repository-failed': 'red',
  'worker-failed': 'red',
  'sweep-failed': 'red',
  'store-failed': 'red',
};

/** Events that only repeat, for scripts, what another line says to people. */
const forScripts = new Set(['run-outcome', 'plan']);

/** The line, with its end; empty for events that are for scripts. */
export function eventLine(event: RunnerEvent, paint: Paint): string {
  if (forScripts.has(event.event)) return '';
  const time = new Date(event.at).toISOString().slice(11, 23);
  const failed = event.event === 'run-ended' && !/^(succeeded|superseded)/.test(event.message);
  const colour = failed ? 'red' : colours[event.event];
  const words = event.event === 'drift-report' ? `drift: ${driftWords(event)}` : event.message;
  const text = printable(words);
  const who = event.app === undefined || event.app === '' ? '' : `${paint('bold', event.app)}  `;
  return `${paint('dim', time)}  ${who}${colour === undefined ? text : paint(colour, text)}\n`;
}

function driftWords(event: RunnerEvent): string {
  const data = event.data as
    | {
        detail?: {
          items?: readonly { subject: string; kind: string; owner: string; fields: readonly { path: string }[] }[];
        };
      }
    | undefined;
  const items = data?.detail?.items ?? [];
  return items
    .map(
      (item) =>
        `${item.subject} ${item.kind === 'modified' ? item.fields.map((field) => field.path).join(', ') : item.kind} by ${item.owner}`,
    )
    .join('; ');
}
