// The command line as scripts run it: a process of its own, with both streams and the exit code.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'node_modules', '.bin', 'node');
const entry = join(root, 'bin', 'holdfast.ts');
// Programs of packages are unpacked once, not once for each test.
const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');

export interface Answer {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly cwd: string;
  /** Beside PATH and HOME, which is the directory itself: no kubeconfig and no settings of the person who tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A running command, ended with the test. */
export interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly answer: Promise<Answer>;
}

/** Starts `holdfast …` off any terminal. */
export function startHoldfast(args: readonly string[], { cwd, env = {} }: CallOptions): Started {
  const child = spawn(program, [entry, ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, XDG_CACHE_HOME: caches, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const answer = new Promise<Answer>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, answer };
}

/** Runs `holdfast …` to its end. */
export async function holdfast(args: readonly string[], options: CallOptions): Promise<Answer> {
  return await startHoldfast(args, options).answer;
}

/** Each line of stderr as JSON: what scripts get of errors in JSON mode. */
export function jsonErrors(answer: Answer): readonly { readonly code: string; readonly [key: string]: unknown }[] {
  return answer.stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { error: { code: string } }).error);
}
