// One HTTP exchange with the API server over kept connections. No retries here, and no idea of Kubernetes.
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ClusterConnection, Credentials } from './connection.ts';

const gunzipAsync = promisify(gunzip);

/** Idle connections older than this may be dead without anybody knowing: the machine was asleep (a thawed Lambda, a laptop). */
const idleTooLongMs = 60_000;

export interface HttpRequest {
  readonly method: string;
  /** Path and query, below the server's base URL. */
  readonly path: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string;
  /** Milliseconds until the exchange is given up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly kind: 'reply';
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** No reply: `unreachable` before or while talking, `tls` when the peer is not who it should be, and so on. */
export interface HttpFailure {
  readonly kind: 'unreachable' | 'tls' | 'timeout' | 'aborted' | 'too-large';
  /** Node's code or text. */
  readonly reason: string;
}

/** An answer whose body is read as it comes. */
export interface HttpStream {
  readonly kind: 'stream';
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

export interface TransportOptions {
  /** Connections at once. Default 32: fair queueing of the server takes that many from one user without a refusal. */
  readonly maxSockets?: number;
  /** Bytes of one answer, unpacked. Default 256 MiB. */
  readonly maxReplyBytes?: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export class Transport {
  readonly #base: { host: string; port: string; prefix: string };
  readonly #send: typeof https.request;
  readonly #agents: { calls: http.Agent; watches: http.Agent };
  readonly #maxReplyBytes: number;
  readonly #now: () => number;
  #inFlight = 0;
  #lastUse = 0;

  constructor(connection: ClusterConnection, credentials: Credentials, options: TransportOptions) {
    const url = new URL(connection.server);
    const secure = url.protocol === 'https:';
    this.#base = {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || (secure ? '443' : '80'),
      prefix: url.pathname.replace(/\/+$/, ''),
    };
    this.#send = secure ? https.request : http.request;
    const keep = { keepAlive: true, keepAliveMsecs: 30_000, scheduling: 'lifo' as const };
    const tls = {
      ca: connection.ca,
      cert: credentials.cert,
      key: credentials.key,
      servername: connection.serverName,
      rejectUnauthorized: connection.insecure !== true,
    };
    const Agent = secure ? https.Agent : http.Agent;
    // Watches stay open for minutes: with connections of their own they cannot starve the calls.
    this.#agents = {
      calls: new Agent({ ...keep, ...tls, maxSockets: options.maxSockets ?? 32 }),
      watches: new Agent({ ...keep, ...tls }),
    };
    this.#maxReplyBytes = options.maxReplyBytes ?? 256 * 1024 * 1024;
    this.#now = options.now;
  }

  /** Sends one request and reads the whole answer. Never rejects. */
  async exchange(request: HttpRequest): Promise<HttpReply | HttpFailure> {
    const now = this.#now();
    if (this.#inFlight === 0 && this.#lastUse > 0 && now - this.#lastUse > idleTooLongMs) this.#agents.calls.destroy();
    this.#inFlight++;
    const answer = await this.#exchange(request);
    this.#inFlight--;
    this.#lastUse = this.#now();
    return answer.kind === 'packed' ? unpack(answer, this.#maxReplyBytes) : answer;
  }

  #exchange(request: HttpRequest): Promise<HttpReply | PackedReply | HttpFailure> {
    return new Promise((resolve) => {
      const outgoing = this.#open(request, this.#agents.calls);
      let why: HttpFailure['kind'] | undefined;
      const giveUp = (kind: HttpFailure['kind']) => {
        why ??= kind;
        outgoing.destroy();
      };
      const timer = setTimeout(giveUp, request.timeoutMs, 'timeout');
      const abort = () => giveUp('aborted');
      request.signal?.addEventListener('abort', abort, { once: true });
      const settle = (answer: HttpReply | PackedReply | HttpFailure) => {
        clearTimeout(timer);
        request.signal?.removeEventListener('abort', abort);
        resolve(answer);
      };
      const fail = (error?: NodeJS.ErrnoException) => settle(failure(why, error));
      outgoing.on('error', fail);
      outgoing.on('response', (reply) => {
        const chunks: Buffer[] = [];
        let size = 0;
        reply.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > this.#maxReplyBytes) giveUp('too-large');
        });
        reply.on('error', fail);
        reply.on('end', () => {
          if (why !== undefined) return fail();
          const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, size);
          const { statusCode: status = 0, headers } = reply;
          if (headers['content-encoding'] === 'gzip') settle({ kind: 'packed', status, headers, body });
          else settle({ kind: 'reply', status, headers, body: body.toString('utf8') });
        });
        // A connection cut in the middle of a body ends without `end`.
        reply.on('close', () => {
          if (!reply.complete) fail();
        });
      });
      if (request.signal?.aborted) abort();
      outgoing.end(request.body);
    });
  }

  /** Sends one request and gives the answer as soon as its head is there. Never rejects. */
  stream(request: HttpRequest): Promise<HttpStream | HttpFailure> {
    return new Promise((resolve) => {
      const outgoing = this.#open(request, this.#agents.watches);
      let why: HttpFailure['kind'] | undefined;
      const timer = setTimeout(() => {
        why ??= 'timeout';
        outgoing.destroy();
      }, request.timeoutMs);
      const abort = () => {
        why ??= 'aborted';
        outgoing.destroy();
      };
      request.signal?.addEventListener('abort', abort, { once: true });
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve(failure(why, error));
      });
      outgoing.on('response', (reply) => {
        clearTimeout(timer);
        reply.on('close', () => request.signal?.removeEventListener('abort', abort));
        const { statusCode: status = 0, headers } = reply;
        resolve({ kind: 'stream', status, headers, body: reply, close: () => outgoing.destroy() });
      });
      if (request.signal?.aborted) abort();
      outgoing.end(request.body);
    });
  }

  #open(request: HttpRequest, agent: http.Agent): http.ClientRequest {
    const { host, port, prefix } = this.#base;
    return this.#send({
      host,
      port,
      agent,
      method: request.method,
      path: prefix + request.path,
      headers: request.headers,
    });
  }

  close(): void {
    this.#agents.calls.destroy();
    this.#agents.watches.destroy();
  }
}

interface PackedReply {
  readonly kind: 'packed';
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

async function unpack(packed: PackedReply, maxOutputLength: number): Promise<HttpReply | HttpFailure> {
  const { status, headers } = packed;
  try {
    const body = await gunzipAsync(packed.body, { maxOutputLength });
    return { kind: 'reply', status, headers, body: body.toString('utf8') };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { kind: code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'unreachable', reason: message };
  }
}

const tlsCodes = /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

function failure(why: HttpFailure['kind'] | undefined, error: NodeJS.ErrnoException | undefined): HttpFailure {
  const reason = error?.code ?? error?.message ?? 'connection closed';
  if (why !== undefined) return { kind: why, reason };
  if (tlsCodes.test(error?.code ?? '')) return { kind: 'tls', reason: `${reason}: ${error?.message ?? ''}` };
  return { kind: 'unreachable', reason };
}
