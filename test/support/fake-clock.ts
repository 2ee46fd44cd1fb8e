// A clock that stands still until a test moves it.
import type { Clock } from '../../lib/core/clock.ts';

export interface FakeClock extends Clock {
  /** Both the wall clock and the monotonic clock go on. */
  advance(ms: number): void;
  /** Somebody sets the wall clock; the monotonic clock does not notice. */
  setWall(now: number): void;
}

/** Begins at a round time, so that what is expected can be read. */
export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let wall = start;
  let monotonic = 1_000_000;
  return {
    now: () => wall,
    monotonic: () => monotonic,
    advance: (ms) => {
      wall += ms;
      monotonic += ms;
    },
    setWall: (now) => {
      wall = now;
    },
  };
}
