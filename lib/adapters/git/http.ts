// HTTP to one Git host: own keep-alive connections, deadlines, a limit on bytes, credentials for one origin only.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { HoldfastError } from '../../core/errors.ts';
import { shown } from '../../core/source/path.ts';

/** How to sign in: user name and password (or token), or a whole `Authorization` value. */
export type GitCredentials =
  | { readonly username: string; readonly password: string }
  | { readonly authorization: string };

export interface GitHttpOptions {
  /** `http://` or `https://`, without credentials in it. */
  readonly url: string;
  /**
   * Asked before each exchange, so that a short-lived token is always fresh. With `rejected` it is asked once more after the
   * host refused what it gave: when the answer is another one, the exchange is made again.
   */
  readonly credentials?: ((rejected: boolean) => Promise<GitCredentials | undefined>) | undefined;
  /** What to do when the host refuses the credentials, for the error. */
  readonly renew?: string | undefined;
  /** Milliseconds until the first byte of an answer; 30,000 when absent. */
  readonly firstByteMs?: number | undefined;
  /** Milliseconds until its last byte; 300,000 when absent. */
  readonly totalMs?: number | undefined;
}

export interface GitRequest {
  /** Below the repository's URL, e.g. `/info/refs?service=git-upload-pack`. */
  readonly path: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly maxBytes: number;
}

export interface GitAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly Buffer[];
}

// Node's own agents give up on a server that is silent for five seconds; ours have the deadlines of the request only.
const agents = {
  'http:': new Agent({ keepAlive: true, timeout: 0, maxSockets: 16 }),
  'https:': new TlsAgent({ keepAlive: true, timeout: 0, maxSockets: 16 }),
};

const maxRedirects = 3;

/** Checks the URL of a repository. Throws `GitUrlInvalid`; the message never repeats what may be a secret. */
export function repositoryUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const problem =
    url === undefined || !(url.protocol === 'http:' || url.protocol === 'https:')
      ? 'it must begin with https:// or http://'
      : url.username !== '' || url.password !== ''
        ? 'it must not hold a user name or token'
        : url.search !== '' || url.hash !== ''
          ? 'it must not have a query or fragment'
          : undefined;
  if (url !== undefined && problem === undefined) return url;
  throw new HoldfastError({
    code: 'GitUrlInvalid',
    source: 'user',
    message: `The URL of the repository cannot be used: ${problem ?? 'it cannot be read'}`,
    next: 'Give the URL alone, and the token as a secret of the repository',
  });
}

/** One repository over HTTP. */
export class GitHttp {
  readonly #options: GitHttpOptions;
  readonly #origin: string;
  #base: string;
  #received = 0;

  constructor(options: GitHttpOptions) {
    const url = repositoryUrl(options.url);
    this.#options = options;
    this.#origin = url.origin;
    this.#base = url.href.replace(/\/+$/, '');
  }

  /** The repository's URL as it is asked now (a host may have moved it on the same origin). */
  get base(): string {
    return this.#base;
  }

  bytesReceived(): number {
    return this.#received;
  }

