// The HTTPS side: who asks, what was sent, how the answer goes out.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import { HoldfastError } from '../../../../core/errors.ts';
import type { ServerCertificate } from '../x509.ts';
import type { Cluster } from './cluster.ts';
import { type ApiAnswer, type ApiRequest, answer } from './handler.ts';
import { Lists } from './lists.ts';
import { Refusal, unauthorized, internal, badRequest } from './status.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';
import { startWatch } from './watch.ts';

/** The largest body that is read, as on the real server. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;
/** Below this the server does not compress. */
const GZIP_FROM_BYTES = 128 * 1024;

/** What the server needs to know. */
export interface ServerOptions {
  readonly cluster: Cluster;
  readonly certificate: ServerCertificate;
  readonly token: string;
  readonly port: number;
  readonly log: (line: string) => void;
}

/** A listening server. */
export interface ApiServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1. */
export async function startServer(options: ServerOptions): Promise<ApiServer> {
  const lists = new Lists(options.cluster);
  const server = createServer(
    { key: options.certificate.keyPem, cert: options.certificate.certPem },
    (request, response) => {
      serve(options, lists, request, response).catch((error: unknown) => {
        options.log(`sandbox cluster: ${request.method} ${request.url}: ${String(error)}`);
        if (!response.headersSent) send(request, response, refusalAnswer(internal('the sandbox cluster failed')));
        response.destroy();
      });
    },
  );
  server.keepAliveTimeout = 65_000;
  await listen(server, options.port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new HoldfastError({
          code: 'SandboxPortTaken',
          source: 'user',
          message: `The sandbox cluster cannot listen on 127.0.0.1:${port}: ${cause.code ?? cause.message}.`,
          next: 'Stop what uses that port, or choose another data directory.',
          cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}

async function serve(
  options: ServerOptions,
  lists: Lists,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await readBody(request);
  let result: ApiAnswer;
  try {
    if (!isAllowed(request.headers.authorization, options.token)) throw unauthorized();
    if (bytes === undefined) throw badRequest('the request body is too large');
    const parsed = parse(request, bytes);
    result = answer(options.cluster, lists, parsed);
    if ('watch' in result) return stream(options.cluster, result, parsed, response);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    result = refusalAnswer(error);
  }
  send(request, response, result);
}

/** The whole body, `undefined` when it is too large. Read to the end in any case, so that the connection can be used again. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) return undefined;
  const bytes = Buffer.concat(chunks);
  const isZipped = request.headers['content-encoding'] === 'gzip';
  return isZipped ? gunzipSync(bytes, { maxOutputLength: MAX_BODY_BYTES }) : bytes;
}

function isAllowed(header: string | undefined, token: string): boolean {
  const given = Buffer.from(header ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function parse(request: IncomingMessage, bytes: Buffer): ApiRequest {
  const url = new URL(request.url ?? '/', 'https://sandbox');
  const { accept = '', 'content-type': contentType = '', 'user-agent': userAgent = '' } = request.headers;
  const type = contentType.split(';')[0]?.trim() ?? '';
  // Generated clients send the built-in kinds in protobuf; from here on it is JSON.
  const isProtobuf = type === PROTOBUF;
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    accept,
    contentType: isProtobuf ? 'application/json' : type,
    userAgent,
    body: isProtobuf ? JSON.stringify(decodeProtobuf(bytes)) : bytes.toString('utf8'),
  };
}

function refusalAnswer({ status, body }: Refusal): Exclude<ApiAnswer, { watch: unknown }> {
  return typeof body === 'string'
    ? { status, text: body, contentType: 'text/plain; charset=utf-8' }
    : { status, text: JSON.stringify(body) };
}

function send(request: IncomingMessage, response: ServerResponse, result: ApiAnswer): void {
  if ('watch' in result) return;
  const { status, text, etag, contentType = 'application/json', warnings = [] } = result;
  if (warnings.length > 0)
    response.setHeader(
      'warning',
      warnings.map((text) => `299 - ${JSON.stringify(text)}`),
    );
  if (etag !== undefined) {
    response.setHeader('etag', etag);
    response.setHeader('vary', 'Accept');
    if (request.headers['if-none-match'] === etag) {
      response.writeHead(304).end();
      return;
    }
  }
  let bytes: Buffer = Buffer.from(text);
  response.setHeader('content-type', contentType);
  response.setHeader('cache-control', 'no-cache, private');
  if (bytes.length >= GZIP_FROM_BYTES && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
    bytes = gzipSync(bytes, { level: 1 });
    response.setHeader('content-encoding', 'gzip');
    response.setHeader('vary', 'Accept-Encoding');
  }
  response.writeHead(status, { 'content-length': bytes.length }).end(bytes);
}

function stream(
  cluster: Cluster,
  result: Extract<ApiAnswer, { watch: unknown }>,
  request: ApiRequest,
  response: ServerResponse,
): void {
  // Headers go out with the first line or when the watch stands, so that a bad selector can still be refused.
  const head = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
  const open = (): ServerResponse => (response.headersSent ? response : response.writeHead(200, head));
  const stop = startWatch(cluster, result.watch, request, {
    write: (line) => open().write(line),
    end: () => open().end(),
  });
  open().flushHeaders();
  response.on('close', stop);
}
