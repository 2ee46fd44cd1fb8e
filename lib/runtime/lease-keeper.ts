// Keeps a lease while its holder works: renews it in the background, and says stop before anybody else could have taken it.
import { HoldfastError } from '../core/errors.ts';
import {
  LEASE_TTL_MS,
  mayWrite,
  RENEW_EVERY_MS,
  RENEW_RETRY_MS,
  WRITE_WINDOW_MS,
  writeTimeLeft,
} from '../core/reconcile/lease.ts';
import { leaseLost } from '../core/reconcile/rows.ts';
import type { Lease, RowKey, Store } from '../core/reconcile/store.ts';

/** Calls `work` once after `ms`; the answer cancels it. */
export type SetTimer = (ms: number, work: () => void) => () => void;

export interface KeepLeaseOptions {
  readonly store: Pick<Store, 'renew'>;
  readonly key: RowKey;
  readonly lease: Lease;
  /** Monotonic milliseconds of this process. */
  readonly monotonic: () => number;
  /** `monotonic()` as it was just before the lease was asked for. */
  readonly sentAt: number;
  readonly setTimer?: SetTimer;
}

export interface LeaseKeeper {
  /** Called before every write. Throws `LeaseLost` when the lease may be somebody else's by now. Needs no `this`. */
  readonly guard: () => void;
  /** Milliseconds that a write begun now may take; 0 when none may begin. */
  readonly timeLeft: () => number;
  /** Aborts when the lease is lost; its reason is the `LeaseLost`. */
  readonly signal: AbortSignal;
  /**
   * Ends the renewing. Call it when the lease was given back, or the work ended in any other way. Await it: a request that is under
   * way when a function answers is frozen with it, and thawed at any time. Never rejects.
   */
  readonly stop: () => Promise<void>;
}

const systemTimer: SetTimer = (ms, work) => {
  const timer = setTimeout(work, ms);
  // A process that has nothing else to do may end: the lease then ends with it.
  timer.unref();
  return () => clearTimeout(timer);
};

/** Begins to renew a lease that was just taken. */
export function keepLease(options: KeepLeaseOptions): LeaseKeeper {
  const { store, key, lease, monotonic, setTimer = systemTimer } = options;
  const lost = new AbortController();
  let sentAt = options.sentAt;
  let stopped = false;
  let cancelRenewal = (): void => {};
  let cancelDeadline = (): void => {};
  let renewing: Promise<void> = Promise.resolve();

  const end = (): void => {
    stopped = true;
    cancelRenewal();
    cancelDeadline();
  };
  const lose = (): void => {
    if (stopped) return;
    end();
    lost.abort(leaseLost(key, lease));
  };
  /** Work that waits for an answer from outside is told to stop even when it never comes to the guard. */
  const watch = (): void => {
    cancelDeadline();
    cancelDeadline = setTimer(Math.max(0, sentAt + WRITE_WINDOW_MS - monotonic()), () => {
      if (!mayWrite(sentAt, monotonic())) lose();
      else watch();
    });
  };
  const renew = async (): Promise<void> => {
    const asked = monotonic();
    let next = RENEW_RETRY_MS;
    try {
      const renewed = await store.renew(key, lease, LEASE_TTL_MS);
      if (!renewed || !mayWrite(sentAt, monotonic())) return lose();
      sentAt = asked;
      next = RENEW_EVERY_MS;
      if (!stopped) watch();
    } catch {
      // The store does not answer: whether the lease is still ours is unknown, so try until the window for writes is over.
    }
    if (!stopped) schedule(next);
  };
  const schedule = (ms: number): void => {
    cancelRenewal = setTimer(ms, () => {
      renewing = renew();
    });
  };

  schedule(RENEW_EVERY_MS);
  watch();
  return {
    guard: () => {
      if (!stopped && !mayWrite(sentAt, monotonic())) lose();
      if (lost.signal.aborted) throw lost.signal.reason;
      if (stopped) throw givenBack(key);
    },
    timeLeft: () => (stopped ? 0 : writeTimeLeft(sentAt, monotonic())),
    signal: lost.signal,
    stop: async () => {
      end();
      await renewing;
    },
  };
}

/** A write after the lease was given back is a mistake of ours; it is refused like any other write without a lease. */
function givenBack(key: RowKey): HoldfastError {
  return new HoldfastError({
    code: 'LeaseLost',
    source: 'system',
    message: `The lease of ${key} was given back; nothing more is written under it`,
    object: key,
    retryable: true,
  });
}
