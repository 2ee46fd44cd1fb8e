// Timers that run when a test says that time has passed, together with a monotonic clock.
import type { SetTimer } from '../../lib/runtime/lease-keeper.ts';

export interface FakeTimers {
  readonly monotonic: () => number;
  readonly setTimer: SetTimer;
  /** Time passes; timers that fall due run in order, each with its promises settled. */
  pass(ms: number): Promise<void>;
  /** Time passes while no timer runs: what a paused process sees. */
  freeze(ms: number): void;
  /** Timers still set. */
  readonly pending: () => number;
}

export function fakeTimers(): FakeTimers {
  let now = 5_000;
  const timers = new Set<{ readonly at: number; readonly work: () => void }>();
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    monotonic: () => now,
    setTimer: (ms, work) => {
      const timer = { at: now + ms, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    freeze: (ms) => {
      now += ms;
    },
    pass: async (ms) => {
      const end = now + ms;
      for (;;) {
        const [first] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (first === undefined) break;
        timers.delete(first);
        now = Math.max(now, first.at);
        first.work();
        await settle();
      }
      now = end;
    },
    pending: () => timers.size,
  };
}
