// `holdfast sandbox delete`: deletes a live object or a stack's live resource by hand.
import { editResource } from '../../runtime/sandbox-stacks.ts';
import { exitCodes, usage } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { parseSubject, withHand, withSandbox } from '../sandbox.ts';

export async function run(words: readonly string[], flags: CommandFlags): Promise<number> {
  const subject = words[0] ?? '';
  const target = parseSubject(subject, flags);
  if (target.kind === 'stack') {
    await withSandbox(
      flags,
      async (sandbox) =>
        await editResource(sandbox.stacksEndpoint, { stack: target.stack, logicalId: target.logicalId, delete: true }),
    );
  } else {
    if (target.subject.name === undefined)
      throw usage(`${subject} names a kind only`, `holdfast sandbox delete ${subject}/NAME`);
    await withHand(flags, async (hand) => await hand.remove(target.subject));
  }
  await writeOut(
    wantsJson(flags)
      ? `${JSON.stringify({ schemaVersion: 1, deleted: subject })}\n`
      : `${subject} deleted by hand (sandbox)\n`,
  );
  return exitCodes.ok;
}
