// Sends one call of the client until it is answered: credentials, deadline, retries, counting, and refusals as errors.
import type http from 'node:http';
import { HoldfastError } from '../../core/errors.ts';
import { idText } from '../../core/kubernetes/object.ts';
import type { ClusterConnection, Credentials } from './connection.ts';
import type { KubeApiError } from './errors.ts';
import { defaultRetryPolicy, mayRetry, retryDelay, type RetryPolicy } from './retry.ts';
import { noReply } from './no-reply.ts';
import { refusal, type RequestSubject } from './status.ts';
import { type HttpFailure, type HttpReply, type HttpRequest, type HttpStream, Transport } from './transport.ts';
import type { ApiResource, CallOptions, RequestCounts, RequestVerb } from './types.ts';

export interface ClientOptions {
  /** Connections at once. Default 32. */
  readonly maxSockets?: number;
  /** Milliseconds for a call that does not say itself. Default 30,000. */
  readonly timeoutMs?: number;
  readonly retry?: Partial<RetryPolicy>;
  /** Bytes of one answer, unpacked. Default 256 MiB. */
  readonly maxReplyBytes?: number;
  /** Default `holdfast`. */
  readonly userAgent?: string;
  /** Hears of every request as it is sent, in the async context of its caller: many runs share one client. */
  readonly onRequest?: (verb: RequestVerb) => void;
  /** Monotonic milliseconds; for tests. */
  readonly now?: () => number;
  /** Waits, or rejects when the signal aborts; for tests. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** In [0, 1); for tests. */
  readonly random?: () => number;
}

/** One request to be. */
export interface Call {
  readonly verb: RequestVerb;
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Sending it twice has the effect of sending it once. */
  readonly safe: boolean;
  /** Ask for a packed answer: worth it for lists only. */
  readonly gzip?: boolean;
  readonly etag?: string;
  /** Statuses outside 2xx that are answers, not refusals. */
  readonly answers?: readonly number[];
  /** What it is about, for messages. */
  readonly resource?: ApiResource;
  readonly namespace?: string;
  readonly name?: string;
}

export class Caller {
  readonly #options: ClientOptions;
  readonly #retry: RetryPolicy;
  readonly #counts: Partial<Record<RequestVerb, number>> = {};
  readonly #now: () => number;
  readonly #sleep: NonNullable<ClientOptions['sleep']>;
  readonly #random: () => number;
  #transport: { readonly credentials: Credentials; readonly transport: Transport } | undefined;
  #connection: ClusterConnection;
  #renewal: Promise<Credentials> | undefined;
  #relocation: Promise<ClusterConnection> | undefined;

  constructor(connection: ClusterConnection, options: ClientOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#retry = { ...defaultRetryPolicy, ...options.retry };
    this.#now = options.now ?? (() => performance.now());
    this.#sleep = options.sleep ?? wait;
    this.#random = options.random ?? Math.random;
  }

  get server(): string {
    return this.#connection.server;
  }

