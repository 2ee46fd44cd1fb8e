// The CDK's command line as a person uses it, in a process of its own.
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { type CommandResult, runCommand } from './python.ts';

const root = path.join(import.meta.dirname, '..', '..', '..');
const programs = path.join(root, 'node_modules', '.bin');

/** PATH on which `node` is the project's own, and the project's programs are found. */
export function nodeOnPath(): string {
  return [programs, '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter);
}

/** The directory of the project's own Node with nothing else of the project in it. */
export async function nodeDirectory(): Promise<string> {
  return path.dirname(await realpath(path.join(programs, 'node')));
}

export interface CdkOptions {
  /** All of the environment, e.g. that of a started MiniStack. */
  readonly env: Readonly<Record<string, string>>;
  /** Where `cdk.json` is; default: the repository. */
  readonly cwd?: string;
  /** Milliseconds; default ten minutes. */
  readonly timeout?: number;
}

/**
 * Runs `cdk bootstrap|deploy|destroy|synth …`. Give `--output` a directory of the test: the default is in the repository.
 * Throws `CdkFailed` with the end of what it printed.
 */
export async function cdk(args: readonly string[], options: CdkOptions): Promise<CommandResult> {
  const result = await runCommand(path.join(programs, 'cdk'), args, { cwd: root, ...options });
  if (result.code === 0) return result;
  throw new HoldfastError({
    code: 'CdkFailed',
    source: 'system',
    message: `cdk ${args[0] ?? ''} ended with ${result.code}`,
    reason: result.output.slice(-6000),
    next: `cdk ${args.join(' ')}`,
  });
}
