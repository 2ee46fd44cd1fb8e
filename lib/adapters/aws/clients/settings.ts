// Settings that all clients inside the stack share: deadlines, because a call that hangs would eat the time of a function.

interface Deadlines {
  /** Milliseconds until a connection stands. */
  readonly connectionTimeout: number;
  /** Milliseconds until the whole answer is there. */
  readonly requestTimeout: number;
}

const usual: Deadlines = { connectionTimeout: 2_000, requestTimeout: 10_000 };

/** Region, endpoint and credentials come from the environment, as everywhere in the SDK. */
export function clientSettings(deadlines: Partial<Deadlines> = {}): {
  readonly maxAttempts: number;
  readonly requestHandler: Deadlines & { readonly throwOnRequestTimeout: boolean };
} {
  return { maxAttempts: 4, requestHandler: { ...usual, ...deadlines, throwOnRequestTimeout: true } };
}
