// What a run costs: milliseconds by phase and requests by target and verb. Requests find their run through the async context,
// because many runs share one connection.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Cost } from '../core/reconcile/state.ts';

/** Collects the cost of one slice of one run. */
export class CostMeter {
  readonly #ms = new Map<string, number>();
  readonly #requests = new Map<string, Map<string, number>>();

  /** Adds the time of a phase. */
  time(phase: string, ms: number): void {
    this.#ms.set(phase, (this.#ms.get(phase) ?? 0) + ms);
  }

  /** Counts one request. */
  request(target: string, verb: string): void {
    const verbs = this.#requests.get(target) ?? new Map<string, number>();
    verbs.set(verb, (verbs.get(verb) ?? 0) + 1);
    this.#requests.set(target, verbs);
  }

  /** What was collected since the last call, added to `cost`. */
  addTo(cost: Cost): Cost {
    const ms: Record<string, number> = { ...cost.ms };
    for (const [phase, value] of this.#ms) ms[phase] = Math.round(((ms[phase] ?? 0) + value) * 10) / 10;
    const requests: Record<string, Record<string, number>> = {};
    for (const [target, verbs] of Object.entries(cost.requests)) requests[target] = { ...verbs };
    for (const [target, verbs] of this.#requests) {
      const sum = requests[target] ?? {};
      for (const [verb, count] of verbs) sum[verb] = (sum[verb] ?? 0) + count;
      requests[target] = sum;
    }
    this.#ms.clear();
    this.#requests.clear();
    return { ...cost, ms, requests };
  }
}

const current = new AsyncLocalStorage<CostMeter>();

/** Runs `work` so that requests sent in it count for `meter`. */
export async function metered<T>(meter: CostMeter, work: () => Promise<T>): Promise<T> {
  return await current.run(meter, work);
}

/** Counts a request of the run that is being worked on, if any. */
export function countRequest(target: string, verb: string): void {
  current.getStore()?.request(target, verb);
}
