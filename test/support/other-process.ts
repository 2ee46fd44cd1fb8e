// Another process on the same store, and what must be true after several have hammered it.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished } from 'vitest';
import type { Store } from '../../lib/core/reconcile/store.ts';
import type { Command, HammerReport, StorePlace } from './store-process.ts';

export interface Other {
  readonly pid: number;
  ask<T>(command: Command): Promise<T>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<unknown>;
}

/** Killed when the test ends. */
export async function otherProcess(place: StorePlace): Promise<Other> {
  const script = join(import.meta.dirname, 'store-process.ts');
  const child = spawn(process.execPath, [script, JSON.stringify(place)], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => JSON.parse(String((await lines.next()).value)) as T;
  await answer();
  return {
    pid: Number(child.pid),
    ask: (command) => {
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return answer();
    },
    signal: (name) => child.kill(name),
    ended: new Promise((resolve) => child.once('exit', resolve)),
  };
}

interface Hammered {
  readonly store: Store;
  readonly keys: readonly string[];
  readonly reports: readonly HammerReport[];
  readonly seed: number;
}

/** Every fence was given out once, no hint, step or observation was lost. Each key had one hint before. */
export async function expectSound({ store, keys, reports, seed }: Hammered): Promise<void> {
  const fences = reports.flatMap((report) => report.fences);
  expect(fences.length).toBeGreaterThan(reports.length);
  expect({ seed, fences: new Set(fences).size }).toEqual({ seed, fences: fences.length });
  expect({ seed, unexpected: reports.flatMap((report) => report.unexpected) }).toEqual({ seed, unexpected: [] });
  for (const key of keys) {
    const row = await store.read(key);
    const sum = (part: 'hints' | 'steps'): number => reports.reduce((all, report) => all + (report[part][key] ?? 0), 0);
    const accepted = reports.flatMap((report) => report.accepted[key] ?? []);
    expect(new Set(accepted).size).toBe(accepted.length);
    expect({ seed, ...row }).toMatchObject({
      seed,
      wanted: sum('hints') + 1,
      fence: fences.filter((fence) => fence.startsWith(`${key}#`)).length,
      state: { n: sum('steps') },
      source: { seq: Math.max(...accepted) },
    });
    expect(row?.lease).toBeUndefined();
  }
}
