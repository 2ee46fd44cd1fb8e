// Time as an argument: what adapters and the runtime pass around instead of reading a clock of their own.

export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump, also backwards. */
  readonly now: () => number;
  /** Milliseconds since the machine started: never goes back, and is the same in every process of the machine. */
  readonly monotonic: () => number;
}
