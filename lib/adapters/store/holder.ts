// Who holds a lease on this machine: a process that can be recognised as gone, even when its id was given to another one.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

// hf1:<pid>:<start time>:<boot id>:<process id space>:<random>
const FORM = /^hf1:(\d+):([^:]+):([^:]*):([^:]*):[0-9a-f]+$/;

/** A new holder name of this process. Two workers of one process use two names. */
export function newHolder(): string {
  const parts = [
    process.pid,
    startTime(process.pid) ?? 'unknown',
    bootId(),
    pidSpace(),
    randomBytes(6).toString('hex'),
  ];
  return `hf1:${parts.join(':')}`;
}

/**
 * False only when the holder's process is certainly gone: no such process, a zombie, a process id that was given to another
 * process, or a machine that was started again since. A name of another form, or of another container, counts as alive:
 * its lease simply runs out.
 */
export function holderAlive(holder: string): boolean {
  const match = FORM.exec(holder);
  if (match === null) return true;
  const [, pid, started, boot, space] = match;
  if (boot !== '' && bootId() !== '' && boot !== bootId()) return false;
  if (space !== pidSpace()) return true;
  const now = Number(pid) === process.pid ? ownStart() : startTime(Number(pid));
  if (now === undefined) return false;
  return started === 'unknown' || now === 'unknown' || now === started;
}

/** When the process began, in a form that only equality makes sense of; undefined when it is gone, `unknown` when it cannot be read. */
export function startTime(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  return process.platform === 'linux' ? startTimeFromProc(pid) : startTimeFromPs(pid);
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startTimeFromProc(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return exists(pid) ? 'unknown' : undefined;
  // The name of the program may hold spaces and brackets; what follows the last bracket is regular: state is field 3, start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return fields[19] ?? 'unknown';
}

function startTimeFromPs(pid: number): string | undefined {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' }, timeout: 5_000 } as const;
    const [state = '', ...started] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], options)
      .trim()
      .split(/\s+/);
    if (state === '' || state.startsWith('Z')) return undefined;
    return started.join('_').replaceAll(':', '.');
  } catch {
    return exists(pid) ? 'unknown' : undefined;
  }
}

let own: string | undefined;
/** Asked once: most leases that are looked at are this process's own, and asking may mean to start a program. */
function ownStart(): string {
  own ??= startTime(process.pid) ?? 'unknown';
  return own;
}

let boot: string | undefined;
function bootId(): string {
  boot ??= (readText('/proc/sys/kernel/random/boot_id') ?? '').trim().replaceAll('-', '').slice(0, 12);
  return boot;
}

let space: string | undefined;
function pidSpace(): string {
  space ??= readSpace();
  return space;
}

function readSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '';
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
