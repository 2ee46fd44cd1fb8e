// `holdfast sandbox edit`: changes a live object or a stack's live resource by hand, because that is how one tries drift.
import { parseAssignment } from '../../runtime/sandbox-cluster.ts';
import { editResource } from '../../runtime/sandbox-stacks.ts';
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { parseSubject, withHand, withSandbox } from '../sandbox.ts';

export async function run(words: readonly string[], flags: CommandFlags): Promise<number> {
  const [subject = '', ...changes] = words;
  const target = parseSubject(subject, flags);
  const assignments = changes.map(parseAssignment);
  if (target.kind === 'stack') {
    const properties = Object.fromEntries(assignments.map((change) => [change.path.join('.'), change.value ?? null]));
    await withSandbox(
      flags,
      async (sandbox) =>
        await editResource(sandbox.stacksEndpoint, { stack: target.stack, logicalId: target.logicalId, properties }),
    );
  } else {
    await withHand(flags, async (hand) => await hand.edit(target.subject, assignments));
  }
  await writeOut(
    wantsJson(flags)
      ? `${JSON.stringify({ schemaVersion: 1, edited: subject })}\n`
      : `${subject} edited by hand (sandbox); see holdfast drift\n`,
  );
  return exitCodes.ok;
}
