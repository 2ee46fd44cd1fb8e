// Python programs that tests run: each in an environment of its own with exact versions, made once and kept outside the repository.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { cacheDir } from '../cluster/build.ts';
import { withFileLock } from '../file-lock.ts';

export interface PythonProgram {
  /** Directory name in the cache. */
  readonly name: string;
  /** File with one `package==version` per line, what they need included. */
  readonly requirements: string;
}

/**
 * The interpreter that finds the program's packages (seconds and some 100 MB, once).
 * Do not run the scripts beside it: they hold the path where they were made.
 * Throws `PythonMissing` or `PythonPackages`.
 */
export async function ensurePython(program: PythonProgram, progress: (line: string) => void = () => {}) {
  const { requirements } = program;
  const key = createHash('sha256').update(await readFile(requirements));
  const dir = path.join(
    cacheDir(),
    program.name,
    key
      .update(await pythonVersion())
      .digest('hex')
      .slice(0, 32),
  );
  const python = path.join(dir, 'venv', 'bin', 'python');
  if (existsSync(python)) return python;
  await mkdir(dir, { recursive: true });
  await withFileLock(path.join(dir, 'lock'), async () => {
    if (existsSync(python)) return;
    progress(`installing ${program.name} (once): ${dir}`);
    await install(dir, requirements);
  });
  return python;
}

async function install(dir: string, requirements: string): Promise<void> {
  const scratch = await mkdtemp(path.join(dir, 'install-'));
  try {
    const venv = path.join(scratch, 'venv');
    await must('python3', ['-m', 'venv', venv]);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input'];
    await must(path.join(venv, 'bin', 'python'), ['-m', 'pip', 'install', ...quiet, '--requirement', requirements]);
    await rename(venv, path.join(dir, 'venv'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function must(command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await runCommand(command, args);
  if (code === 0) return;
  throw new HoldfastError({
    code: 'PythonPackages',
    source: 'system',
    message: 'The packages of a Python program could not be installed',
    reason: output.trim().split('\n').slice(-20).join('\n'),
    next: [command, ...args].join(' '),
  });
}

async function pythonVersion(): Promise<string> {
  const missing = (reason: string): HoldfastError =>
    new HoldfastError({
      code: 'PythonMissing',
      source: 'user',
      message: 'The emulator of AWS is a Python program, and there is no usable Python',
      reason,
      next: 'install Python 3.11 or newer with venv and put `python3` into PATH',
    });
  const script = 'import sys, platform, ensurepip; print(sys.version, platform.machine())';
  const asked = await runCommand('python3', ['-c', script]).catch((error: unknown) => {
    throw missing(error instanceof Error ? error.message : String(error));
  });
  if (asked.code !== 0) throw missing(asked.output);
  return asked.output;
}

export interface CommandResult {
  readonly code: number;
  /** Standard output alone. */
  readonly stdout: string;
  /** Both streams as they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Killed after this many milliseconds; default ten minutes. */
  readonly timeout?: number;
}

/** Runs a program to its end, with both streams collected. Rejects when it cannot be started. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}) {
  return new Promise<CommandResult>((resolve, reject) => {
    const child = spawn(command, args, {
      timeout: 600_000,
      killSignal: 'SIGKILL',
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, stdout, output }));
  });
}
