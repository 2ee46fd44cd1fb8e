// One HTTP exchange with the API server over kept connections. No retries here, and no idea of Kubernetes.
import http from 'node:http';
import https from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { ClusterConnection, Credentials } from './connection.ts';

const gunzipAsync = promisify(gunzip);

export interface HttpRequest {
  readonly method: string;
  /** Path and query, below the server's base URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds until the exchange is given up. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface HttpReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Why there was no reply. `sent` tells whether the server may have seen the request. */
export class ExchangeError extends Error {
  readonly kind: 'unreachable' | 'timeout' | 'aborted' | 'too-large' | 'tls';
  /** Node's code, e.g. `ECONNREFUSED`. */
  readonly errno: string;

  constructor(kind: ExchangeError['kind'], errno: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ExchangeError';
    this.kind = kind;
    this.errno = errno;
  }
}

export interface TransportOptions {
  /** Connections at once. Default 32: the server's fair queueing takes that many from one user without a refusal. */
  readonly maxSockets?: number;
  /** Bytes of one answer, unpacked. Default 256 MiB. */
  readonly maxReplyBytes?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}
