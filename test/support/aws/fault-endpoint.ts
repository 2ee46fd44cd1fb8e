// An endpoint between the functions of a deployment and the emulator of AWS, which fails calls in a chosen way: as AWS throttles,
// as a network that is gone, as a call that was carried out and whose answer was lost.
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { close, listen } from '../git.ts';
import type { Ministack } from './ministack/start.ts';

/** One call that a function made. */
export interface AwsCall {
  /** As in the scope of its signature: `dynamodb`, `s3`, `cloudformation`, … */
  readonly service: string;
  /** `PutItem`, `ExecuteChangeSet`; for REST the method and the path. */
  readonly operation: string;
  readonly body: string;
}

/**
 * `throttle`: refused as the service refuses who is too fast. `expired`: as it refuses credentials that have run out.
 * `unavailable`: 503. `refuse`: the connection is cut.
 * `hold-answer`: carried out, and the answer is kept back until `release`.
 */
export type AwsFault = 'throttle' | 'expired' | 'unavailable' | 'refuse' | 'hold-answer';

export interface FaultEndpoint {
  readonly url: string;
  /** For the process of the emulator, whose functions inherit it. */
  readonly env: Readonly<Record<string, string>>;
  /** Calls since the start, oldest first. */
  readonly calls: readonly (AwsCall & { readonly fault: AwsFault | undefined })[];
  /** Where calls go on to; before it is known every call is cut. */
  aim(aws: Pick<Ministack, 'port' | 'caFile'>): Promise<void>;
  /** Decides on every call from now on; absent: none fails. */
  set(rule?: (call: AwsCall) => AwsFault | undefined): void;
  /** Sends all answers that are held. */
  release(): void;
  close(): Promise<void>;
}

/** Services that take an endpoint of their own from the environment. The queues have theirs in their URLs. */
const services = ['DYNAMODB', 'S3', 'LAMBDA', 'SECRETS_MANAGER', 'EVENTBRIDGE', 'CLOUDFORMATION', 'EKS', 'STS'];

interface Upstream {
  readonly port: number;
  readonly ca: string;
}

/** Starts it on 127.0.0.1. */
export async function startFaultEndpoint(): Promise<FaultEndpoint> {
  let upstream: Upstream | undefined;
  let rule: (call: AwsCall) => AwsFault | undefined = () => undefined;
  const calls: (AwsCall & { readonly fault: AwsFault | undefined })[] = [];
  const held = new Set<() => void>();
  const release = (): void => {
    for (const send of held) send();
    held.clear();
  };
  const handle = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const body = await collect(req);
    const call = callOf(req, body);
    const fault = rule(call);
    calls.push({ ...call, fault });
    if (upstream === undefined || fault === 'refuse') res.destroy();
    else if (fault === 'throttle') throttled(call, res);
    else if (fault === 'expired') expired(res);
    else if (fault === 'unavailable') res.writeHead(503).end();
    else await forward(upstream, req, body, res, fault === 'hold-answer' ? held : undefined);
  };
  const server = createServer((req, res) => {
    handle(req, res).catch(() => res.destroy());
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return {
    url,
    env: Object.fromEntries(services.map((name) => [`AWS_ENDPOINT_URL_${name}`, url])),
    calls,
    aim: async ({ port, caFile }) => {
      upstream = { port, ca: await readFile(caFile, 'utf8') };
    },
    set: (next = () => undefined) => (rule = next),
    release,
    close: async () => {
      release();
      await close(server);
    },
  };
}

/** Lets a fault happen to every nth call that it is asked for. */
export function everyNth(n: number, fault: AwsFault): () => AwsFault | undefined {
  let count = 0;
  return () => (count++ % n === 0 ? fault : undefined);
}

async function collect(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function callOf(req: IncomingMessage, body: Buffer): AwsCall {
  const { method = '', url = '', headers } = req;
  const scope = /Credential=[^/,&]+(?:\/|%2F)\d+(?:\/|%2F)[a-z0-9-]+(?:\/|%2F)([a-z0-9-]+)/i;
  const service = scope.exec(headers.authorization ?? url)?.[1] ?? '';
  const text = body.toString('utf8', 0, 100_000);
  const target = headers['x-amz-target'];
  const action = typeof target === 'string' ? target.replace(/^.*\./, '') : /(?:^|&)Action=(\w+)/.exec(text)?.[1];
  return { service, operation: action ?? `${method} ${url.split('?')[0] ?? ''}`, body: text };
}

function throttled({ service }: AwsCall, res: ServerResponse): void {
  if (service === 's3') {
    const text =
      '<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';
    res.writeHead(503, { 'content-type': 'application/xml' }).end(text);
  } else if (service === 'cloudformation' || service === 'sts') {
    const error = '<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>';
    res.writeHead(400, { 'content-type': 'text/xml' }).end(`<ErrorResponse>${error}</ErrorResponse>`);
  } else {
    const name = service === 'lambda' ? 'TooManyRequestsException' : 'ThrottlingException';
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-errortype': name };
    res
      .writeHead(service === 'lambda' ? 429 : 400, headers)
      .end(JSON.stringify({ __type: name, message: 'Rate exceeded' }));
  }
}

/** As the token service says it. */
function expired(res: ServerResponse): void {
  const message = 'The security token included in the request is expired';
  const error = `<Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>${message}</Message></Error>`;
  res.writeHead(403, { 'content-type': 'text/xml' }).end(`<ErrorResponse>${error}</ErrorResponse>`);
}

async function forward(
  { port, ca }: Upstream,
  req: IncomingMessage,
  body: Buffer,
  res: ServerResponse,
  held: Set<() => void> | undefined,
): Promise<void> {
  const { method, headers, url: path } = req;
  const { status, head, answer } = await new Promise<{
    status: number;
    head: IncomingMessage['headers'];
    answer: Buffer;
  }>((resolve, reject) => {
    // The host in the header is signed, so it stays.
    const options = { host: '127.0.0.1', servername: 'localhost', port, ca, method, path, headers, agent: false };
    const sent = https.request(options, (response) => {
      collect(response).then(
        (all) => resolve({ status: response.statusCode ?? 500, head: response.headers, answer: all }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
  const { 'transfer-encoding': _encoding, connection: _connection, ...rest } = head;
  const send = (): void => void res.writeHead(status, rest).end(answer);
  if (held === undefined) send();
  else held.add(send);
}
