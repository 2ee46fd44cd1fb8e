// The server of one machine: loopback only, and only for those who called it by its own name.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { HoldfastError } from '../core/errors.ts';

const ADDRESS = '127.0.0.1';
const CLOSE_GRACE_MS = 2_000;

/** Answers a request and says true, or leaves it untouched and says false. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

export interface ServerOptions {
  /** The routes. */
  readonly fetch: (
    request: Request,
    environment: { readonly incoming: IncomingMessage },
  ) => Response | Promise<Response>;
  /** Asked first, in order: what needs the raw request, like the Git host. */
  readonly handlers?: readonly NodeHandler[];
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly onError?: (error: unknown, route: string) => void;
}

export interface RunningServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string;
  /** Takes no more requests, gives the open ones two seconds, then ends them. */
  close(): Promise<void>;
}

/** Starts to serve. Throws `PortInUse`, `ServerFailed`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const listener = getRequestListener(options.fetch as (request: Request) => Promise<Response>, {
    overrideGlobalObjects: false,
    hostname: ADDRESS,
  });
  const server = createServer();
  const port = await listen(server, options.port ?? 0);
  const hosts = ownNames(port);
  const connections = trackConnections(server);
  server.on('request', (request, response) => {
    const refusal = refused(request, hosts);
    if (refusal !== undefined) return refuse(response, refusal);
    serve(request, response, options.handlers ?? [], listener).catch((error: unknown) => {
      options.onError?.(error, `${request.method ?? ''} ${request.url ?? ''}`);
      failed(response);
    });
  });
  return { port, url: `http://${ADDRESS}:${port}`, close: () => close(server, connections) };
}

interface Connections {
  /** Ends what is idle now, and each of the others with its answer. */
  endWhenIdle(): void;
}

/** Node counts a connection on which nothing was ever asked as busy; browsers and clients keep such spares. */
function trackConnections(server: Server): Connections {
  const open = new Map<Socket, number>();
  let ending = false;
  server.on('connection', (socket) => {
    open.set(socket, 0);
    socket.once('close', () => open.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    open.set(socket, (open.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (open.get(socket) ?? 1) - 1;
      if (open.has(socket)) open.set(socket, left);
      if (ending && left === 0) socket.destroySoon();
    });
  });
  return {
    endWhenIdle: () => {
      ending = true;
      for (const [socket, active] of open) if (active === 0) socket.destroySoon();
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: readonly NodeHandler[],
  listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<void> {
  for (const handler of handlers) if (await handler(request, response)) return;
  await listener(request, response);
}

/** Names under which a browser or a client on this machine reaches the server. */
function ownNames(port: number): ReadonlySet<string> {
  const names = [ADDRESS, 'localhost'];
  return new Set([...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])]);
}

/**
 * A page of another site can make a browser send requests here. Its name then stands in `Host` (when it made its own name
 * point to this machine) or in `Origin` (when it did not); neither is ours.
 */
function refused(request: IncomingMessage, hosts: ReadonlySet<string>): string | undefined {
  const { host, origin } = request.headers;
  if (host === undefined || !hosts.has(host.toLowerCase())) return 'Host';
  if (origin !== undefined && ![...hosts].some((name) => origin.toLowerCase() === `http://${name}`)) return 'Origin';
  return request.url?.startsWith('/') === true ? undefined : 'target';
}

function refuse(response: ServerResponse, what: string): void {
  const message = `The ${what} of the request is not this server: it answers only what was meant for it, on this machine`;
  send(response, 403, { code: 'ForeignRequest', message, hint: 'Use the address that `holdfast up` printed' });
}

function failed(response: ServerResponse): void {
  if (response.headersSent) response.destroy();
  else send(response, 500, { code: 'Internal', message: 'Something went wrong here; the log says what' });
}

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  response.end(text);
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, port)));
    server.listen({ host: ADDRESS, port, exclusive: true }, () => resolve((server.address() as AddressInfo).port));
  });
}

function cannotListen(error: NodeJS.ErrnoException, port: number): HoldfastError {
  const taken = error.code === 'EADDRINUSE';
  return new HoldfastError({
    code: taken ? 'PortInUse' : 'ServerFailed',
    source: 'user',
    message: taken ? `Port ${port} is in use by another program` : `Port ${port} cannot be listened on`,
    reason: error.message,
    next: 'holdfast up --port N',
    cause: error,
  });
}

function close(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    connections.endWhenIdle();
  });
}