  /**
   * One exchange, with the whole answer. Throws `GitUnreachable`, `GitTimeout`, `GitAuth`, `GitForbidden`, `GitNotFound`,
   * `GitRateLimited`, `GitRedirectRefused`, `GitPackTooLarge`, `GitPackTruncated`.
   */
  async send(request: GitRequest): Promise<GitAnswer> {
    const { credentials, renew } = this.#options;
    const authorization = authorizationOf(await credentials?.(false));
    try {
      return await this.#send(request, authorization);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'GitAuth') throw signInRefused(error, renew);
      // The secret may have been renewed since it was read.
      const renewed = authorizationOf(await credentials?.(true));
      if (renewed === authorization) throw signInRefused(error, renew);
      return await this.#send(request, renewed).catch((again: unknown) => {
        throw signInRefused(again, renew);
      });
    }
  }

  async #send(request: GitRequest, authorization: string | undefined): Promise<GitAnswer> {
    let url = `${this.#base}${request.path}`;
    for (let hop = 0; hop <= maxRedirects; hop += 1) {
      const exchange = new Exchange(url, request, authorization, this.#options);
      try {
        const response = await exchange.head();
        const status = response.statusCode ?? 0;
        if (status === 200) {
          const chunks = await exchange.body(response);
          return { headers: plainHeaders(response), chunks };
        }
        response.resume();
        if (!isRedirect(status, request.body !== undefined)) throw statusError(status, this.#origin);
        url = this.#follow(url, response.headers.location ?? '', request.path);
      } finally {
        this.#received += exchange.received;
        exchange.end();
      }
    }
    throw redirectRefused(this.#origin, 'it redirects again and again');
  }

  /** A redirect is followed on the same origin only: the credentials are for no one else. */
  #follow(from: string, location: string, path: string): string {
    const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
    if (to === undefined || to.origin !== this.#origin || to.username !== '') {
      throw redirectRefused(this.#origin, `it redirects to ${shown(to?.origin ?? 'something that is no URL')}`);
    }
    if (to.href.endsWith(path)) this.#base = to.href.slice(0, -path.length);
    return to.href;
  }
}

/** One request and its deadlines. */
class Exchange {
  received = 0;
  readonly #url: URL;
  readonly #request: GitRequest;
  readonly #options: GitHttpOptions;
  readonly #headers: Record<string, string>;
  readonly #timers: NodeJS.Timeout[] = [];
  #fail: ((error: HoldfastError) => void) | undefined;
  #stop: (() => void) | undefined;

  constructor(url: string, request: GitRequest, authorization: string | undefined, options: GitHttpOptions) {
    this.#url = new URL(url);
    this.#request = request;
    this.#options = options;
    this.#headers = {
      'user-agent': 'git/holdfast',
      ...request.headers,
      ...(authorization === undefined ? {} : { authorization }),
      ...(request.body === undefined ? {} : { 'content-length': String(request.body.length) }),
    };
  }

  async head(): Promise<IncomingMessage> {
    const { firstByteMs = 30_000, totalMs = 300_000 } = this.#options;
    const total = this.#deadline(totalMs, `did not finish its answer within ${totalMs} ms`);
    const first = this.#deadline(firstByteMs, `gave no answer within ${firstByteMs} ms`);
    this.#timers.push(total, first);
    return await new Promise<IncomingMessage>((resolve, reject) => {
      this.#fail = reject;
      const attempt = (again: boolean): void => {
        const request = this.#open();
        this.#stop = () => request.destroy();
        request.on('response', (response) => {
          clearTimeout(first);
          resolve(response);
        });
        request.on('error', (error) => {
          // The host may close a connection that was kept at the moment we use it: that is no answer, so we ask again.
          if (again && request.reusedSocket && 'code' in error && error.code === 'ECONNRESET') attempt(false);
          else reject(unreachable(this.#url.origin, error));
        });
        request.end(this.#request.body);
      };
      attempt(true);
    });
  }

  #open(): ClientRequest {
    const method = this.#request.body === undefined ? 'GET' : 'POST';
    const options = { method, headers: this.#headers };
    if (this.#url.protocol === 'https:') return httpsRequest(this.#url, { ...options, agent: agents['https:'] });
    return httpRequest(this.#url, { ...options, agent: agents['http:'] });
  }

  async body(response: IncomingMessage): Promise<readonly Buffer[]> {
    const chunks: Buffer[] = [];
    return await new Promise((resolve, reject) => {
      this.#fail = reject;
      response.on('data', (chunk: Buffer) => {
        this.received += chunk.length;
        if (this.received <= this.#request.maxBytes) {
          chunks.push(chunk);
          return;
        }
        this.#stop?.();
        reject(answerTooLarge(this.#request.maxBytes));
      });
      response.on('end', () => resolve(chunks));
      response.on('error', (error) => reject(cutOff(this.#url.origin, error)));
      response.on('aborted', () => reject(cutOff(this.#url.origin)));
    });
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #deadline(ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#fail?.(
        new HoldfastError({
          code: 'GitTimeout',
          source: 'remote',
          message: `The Git host ${this.#url.origin} ${what}`,
          retryable: true,
        }),
      );
      this.#stop?.();
    }, ms);
  }
}

function authorizationOf(credentials: GitCredentials | undefined): string | undefined {
  if (credentials === undefined) return undefined;
  if ('authorization' in credentials) return credentials.authorization;
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(response.headers)) if (typeof value === 'string') headers.set(name, value);
  return Object.fromEntries(headers);
}

function isRedirect(status: number, hasBody: boolean): boolean {
  return status === 307 || status === 308 || (!hasBody && (status === 301 || status === 302 || status === 303));
}

function unreachable(origin: string, cause: unknown): HoldfastError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  return new HoldfastError({
    code: 'GitUnreachable',
    source: 'remote',
    message: `The Git host ${origin} cannot be reached (${code})`,
    retryable: true,
    cause,
  });
}

function cutOff(origin: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'GitPackTruncated',
    source: 'remote',
    message: `The Git host ${origin} broke off in the middle of its answer`,
    retryable: true,
    cause,
  });
}

function answerTooLarge(limit: number): HoldfastError {
  return new HoldfastError({
    code: 'GitPackTooLarge',
    source: 'user',
    message: `The repository is too large: the Git host sent more than ${Math.floor(limit / 1024)} KiB`,
    next: 'Follow a smaller repository, or raise the limit',
  });
}

function redirectRefused(origin: string, what: string): HoldfastError {
  return new HoldfastError({
    code: 'GitRedirectRefused',
    source: 'user',
    message: `The Git host ${origin} was not followed: ${what}`,
    next: 'Give the URL to which the repository has moved',
  });
}

const byStatus: Readonly<Record<number, readonly [code: string, what: string, next: string]>> = {
  // Azure DevOps answers 203 with its sign-in page.
  203: ['GitAuth', 'wants a sign-in', 'Set the secret of the repository'],
  401: ['GitAuth', 'does not accept the credentials (401)', 'Set or renew the secret of the repository'],
  403: ['GitForbidden', 'refuses access (403)', 'Give the credentials the right to read the repository'],
  404: ['GitNotFound', 'does not know the repository (404)', 'Check its URL, and that the credentials may see it'],
  410: ['GitNotFound', 'says that the repository is gone (410)', 'Check its URL'],
};

/** A refused sign-in, with what to do about it at this kind of host; other errors as they are. */
function signInRefused(error: unknown, next: string | undefined): unknown {
  if (next === undefined || !(error instanceof HoldfastError)) return error;
  if (error.code !== 'GitAuth' && error.code !== 'GitForbidden') return error;
  const { code, source, message } = error;
  return new HoldfastError({ code, source, message, next, cause: error });
}

function statusError(status: number, origin: string): HoldfastError {
  const known = byStatus[status];
  if (known !== undefined) {
    const [code, what, next] = known;
    return new HoldfastError({ code, source: 'user', message: `The Git host ${origin} ${what}`, next });
  }
  return new HoldfastError({
    code: status === 429 ? 'GitRateLimited' : 'GitUnreachable',
    source: 'remote',
    message: `The Git host ${origin} answered ${status}`,
    retryable: status === 429 || status >= 500,
  });
}
