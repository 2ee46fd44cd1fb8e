// Flags that several commands share, and how a command is bound to the file that does it.
import { Option } from 'commander';
import type { CommandFlags } from './flags.ts';

/** What a command file exports as `run`: arguments and flags in, exit code out. */
export type Action = (args: readonly string[], flags: CommandFlags) => Promise<number>;

/** Binds a command to its file, which is loaded only when it runs. */
export type Wrap = (load: () => Promise<{ readonly run: Action }>) => (...given: unknown[]) => Promise<void>;

export const jsonFlag = (): Option =>
  new Option('-o, --output <form>', 'form of the answer').choices(['text', 'json']).default('text');
export const installationFlag = (): Option =>
  new Option('--installation <name>', 'who marks what is applied (default: what the data directory says, else local)');
export const dataFlag = (): Option => new Option('--data <dir>', 'data directory').default('.holdfast');
export const stackFlag = (): Option =>
  new Option('--stack <name>', 'stack on AWS (default: HOLDFAST_STACK; without a server here, Holdfast)');
