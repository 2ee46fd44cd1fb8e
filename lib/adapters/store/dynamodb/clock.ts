// The store's clock: what DynamoDB's servers say the time is, kept between answers by the machine's monotonic clock.

/** A clock that several machines agree on. */
export interface StoreClock {
  /** Milliseconds since the epoch; asks the store first when nothing was heard of it yet. */
  now(): Promise<number>;
}

/** A clock that learns from answers. */
export interface ServerClock {
  /** Undefined until the first answer, and when the machine has slept since. */
  estimate(): number | undefined;
  /** An answer whose `Date` header says `date` came to a request sent at `sent`, both ends in monotonic milliseconds. */
  heard(date: string | undefined, sent: number, received: number): void;
}

/** A `Date` header says only the second, which may have begun almost a second ago. */
const DATE_STEP_MS = 1_000;
/** How much the bounds of an offset move apart as they age: a bad quartz loses one in ten thousand. */
const DRIFT = 1e-4;

/** How much the machine's two clocks may part before it is taken to have slept. */
const SLEPT_MS = 5_000;

/** Bounds of (server time - monotonic time), as they were at `at`. */
interface Bounds {
  readonly low: number;
  readonly high: number;
  readonly at: number;
  /** Wall clock less monotonic time, as it was then. */
  readonly wall: number;
}

/**
 * Each answer bounds the offset; what all of them allow is narrower than what one says, so the clock gets better than the second that
 * `Date` is given in. An answer that contradicts the others wins: then the machine was asleep, or its clock is not what it seems.
 * A monotonic clock may stand still in a process that was frozen, the wall clock does not: a time that is minutes old would make a
 * lease of somebody else look like one that cannot be.
 */
export function serverClock(monotonic: () => number, wall: () => number = monotonic): ServerClock {
  let known: Bounds | undefined;
  return {
    estimate: () => {
      const now = monotonic();
      if (known === undefined || Math.abs(wall() - now - known.wall) > SLEPT_MS) return undefined;
      return Math.round(now + (known.low + known.high) / 2);
    },
    heard: (date, sent, received) => {
      const at = Date.parse(date ?? '');
      if (Number.isNaN(at)) return;
      const heard = { low: at - received, high: at + DATE_STEP_MS - sent, at: received, wall: wall() - received };
      known = known === undefined ? heard : narrowed(known, heard);
    },
  };
}

function narrowed(known: Bounds, heard: Bounds): Bounds {
  const drift = Math.max(0, heard.at - known.at) * DRIFT;
  const low = Math.max(known.low - drift, heard.low);
  const high = Math.min(known.high + drift, heard.high);
  return low <= high ? { ...heard, low, high } : heard;
}