  /** The answer, or a KubeApiError. */
  async call(call: Call, options: CallOptions): Promise<HttpReply> {
    const deadline = this.#now() + (options.timeoutMs ?? this.#options.timeoutMs ?? 30_000);
    let renewed = false;
    let relocated = false;
    for (let attempt = 1; ; attempt++) {
      const connection = this.#connection;
      const credentials = connection.credentials.current() ?? (await this.#renew());
      // Asking for credentials took all of it, or the process stood still: a lease may be somebody else's by now.
      if (this.#now() >= deadline) throw this.#error(call, { kind: 'timeout', reason: 'no time was left to send it' });
      const reply = await this.#transportFor(credentials).exchange(
        this.#request(call, credentials, options.signal, deadline),
      );
      if (reply.kind === 'reply' && accepted(call, reply.status)) return reply;
      const error = this.#error(call, reply);
      if (error.code === 'Unauthorized' && !renewed && connection.credentials.renewable) {
        renewed = true;
        await this.#renew(credentials);
        continue;
      }
      if (!relocated && connection.relocate !== undefined && isElsewhere(reply)) {
        relocated = true;
        if (await this.#relocate(connection)) continue;
      }
      const delay = retryDelay(this.#retry, attempt, error, this.#random);
      const noTimeLeft = this.#now() + delay >= deadline;
      if (attempt >= this.#retry.attempts || noTimeLeft || !mayRetry(error, call.safe))
        throw await this.#explain(error);
      await this.#pause(delay, call, options.signal);
    }
  }

  /** An answer that is read as it comes. Not retried: whoever watches begins again anyway. */
  async stream(call: Call, options: CallOptions): Promise<HttpStream> {
    const deadline = this.#now() + (options.timeoutMs ?? this.#options.timeoutMs ?? 30_000);
    const credentials = this.#connection.credentials.current() ?? (await this.#renew());
    const answer = await this.#transportFor(credentials).stream(
      this.#request(call, credentials, options.signal, deadline),
    );
    if (answer.kind === 'stream' && accepted(call, answer.status)) return answer;
    if (answer.kind !== 'stream') throw this.#error(call, answer);
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body) chunks.push(chunk);
    const error = this.#error(call, { ...answer, kind: 'reply', body: Buffer.concat(chunks).toString('utf8') });
    // The next call then begins with fresh credentials.
    if (error.code === 'Unauthorized' && this.#connection.credentials.renewable) await this.#renew(credentials);
    throw error;
  }

  counts(): RequestCounts {
    return { ...this.#counts };
  }

  close(): void {
    this.#transport?.transport.close();
  }

  #request(call: Call, credentials: Credentials, signal: AbortSignal | undefined, deadline: number): HttpRequest {
    this.#counts[call.verb] = (this.#counts[call.verb] ?? 0) + 1;
    this.#options.onRequest?.(call.verb);
    const headers: http.OutgoingHttpHeaders = {
      accept: call.accept ?? 'application/json',
      'user-agent': this.#options.userAgent ?? 'holdfast',
      ...this.#connection.headers,
    };
    if (credentials.authorization !== undefined) headers.authorization = credentials.authorization;
    if (call.gzip) headers['accept-encoding'] = 'gzip';
    if (call.etag !== undefined) headers['if-none-match'] = call.etag;
    if (call.body !== undefined) {
      headers['content-type'] = call.contentType ?? 'application/json';
      // Node sends the body of a DELETE unframed without it: the server would ignore preconditions and propagation.
      headers['content-length'] = Buffer.byteLength(call.body);
    }
    return {
      method: call.method,
      path: call.path,
      headers,
      timeoutMs: Math.max(1, deadline - this.#now()),
      ...(call.body === undefined ? {} : { body: call.body }),
      ...(signal === undefined ? {} : { signal }),
    };
  }

  #transportFor(credentials: Credentials): Transport {
    const last = this.#transport;
    if (
      last?.credentials.cert === credentials.cert &&
      last?.credentials.key === credentials.key &&
      last !== undefined
    ) {
      return last.transport;
    }
    // Another client certificate needs other connections; the old ones finish what they do and go idle.
    const transport = new Transport(this.#connection, credentials, { ...this.#options, now: this.#now });
    this.#transport = { credentials, transport };
    return transport;
  }

  /** Many calls may find the credentials old at once; they are fetched once. */
  #renew(rejected?: Credentials): Promise<Credentials> {
    const source = this.#connection.credentials;
    const current = source.current();
    if (rejected !== undefined && current !== undefined && current !== rejected) return Promise.resolve(current);
    this.#renewal ??= source.renew(rejected).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  /** Many calls may find the cluster moved at once; it is looked for once. What is under way on old connections goes on there. */
  async #relocate(from: ClusterConnection): Promise<boolean> {
    if (this.#connection !== from || from.relocate === undefined) return true;
    this.#relocation ??= from.relocate().finally(() => {
      this.#relocation = undefined;
    });
    try {
      const next = await this.#relocation;
      if (this.#connection !== from) return true;
      this.#connection = next;
      this.#transport = undefined;
      return true;
    } catch (error) {
      // The network may be down for both: then what failed first is what is said.
      if (error instanceof HoldfastError && error.retryable) return false;
      throw error;
    }
  }

  async #explain(error: KubeApiError): Promise<KubeApiError> {
    return (await this.#connection.explain?.(error)) ?? error;
  }

  async #pause(ms: number, call: Call, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#sleep(ms, signal);
    } catch {
      throw this.#error(call, { kind: 'aborted', reason: 'aborted' });
    }
  }

  #error(call: Call, answer: HttpReply | HttpFailure): KubeApiError {
    const subject = subjectOf(call);
    if (answer.kind !== 'reply') return noReply(this.server, subject, answer);
    return refusal(subject, {
      status: answer.status,
      contentType: answer.headers['content-type'] ?? '',
      retryAfter: answer.headers['retry-after'],
      body: answer.body,
    });
  }
}

/** Nothing was sent: whoever answers at the address is not the cluster, or there is no such host any more. */
function isElsewhere(answer: HttpReply | HttpFailure): boolean {
  return answer.kind === 'tls' || (answer.kind === 'unreachable' && /^(?:ENOTFOUND|EAI_AGAIN)$/.test(answer.reason));
}

function accepted(call: Call, status: number): boolean {
  return (status >= 200 && status < 300) || (call.answers?.includes(status) ?? false);
}

function subjectOf({ verb, resource, namespace = '', name, path }: Call): RequestSubject {
  if (resource === undefined) return { verb, object: path, plural: '', secret: false };
  const { group, kind, plural } = resource;
  const secret = group === '' && kind === 'Secret';
  if (name !== undefined) return { verb, object: idText({ group, kind, namespace, name }), plural, name, secret };
  const where = namespace === '' ? '' : ` in ${namespace}`;
  return { verb, object: `${plural}${group === '' ? '' : `.${group}`}${where}`, plural, secret };
}

function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
