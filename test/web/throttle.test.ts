// The limit on failures: per sender, forgotten with time, bounded in memory.
import { expect, it } from 'vitest';
import { createThrottle } from '../../lib/web/throttle.ts';

const limits = { burst: 3, perMinute: 6, senders: 2 };

function under(now: () => number) {
  const throttle = createThrottle(now, limits);
  const fail = (sender: string, times: number): void => {
    for (let i = 0; i < times; i += 1) throttle.failed(sender);
  };
  return { throttle, fail };
}

it('holds up a sender after its burst, and no other', () => {
  const { throttle, fail } = under(() => 0);
  fail('a', 2);
  expect(throttle.waitSeconds('a')).toBe(0);
  fail('a', 1);
  expect(throttle.waitSeconds('a')).toBe(10);
  expect(throttle.waitSeconds('b')).toBe(0);
});

it('forgets with time, and never asks for a longer wait than the burst is worth', () => {
  let now = 0;
  const { throttle, fail } = under(() => now);
  fail('a', 1000);
  expect(throttle.waitSeconds('a')).toBe(40);
  now += 39_000;
  expect(throttle.waitSeconds('a')).toBe(1);
  now += 1_000;
  expect(throttle.waitSeconds('a')).toBe(0);
});

it('does not forgive when the clock is set back', () => {
  let now = 1_000_000;
  const { throttle, fail } = under(() => now);
  fail('a', 5);
  now = 0;
  expect(throttle.waitSeconds('a')).toBe(30);
});

it('remembers no more senders than it may', () => {
  const { throttle, fail } = under(() => 0);
  for (const sender of ['a', 'b', 'c']) fail(sender, 5);
  expect(['a', 'b', 'c'].map((sender) => throttle.waitSeconds(sender) > 0)).toEqual([false, true, true]);
});
