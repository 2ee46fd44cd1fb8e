// `holdfast sync | suspend | resume | rollback`: a person's word to the running server, which writes it down and looks at once.
import type { VerbDocument } from '../../web/views.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, text, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { appRoute, callServer } from '../server.ts';

export type Verb = 'sync' | 'suspend' | 'resume' | 'rollback';

function bodyOf(verb: Verb, flags: CommandFlags): object {
  if (verb === 'sync') return { prune: flags['prune'] === true };
  const to = text(flags, 'to');
  return verb === 'rollback' && to !== undefined ? { to } : {};
}

/** The command of a verb. */
export function command(verb: Verb): {
  readonly run: (names: readonly string[], flags: CommandFlags) => Promise<number>;
} {
  return {
    run: async (names, flags) => {
      const document = await callServer<VerbDocument>(flags, 'POST', appRoute(names[0], verb), bodyOf(verb, flags));
      await writeOut(wantsJson(flags) ? `${JSON.stringify(document)}\n` : `${document.message}\n`);
      return exitCodes.ok;
    },
  };
}
