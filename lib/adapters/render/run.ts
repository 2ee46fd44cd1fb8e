// Runs a renderer program: nothing of our environment, no network through proxies, a deadline, limits on output and memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { HoldfastError } from '../../core/errors.ts';

export interface ToolCall {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** A private directory: home, caches and temporary files of the program. */
  readonly home: string;
  /** Milliseconds until SIGTERM; SIGKILL follows. 90,000 when absent. */
  readonly deadlineMs?: number;
  /** Most bytes of stdout; 64 MiB when absent. */
  readonly outputBytes?: number;
  readonly signal?: { readonly aborted: boolean };
}

export interface ToolAnswer {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const defaultDeadlineMs = 90_000;
const defaultOutputBytes = 64 * 1024 * 1024;
const stderrBytes = 1024 * 1024;
const killAfterMs = 2000;
const abortPollMs = 100;
/** Address space; a template that multiplies itself ends its own process, not the machine. */
const memoryKiB = 2.5 * 1024 * 1024;
const outOfMemory = /(?:fatal error|runtime): (?:out of memory|cannot allocate memory)/;
/** Nothing listens on the discard port: what goes through a proxy fails at once. */
const nowhere = 'http://127.0.0.1:9';

/** The whole environment of a renderer. */
export function toolEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    HOME: home,
    PATH: join(home, 'no-programs'),
    TMPDIR: home,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(home, 'cache'),
    HELM_CACHE_HOME: join(home, 'helm-cache'),
    HELM_CONFIG_HOME: join(home, 'helm-config'),
    HELM_DATA_HOME: join(home, 'helm-data'),
    HELM_PLUGINS: join(home, 'helm-plugins'),
    KUBECONFIG: join(home, 'no-kubeconfig'),
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    ALL_PROXY: nowhere,
    NO_PROXY: '',
    GIT_TERMINAL_PROMPT: '0',
  };
}

/** Runs a program to its end. Throws `RenderTimeout`, `RenderTooLarge`, `RenderOutOfMemory`, `RenderAborted` and `RenderBinaryUnusable`. */
export async function runTool(call: ToolCall): Promise<ToolAnswer> {
  const child = start(call);
  const running = new Running(child, call);
  return await running.end();
}

/** With a limit on address space where the shell can set one. Arguments are passed as they are, never as shell text. */
function start(call: ToolCall): ChildProcess {
  const options = {
    cwd: call.cwd,
    env: toolEnvironment(call.home),
    stdio: ['ignore', 'pipe', 'pipe'] as const,
    // A process group of its own, so that whatever it starts ends with it.
    detached: true,
  };
  if (process.platform !== 'linux' || !existsSync('/bin/sh')) {
    return spawn(call.program, call.args, { ...options, stdio: [...options.stdio] });
  }
  const script = `ulimit -v ${memoryKiB}; exec "$0" "$@"`;
  return spawn('/bin/sh', ['-c', script, call.program, ...call.args], { ...options, stdio: [...options.stdio] });
}

class Running {
  readonly #child: ChildProcess;
  readonly #call: ToolCall;
  readonly #out: Buffer[] = [];
  #outBytes = 0;
  #stderr = '';
  #failure: HoldfastError | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, call: ToolCall) {
    this.#child = child;
    this.#call = call;
  }

  async end(): Promise<ToolAnswer> {
    const { deadlineMs = defaultDeadlineMs, signal } = this.#call;
    const deadline = setTimeout(() => this.#stop('RenderTimeout', `took longer than ${deadlineMs} ms`), deadlineMs);
    const watch = setInterval(() => {
      if (signal?.aborted === true) this.#stop('RenderAborted', 'was stopped');
    }, abortPollMs);
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      if (this.#stderr.length < stderrBytes) this.#stderr += chunk.toString('utf8');
    });
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        this.#child.on('error', reject);
        this.#child.on('close', resolve);
      });
      if (this.#failure !== undefined) throw this.#failure;
      if (code !== 0 && outOfMemory.test(this.#stderr)) {
        throw this.#error('RenderOutOfMemory', `needs more memory than the ${memoryKiB / 1024 / 1024} GiB it may have`);
      }
      return { code, stdout: Buffer.concat(this.#out), stderr: this.#stderr };
    } catch (error) {
      if (error instanceof HoldfastError) throw error;
      throw this.#error('RenderBinaryUnusable', 'could not be started', error);
    } finally {
      clearTimeout(deadline);
      clearInterval(watch);
      clearTimeout(this.#kill);
      this.#signal('SIGKILL');
    }
  }

  #read(chunk: Buffer): void {
    const { outputBytes = defaultOutputBytes } = this.#call;
    this.#outBytes += chunk.length;
    if (this.#outBytes <= outputBytes) this.#out.push(chunk);
    else this.#stop('RenderTooLarge', `wrote more than ${Math.floor(outputBytes / 1024 / 1024)} MiB`);
  }

  #stop(code: string, what: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = this.#error(code, what);
    this.#signal('SIGTERM');
    this.#kill = setTimeout(() => this.#signal('SIGKILL'), killAfterMs);
  }

  #error(code: string, what: string, cause?: unknown): HoldfastError {
    const name = this.#call.program.slice(this.#call.program.lastIndexOf('/') + 1);
    const mine = ['RenderTimeout', 'RenderTooLarge', 'RenderOutOfMemory'].includes(code);
    return new HoldfastError({
      code,
      source: mine ? 'user' : 'system',
      message: `${name} ${what}`,
      retryable: code === 'RenderTimeout' || code === 'RenderAborted',
      ...(mine ? {} : { next: 'holdfast doctor' }),
      cause,
    });
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch {
      // The group is gone already.
    }
  }
}
