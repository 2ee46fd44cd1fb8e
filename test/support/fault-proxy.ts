// A proxy in front of an HTTP server that breaks answers in a chosen way.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { close, listen } from './git.ts';

/** What to do with an answer. `path` decides for which requests, all of them when absent; `times` for how many, then it is over. */
export type Fault = { readonly path?: RegExp; readonly times?: number } & (
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Ends the answer cleanly after so many bytes. */
  | { readonly kind: 'truncate'; readonly after: number }
  /** Cuts the connection after so many bytes. */
  | { readonly kind: 'reset'; readonly after: number }
  /** Flips a bit of the byte at this place, counted from the end when negative. */
  | { readonly kind: 'flip'; readonly at: number }
  /** Sends one byte after the other, so that the answer never ends. */
  | { readonly kind: 'trickle'; readonly everyMs: number }
  /** Cuts a connection that was used before when the next request comes on it. */
  | { readonly kind: 'cut-kept' }
  /** Speaks as a host that knows only the first protocol version. */
  | { readonly kind: 'old-protocol' }
  | { readonly kind: 'body'; readonly type: string; readonly text: string }
);

export interface FaultProxy {
  readonly url: string;
  readonly port: number;
  /** Requests seen so far. */
  readonly requests: readonly {
    readonly method: string;
    readonly url: string;
    readonly authorization: string | undefined;
  }[];
  /** The faults from now on; none lets everything through. */
  set(...faults: readonly Fault[]): void;
}

/** Starts a proxy on 127.0.0.1 in front of a port, until the test ends. */
export async function startFaultProxy(targetPort: number): Promise<FaultProxy> {
  let faults: readonly Fault[] = [];
  const done = new Map<Fault, number>();
  const used = new WeakSet<object>();
  const requests: { method: string; url: string; authorization: string | undefined }[] = [];
  const server = createServer((req, res) => {
    const { method = '', url = '' } = req;
    requests.push({ method, url, authorization: req.headers.authorization });
    const fault = faults.find(
      (one) => (one.path === undefined || one.path.test(url)) && (done.get(one) ?? 0) < (one.times ?? Infinity),
    );
    if (fault !== undefined) done.set(fault, (done.get(fault) ?? 0) + 1);
    const kept = used.has(req.socket);
    used.add(req.socket);
    if (fault?.kind === 'cut-kept' && kept) req.socket.destroy();
    else if (fault?.kind === 'delay') {
      const timer = setTimeout(() => forward(targetPort, req, res, undefined), fault.ms);
      res.on('close', () => clearTimeout(timer));
    } else if (fault?.kind === 'status') {
      req.resume();
      res.writeHead(fault.status, fault.headers).end('no');
    } else if (fault?.kind === 'body') {
      req.resume();
      res.writeHead(200, { 'content-type': fault.type }).end(fault.text);
    } else {
      forward(targetPort, req, res, fault);
    }
  });
  const port = await listen(server);
  onTestFinished(async () => await close(server));
  return { url: `http://127.0.0.1:${port}`, port, requests, set: (...next) => (faults = next) };
}

function forward(port: number, req: IncomingMessage, res: ServerResponse, fault: Fault | undefined): void {
  if (fault?.kind === 'old-protocol') delete req.headers['git-protocol'];
  const upstream = request(
    { host: '127.0.0.1', port, path: req.url, method: req.method, headers: req.headers },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const { 'content-length': _length, 'transfer-encoding': _encoding, ...headers } = answer.headers;
        res.writeHead(answer.statusCode ?? 500, headers);
        send(res, body, fault);
      });
    },
  );
  upstream.on('error', () => res.destroy());
  req.pipe(upstream);
}

function send(res: ServerResponse, body: Buffer, fault: Fault | undefined): void {
  if (fault?.kind === 'truncate') res.end(body.subarray(0, fault.after));
  else if (fault?.kind === 'reset') res.write(body.subarray(0, fault.after), () => res.destroy());
  else if (fault?.kind === 'flip') {
    const at = fault.at < 0 ? body.length + fault.at : fault.at;
    body.writeUInt8((body[at] ?? 0) ^ 4, at);
    res.end(body);
  } else if (fault?.kind === 'trickle') {
    let at = 0;
    const timer = setInterval(
      () => res.write(body.subarray(at % body.length, (at++ % body.length) + 1)),
      fault.everyMs,
    );
    res.on('close', () => clearInterval(timer));
  } else res.end(body);
}
