// Who holds a lease: recognised alive, gone, replaced, or from somewhere else.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { holderAlive, newHolder, startTime } from '../../../lib/adapters/store/holder.ts';
import { eventually } from '../../support/eventually.ts';

const parts = (holder: string): string[] => holder.split(':');
const withPart = (holder: string, index: number, value: string): string => parts(holder).with(index, value).join(':');

it('is alive while its process is', () => {
  expect(holderAlive(newHolder())).toBe(true);
});

it('is never the same twice', () => {
  expect(newHolder()).not.toBe(newHolder());
});

it('is gone when its process id belongs to a process that began at another time', () => {
  expect(holderAlive(withPart(newHolder(), 2, '1'))).toBe(false);
});

it('is gone when there is no such process', async () => {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const pid = Number(child.pid);
  const holder = withPart(withPart(newHolder(), 1, String(pid)), 2, String(startTime(pid)));
  expect(holderAlive(holder)).toBe(true);
  child.kill('SIGKILL');
  await eventually(() => !holderAlive(holder));
});

it('is gone when its process has ended and only its parent has not noticed', async () => {
  if (!existsSync('/proc/self/stat')) return;
  const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    parent.kill('SIGKILL');
  });
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const zombie = String(chunk).trim();
  // The shell would notice the end of its child; what it becomes does not.
  await eventually(() => readFileSync(`/proc/${parent.pid ?? 0}/comm`, 'utf8').trim() === 'sleep');
  process.kill(Number(zombie), 'SIGKILL');
  await eventually(() => readFileSync(`/proc/${zombie}/stat`, 'utf8').includes(') Z '));
  expect(holderAlive(withPart(withPart(newHolder(), 1, zombie), 2, 'unknown'))).toBe(false);
});

it('is alive while its process is stopped', async () => {
  const child = spawn('sleep', ['60']);
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const pid = Number(child.pid);
  child.kill('SIGSTOP');
  expect(holderAlive(withPart(withPart(newHolder(), 1, String(pid)), 2, String(startTime(pid))))).toBe(true);
});

it('is gone when the machine was started again since', () => {
  if (!existsSync('/proc/sys/kernel/random/boot_id')) return;
  expect(holderAlive(withPart(newHolder(), 3, 'aaaabbbbcccc'))).toBe(false);
});

it('counts as alive when it cannot be known: another container, another kind of name', () => {
  expect(holderAlive(withPart(withPart(newHolder(), 4, '4026599999'), 1, '999999'))).toBe(true);
  expect(holderAlive('lambda/7f3a')).toBe(true);
  expect(holderAlive('')).toBe(true);
});
