// `holdfast sandbox kubeconfig`: where the kubeconfig of the embedded cluster lies, for one's own kubectl.
import { exitCodes } from '../exit.ts';
import { type CommandFlags, wantsJson } from '../flags.ts';
import { writeOut } from '../output.ts';
import { withSandbox } from '../sandbox.ts';

export async function run(_words: readonly string[], flags: CommandFlags): Promise<number> {
  const file = await withSandbox(flags, async (sandbox) => sandbox.kubeconfig);
  await writeOut(wantsJson(flags) ? `${JSON.stringify({ schemaVersion: 1, kubeconfig: file })}\n` : `${file}\n`);
  return exitCodes.ok;
}
