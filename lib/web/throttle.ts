// How many wrong signatures one sender may send: each costs a hash over its body, so there is an end to large ones.

/** Failures that are forgiven at once, and how fast they are forgotten. */
export interface ThrottleLimits {
  readonly burst: number;
  readonly perMinute: number;
  /** Senders remembered; the oldest is forgotten first. */
  readonly senders: number;
}

export const defaultThrottle: ThrottleLimits = { burst: 30, perMinute: 30, senders: 1000 };

export interface Throttle {
  /** Seconds that the sender has to wait; 0 when it may go on. */
  waitSeconds(sender: string): number;
  /** One more failure of the sender. */
  failed(sender: string): void;
}

interface Bucket {
  readonly failures: number;
  readonly at: number;
}

/** A leaking bucket per sender. Only failures fill it, so a sender that signs well is never held up. */
export function createThrottle(now: () => number, limits: ThrottleLimits = defaultThrottle): Throttle {
  const buckets = new Map<string, Bucket>();
  const level = (sender: string): number => {
    const bucket = buckets.get(sender);
    if (bucket === undefined) return 0;
    const leaked = (Math.max(0, now() - bucket.at) / 60_000) * limits.perMinute;
    return Math.max(0, bucket.failures - leaked);
  };
  return {
    waitSeconds: (sender) => {
      const over = level(sender) - limits.burst + 1;
      return over <= 0 ? 0 : Math.ceil((over / limits.perMinute) * 60);
    },
    failed: (sender) => {
      const failures = Math.min(level(sender) + 1, 2 * limits.burst);
      buckets.delete(sender);
      buckets.set(sender, { failures, at: now() });
      const [oldest] = buckets.keys();
      if (buckets.size > limits.senders && oldest !== undefined) buckets.delete(oldest);
    },
  };
}
