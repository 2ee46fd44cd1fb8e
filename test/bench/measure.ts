// One measured process: wall time, peak memory, what the cluster did for it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../lib/core/errors.ts';
import type { ControlPlane } from '../support/cluster/control-plane.ts';
import { servedBetween, servedRequests } from './request-counts.ts';

export interface Measurement {
  readonly wallMs: number;
  /** Peak resident memory in MB; 0 where /proc does not tell. */
  readonly peakMb: number;
  /** CPU of the process itself, as seen last before its end; 0 where /proc does not tell. */
  readonly ownCpuMs: number;
  readonly serverCpuMs: number;
  readonly requests: Readonly<Record<string, number>>;
  /** What the process printed last, when that was JSON. */
  readonly printed: Readonly<Record<string, unknown>> | undefined;
}

export interface MeasuredCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes that are no failure. Default: 0. */
  readonly codes?: readonly number[];
}

/** Runs the command against a control plane. Throws `BenchCommandFailed` with the end of its output. */
export async function measure(plane: ControlPlane, measured: MeasuredCommand): Promise<Measurement> {
  const [before, cpuBefore] = [await servedRequests(plane), serverCpuMs(plane)];
  const { wallMs, peakMb, ownCpuMs, stdout } = await run(measured);
  const [cpuAfter, after] = [serverCpuMs(plane), await servedRequests(plane)];
  return {
    wallMs,
    peakMb,
    ownCpuMs,
    serverCpuMs: cpuAfter - cpuBefore,
    requests: servedBetween(before, after),
    printed: lastJson(stdout),
  };
}

/** A command that takes longer is broken, not slow. */
const limitMs = 120_000;

interface Ran extends Pick<Measurement, 'wallMs' | 'peakMb' | 'ownCpuMs'> {
  readonly stdout: string;
}

function run({ command, args, env, codes = [0] }: MeasuredCommand) {
  return new Promise<Ran>((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { env: env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let tail = '';
    let peakMb = 0;
    let ownCpuMs = 0;
    const look = () => {
      if (child.pid === undefined) return;
      peakMb = Math.max(peakMb, memoryPeakMb(child.pid));
      // Counts what was spent, so that it tells of two versions even on a machine that is busy with something else.
      ownCpuMs = Math.max(ownCpuMs, cpuMs([child.pid]));
    };
    const sampler = setInterval(look, 25);
    const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
      tail = (tail + chunk).slice(-2000);
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      tail = (tail + chunk).slice(-2000);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      const wallMs = performance.now() - started;
      clearInterval(sampler);
      clearTimeout(limit);
      if (code !== null && codes.includes(code)) resolve({ wallMs, peakMb, ownCpuMs, stdout });
      else reject(failed([command, ...args].join(' '), code, tail));
    });
  });
}

function failed(command: string, code: number | null, tail: string): HoldfastError {
  const message = `A measured command ended with ${code}: ${command}`;
  return new HoldfastError({ code: 'BenchCommandFailed', source: 'system', message, reason: tail.trim() });
}

function memoryPeakMb(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** CPU of etcd and the apiserver together; 0 where /proc does not tell. */
const serverCpuMs = (plane: ControlPlane): number => cpuMs(Object.values(plane.pids));

/** User and system time of processes, milliseconds. */
function cpuMs(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      return 0;
    }
  }
  return ticks * 10;
}

function lastJson(stdout: string): Readonly<Record<string, unknown>> | undefined {
  const text = stdout.trim();
  for (const candidate of [text, text.slice(text.lastIndexOf('\n') + 1)]) {
    try {
      return JSON.parse(candidate) as Readonly<Record<string, unknown>>;
    } catch {
      continue;
    }
  }
  return undefined;
}
