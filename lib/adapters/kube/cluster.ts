// What all steps on one cluster share: the client, what the cluster serves, and the limit of requests in flight.
import type { ApiDirectory, KubeClient } from './types.ts';

/** How long an answer of discovery is taken as it is; asking again costs two requests without bodies. */
const directoryMs = 60_000;

export interface ClusterOptions {
  readonly connect: () => Promise<KubeClient>;
  /** Requests in flight at once. */
  readonly concurrency: number;
}

export class Cluster {
  readonly #options: ClusterOptions;
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;
  #client: Promise<KubeClient> | undefined;
  #connected: KubeClient | undefined;
  #directory: { readonly at: number; readonly answer: Promise<ApiDirectory> } | undefined;
  #previous: ApiDirectory | undefined;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** The client; connecting that failed is tried again by the next call. */
  async client(): Promise<KubeClient> {
    this.#client ??= this.#options.connect();
    try {
      this.#connected = await this.#client;
      return this.#connected;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  /** Runs one exchange with the cluster when there is room for it. */
  async request<T>(work: (client: KubeClient) => Promise<T>): Promise<T> {
    const client = await this.client();
    while (this.#inFlight >= this.#options.concurrency) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#inFlight += 1;
    try {
      return await work(client);
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  /** What the cluster serves; one question for all who ask at the same time. `now` in milliseconds. */
  async directory(now: number): Promise<ApiDirectory> {
    const known = this.#directory;
    if (known !== undefined && now - known.at < directoryMs && now >= known.at) return await known.answer;
    const previous = this.#previous;
    const answer = this.request((client) => client.discover(previous));
    this.#directory = { at: now, answer };
    try {
      this.#previous = await answer;
      return this.#previous;
    } catch (error) {
      this.#directory = undefined;
      throw error;
    }
  }

  /** The next question about kinds is asked to the cluster again. */
  forgetDirectory(): void {
    this.#directory = undefined;
  }

  /** Requests sent, by verb. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const [verb, count] of Object.entries(this.#connected?.counts() ?? {})) counts[verb] = count;
    return counts;
  }

  close(): void {
    this.#connected?.close();
    this.#connected = undefined;
    this.#client = undefined;
  }
}
