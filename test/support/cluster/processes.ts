// The processes of one control plane: started together, watched while they start, killed together.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../../lib/core/errors.ts';

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Programs of one binary, with a log file each. None outlives this process. */
export class ProcessGroup {
  readonly #binary: string;
  readonly #dir: string;
  readonly #children = new Map<string, ChildProcess>();
  #killing = false;
  readonly #killAtExit = () => {
    for (const child of this.#children.values()) child.kill('SIGKILL');
  };

  constructor(binary: string, dir: string) {
    this.#binary = binary;
    this.#dir = dir;
    process.on('exit', this.#killAtExit);
  }

  start(program: string, args: readonly string[]): void {
    const log = openSync(this.#log(program), 'w');
    // Own process group: a Ctrl-C in the terminal must reach us first. The pipe on stdin is their lifeline: it closes
    // however we end, and then they end.
    const child = spawn(this.#binary, [program, ...args], {
      detached: true,
      stdio: ['pipe', log, log],
      env: { ...process.env, TESTKUBE_LIFELINE: 'stdin' },
    });
    closeSync(log);
    child.on('error', () => {});
    child.stdin?.on('error', () => {});
    this.#children.set(program, child);
  }

  /** Asks again until there is an answer; throws when a program ended or the time is over. Rejections count as "not yet". */
  async until<T>(what: string, deadlineMs: number, ask: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + deadlineMs;
    while (performance.now() < deadline) {
      await this.#throwIfEnded();
      const answer = await ask().catch(() => undefined);
      if (answer !== undefined) return answer;
      await sleep(25);
    }
    throw new HoldfastError({
      code: 'ControlPlaneStart',
      source: 'system',
      message: `The control plane did not get to ${what} within ${deadlineMs / 1000} s`,
      reason: await this.#tails(),
    });
  }

  /** Resolves with what happened when a program ends before `kill`. */
  ended(): Promise<string> {
    return new Promise((resolve) => {
      for (const [program, child] of this.#children) {
        child.once('exit', (code, signal) => {
          if (!this.#killing) resolve(`${program} ended (${code ?? signal ?? 'unknown'})`);
        });
      }
    });
  }

  pids(): Record<string, number> {
    return Object.fromEntries([...this.#children].map(([program, child]) => [program, child.pid ?? 0]));
  }

  /** The data is thrown away, so nobody is asked to finish. */
  async kill(): Promise<void> {
    process.off('exit', this.#killAtExit);
    this.#killing = true;
    await Promise.all(
      [...this.#children.values()].map(async (child) => {
        if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        await ended;
      }),
    );
    this.#children.clear();
  }

  async #throwIfEnded(): Promise<void> {
    for (const [program, child] of this.#children) {
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) continue;
      throw new HoldfastError({
        code: 'ControlPlaneStart',
        source: 'system',
        message: `${program} ended (${child.exitCode ?? child.signalCode ?? 'not started'}) while the control plane was starting`,
        reason: await this.#tails(),
      });
    }
  }

  async #tails(): Promise<string> {
    const tails = [...this.#children.keys()].map(async (program) => {
      const text = await readFile(this.#log(program), 'utf8').catch(() => '');
      return `--- ${program}\n${text.trim().split('\n').slice(-8).join('\n')}`;
    });
    return (await Promise.all(tails)).join('\n');
  }

  #log(program: string): string {
    return path.join(this.#dir, `${program}.log`);
  }
}
