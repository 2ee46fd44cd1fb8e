// The clock of this machine.
import type { Clock } from '../core/clock.ts';

/** `monotonic` counts from the start of the machine, so that processes can compare what they read. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => Number(process.hrtime.bigint()) / 1e6,
};
