// A small Lambda: functions by name, invoked one after the other as they are asked for. What it knows of the real one: answers
// carry what the function gave, errors of a function come with status 200 and a header, too many at once with status 429.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { onTestFinished } from 'vitest';

export interface FakeLambda {
  /** A client of it that tries twice. */
  readonly client: LambdaClient;
  /** What a function does with its event; throwing is an error of the function. */
  readonly functions: Map<string, (event: unknown) => Promise<unknown>>;
  /** Events of all invocations that were let in. */
  readonly events: unknown[];
  /** So many calls are refused with `TooManyRequestsException`. */
  throttled: number;
}

/** Starts it for one test. */
export async function startFakeLambda(): Promise<FakeLambda> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
      const fail = (status: number, type: string): void => {
        const head = { 'content-type': 'application/json', 'x-amzn-errortype': type };
        response.writeHead(status, head).end(JSON.stringify({ Type: 'User', message: type }));
      };
      const work = lambda.functions.get(name);
      if (work === undefined) return fail(404, 'ResourceNotFoundException');
      if (lambda.throttled > 0) {
        lambda.throttled -= 1;
        return fail(429, 'TooManyRequestsException');
      }
      const event: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      lambda.events.push(event);
      work(event).then(
        (result) => response.writeHead(200).end(JSON.stringify(result ?? null)),
        (error: unknown) => {
          const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error(String(error));
          response
            .writeHead(200, { 'x-amz-function-error': 'Unhandled' })
            .end(JSON.stringify({ errorType, errorMessage }));
        },
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new LambdaClient({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 2,
  });
  onTestFinished(async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const lambda: FakeLambda = { client, functions: new Map(), events: [], throttled: 0 };
  return lambda;
}
