// A few lines of HTTPS for the rig itself, so that it does not stand on the client that it tests.
import https from 'node:https';

export interface Endpoint {
  readonly url: string;
  readonly caPem: string;
  readonly token: string;
}

export interface RigReply {
  readonly status: number;
  readonly body: string;
}

export interface RigRequest {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly agent?: https.Agent;
  readonly signal?: AbortSignal;
}

/** One request to an API server. Rejects only when there is no answer. */
export function call(endpoint: Endpoint, request: RigRequest): Promise<RigReply> {
  return new Promise((resolve, reject) => {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const outgoing = https.request(
      new URL(request.path, endpoint.url),
      {
        method: request.method ?? 'GET',
        ca: endpoint.caPem,
        agent: request.agent,
        signal: request.signal,
        timeout: 10_000,
        headers: {
          authorization: `Bearer ${endpoint.token}`,
          accept: 'application/json',
          ...(body === undefined
            ? {}
            : {
                'content-type': request.contentType ?? 'application/json',
                // Node sends the body of a DELETE unframed without it, and the server then ignores it.
                'content-length': String(Buffer.byteLength(body)),
              }),
        },
      },
      (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk: string) => {
          text += chunk;
        });
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }));
        reply.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Lines of a watch until the server or the signal ends it. */
export async function* watchLines(endpoint: Endpoint, path: string, signal: AbortSignal): AsyncGenerator<string, void> {
  const reply = await new Promise<AsyncIterable<string>>((resolve, reject) => {
    const outgoing = https.get(
      new URL(path, endpoint.url),
      { ca: endpoint.caPem, signal, headers: { authorization: `Bearer ${endpoint.token}` } },
      (incoming) => {
        incoming.setEncoding('utf8');
        resolve(incoming);
      },
    );
    outgoing.on('error', reject);
  });
  let rest = '';
  for await (const chunk of reply) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
