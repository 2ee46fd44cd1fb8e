// Running the git binary: no shell, no prompts, no hooks, no file-system monitor, a deadline and a limit on output.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { HoldfastError } from '../../core/errors.ts';

/** Settings for every call: what a repository's own config may not switch on. */
const safety = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=', '-c', 'core.hooksPath=/dev/null'];

export interface GitCall {
  readonly cwd: string;
  readonly args: readonly string[];
  /** Added to the scrubbed environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds; 30,000 when absent. */
  readonly timeoutMs?: number;
  /** Most bytes of stdout; 64 MiB when absent. */
  readonly maxBytes?: number;
}

export interface GitAnswer {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Of our own environment only what git needs to find itself and the user's settings: no GIT_DIR of a hook, no credentials. */
export function gitEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };
  for (const name of ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'SystemRoot']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...extra };
}

/** Starts git with the safety settings; the caller reads its streams. */
export function startGit(call: Pick<GitCall, 'cwd' | 'args' | 'env'>): ChildProcess {
  return spawn('git', [...safety, ...call.args], {
    cwd: call.cwd,
    env: gitEnvironment(call.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** The error for a git that could not be started at all. */
export function gitNotStarted(cause: unknown): HoldfastError {
  const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
  return new HoldfastError({
    code: missing ? 'GitBinaryMissing' : 'GitProcessFailed',
    source: 'system',
    message: missing
      ? 'The git command was not found on the PATH, or the directory is gone'
      : 'The git command could not be started',
    next: 'holdfast doctor',
    cause,
  });
}

/** Runs git to its end. Throws only when it cannot run, takes too long or says too much; the exit code is the caller's to read. */
export async function runGit(call: GitCall): Promise<GitAnswer> {
  const { timeoutMs = 30_000, maxBytes = 64 * 1024 * 1024 } = call;
  const child = startGit(call);
  return await new Promise<GitAnswer>((resolve, reject) => {
    const out: Buffer[] = [];
    let size = 0;
    let stderr = '';
    const stop = (code: string, message: string): void => {
      child.kill('SIGKILL');
      reject(new HoldfastError({ code, source: 'system', message, retryable: code === 'GitTimeout' }));
    };
    const timer = setTimeout(
      () => stop('GitTimeout', `git ${call.args[0]} took longer than ${timeoutMs} ms`),
      timeoutMs,
    );
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(gitNotStarted(error));
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) stop('GitOutputTooLarge', `git ${call.args[0]} wrote more than ${maxBytes} bytes`);
      else out.push(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 8192) stderr += chunk.toString('utf8');
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, stdout: Buffer.concat(out), stderr: stderr.trim() });
    });
    // git may end before it has read everything (EPIPE); its exit code tells.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(call.input);
  });
}

/** Runs git and gives its stdout as text without the last newline. Throws `GitProcessFailed` with what git said. */
export async function gitText(call: GitCall): Promise<string> {
  const answer = await runGit(call);
  if (answer.code !== 0) {
    throw new HoldfastError({
      code: 'GitProcessFailed',
      source: 'system',
      message: `git ${call.args[0]} failed with exit code ${answer.code}`,
      reason: answer.stderr.slice(0, 500),
    });
  }
  return answer.stdout.toString('utf8').replace(/\n$/, '');
}
