// Flags as commands get them, and what the shared ones mean.
import type { OpenOptions } from '../runtime/open.ts';

export interface CommandFlags {
  readonly [name: string]: unknown;
}

/** A flag with a value, or undefined. */
export function text(flags: CommandFlags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
}

/** What --repo, --revision, --worktree, --kubeconfig, --context, --target, --installation and --data say together. */
export function openOptions(
  flags: CommandFlags,
  mode: { readonly worktree: boolean; readonly readOnly: boolean; readonly memory?: boolean },
): OpenOptions {
  return {
    repo: text(flags, 'repo') ?? '.',
    revision: mode.worktree ? undefined : (text(flags, 'revision') ?? 'HEAD'),
    dataDir: mode.memory === true ? undefined : (text(flags, 'data') ?? '.holdfast'),
    readOnly: mode.readOnly,
    kubeconfig: text(flags, 'kubeconfig'),
    context: text(flags, 'context'),
    contextTarget: text(flags, 'target'),
    installation: text(flags, 'installation'),
  };
}

/** Whether the answer should be JSON. */
export function wantsJson(flags: CommandFlags): boolean {
  return flags['json'] === true || flags['output'] === 'json';
}
