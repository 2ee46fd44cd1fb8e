// The workers of one process: they answer doorbells, and a tick finds what no doorbell rang for.
import { asFailure, HoldfastError } from '../core/errors.ts';
import type { Message, QueueName, RowKey } from '../core/reconcile/store.ts';
import { collectGarbage } from './gc.ts';
import type { Home } from './home.ts';
import { asJson } from './rows.ts';
import { workOn } from './work.ts';

export interface WorkerSettings {
  /** Rows worked on at once. */
  readonly concurrency: number;
  /** How often the tick looks for due rows, milliseconds. */
  readonly tickMs: number;
  /** How long a received message stays hidden. */
  readonly visibilityMs: number;
}

export const localWorkers: WorkerSettings = { concurrency: 8, tickMs: 500, visibilityMs: 180_000 };

const storeFailedEveryMs = 60_000;
/** How often unused blobs are looked for. */
const collectEveryMs = 15 * 60_000;

/** Work that takes longer than this does not count for `concurrency` any more, */
const longMs = 3_000;
/** but never more than this many times `concurrency` is under way. */
const longFactor = 8;

interface Busy {
  readonly work: Promise<unknown>;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** Runs until stopped. */
export class Workers {
  readonly #home: Home;
  readonly #settings: WorkerSettings;
  readonly #stop = new AbortController();
  readonly #busy = new Map<RowKey, Busy>();
  #tick: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;
  #pumping = false;
  #rung = false;
  #saidAt = -Infinity;

  constructor(home: Home, settings: WorkerSettings = localWorkers) {
    this.#home = home;
    this.#settings = settings;
  }

  /** Starts ticking; the first tick is now. */
  start(): void {
    this.#tick = setInterval(() => this.ring(), this.#settings.tickMs);
    this.#sweep = setInterval(() => void this.#collect(), collectEveryMs);
    this.#sweep.unref();
    this.ring();
  }

  /** Someone sent a message: look at once instead of at the next tick. */
  ring(): void {
    this.#rung = true;
    if (!this.#pumping) void this.#pump();
  }

  /** Stops taking work, finishes the object in hand, and gives the rows back. */
  async stop(): Promise<void> {
    clearInterval(this.#tick);
    clearInterval(this.#sweep);
    this.#stop.abort();
    await Promise.allSettled([...this.#busy.values()].map((busy) => busy.work));
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#rung && !this.#stop.signal.aborted) {
        this.#rung = false;
        await this.#receive('source');
        await this.#receive('reconcile');
        for (const key of await this.#home.store.due(await this.#home.store.now(), 64)) this.#begin(key);
      }
    } catch (error) {
      this.#storeFailed(asFailure(error).message);
    } finally {
      this.#pumping = false;
    }
  }

  async #collect(): Promise<void> {
    try {
      await collectGarbage(this.#home);
    } catch (error) {
      this.#storeFailed(asFailure(error).message);
    }
  }

  /** Tried again at every tick; said once a minute. */
  #storeFailed(message: string): void {
    const now = this.#home.monotonic();
    if (now - this.#saidAt < storeFailedEveryMs) return;
    this.#saidAt = now;
    this.#home.emit({ event: 'store-failed', at: this.#home.now(), message });
  }

  async #receive(queue: QueueName): Promise<void> {
    const room = this.#room();
    if (room <= 0) return;
    for (const message of await this.#home.queue.receive(queue, room, this.#settings.visibilityMs))
      await this.#answer(message);
  }

  /** A doorbell is acked at once: the row is the truth, and the tick finds it if this process dies now. */
  async #answer(message: Message): Promise<void> {
    if (!/^(repo|app|target)\/[^\s]+$/.test(message.body))
      return await this.#home.queue.bury(message, 'not the key of a row');
    await this.#home.queue.ack(message);
    this.#begin(message.body);
  }

  #begin(key: RowKey): void {
    if (this.#busy.has(key) || this.#room() <= 0 || this.#stop.signal.aborted) return;
    const work = workOn(this.#home, key, this.#stop.signal)
      .catch((error: unknown) => this.#failed(key, error))
      .finally(() => {
        this.#busy.delete(key);
        this.ring();
      });
    this.#busy.set(key, { work, since: this.#home.monotonic() });
  }

  /** How much more may begin now. What takes long mostly waits for a target that does not answer: that must not hold up the others. */
  #room(): number {
    const { concurrency } = this.#settings;
    const now = this.#home.monotonic();
    const quick = [...this.#busy.values()].filter((busy) => now - busy.since < longMs).length;
    return Math.min(concurrency - quick, concurrency * longFactor - this.#busy.size);
  }

  #failed(key: RowKey, error: unknown): void {
    if (error instanceof HoldfastError && (error.code === 'LeaseLost' || error.code === 'Stopped')) return;
    const failure = asFailure(error);
    this.#home.emit({
      event: 'worker-failed',
      at: this.#home.now(),
      message: `${key}: ${failure.message}`,
      data: asJson(failure),
    });
  }
}
