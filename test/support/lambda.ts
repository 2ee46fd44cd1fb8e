// What tests of functions share: the tools of a function with the lines they wrote, Lambda's context, and Function URL events.
import type { Context } from 'aws-lambda';
import { onTestFinished, vi } from 'vitest';
import { type Bench, openBench } from '../../lib/runtime/lambda/chain.ts';

/** A line of the log, or of metrics. */
export type Line = Readonly<Record<string, unknown>>;

/** The lines of JSON that are written from now on, until the test ends; errors go to standard error, all else to standard output. */
export function captureLines(): () => readonly Line[] {
  const written: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    }),
  );
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  const lines = (): readonly string[] =>
    written
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('{'));
  return () => lines().map((line) => JSON.parse(line) as Line);
}

/** The tools of a function, and what it has logged. */
export function testBench(): { readonly bench: Bench; readonly lines: () => readonly Line[] } {
  const lines = captureLines();
  return { bench: openBench('test'), lines };
}

/** Lambda's context, as far as functions look at it. */
export function lambdaContext(over: Partial<Context> = {}): Context {
  return {
    awsRequestId: 'request-1',
    functionName: 'holdfast-test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:holdfast-test',
    memoryLimitInMB: '256',
    getRemainingTimeInMillis: () => 60_000,
    ...over,
  } as Context;
}

export interface UrlRequest {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Function URLs hand over as Base64 whatever is not text by its content type. */
  readonly base64?: boolean;
  /** What IAM says of the caller. */
  readonly iam?: object;
}

/** A Function URL's event, payload version 2.0: header names arrive in lower case, repeated ones joined by commas. */
export function urlEvent(request: UrlRequest = {}): object {
  const { method = 'GET', path = '/', query = '', headers = {}, body, base64 = body instanceof Uint8Array } = request;
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const joined: Record<string, string> = {};
  for (const [name, value] of given) joined[name] = joined[name] === undefined ? value : `${joined[name]},${value}`;
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body ?? []);
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { host: 'x.lambda-url.eu-west-1.on.aws', ...joined },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'x',
      domainName: 'x.lambda-url.eu-west-1.on.aws',
      domainPrefix: 'x',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'GitHub-Hookshot/1' },
      requestId: 'r-1',
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:14:00:00 +0000',
      timeEpoch: 1_795_269_600_000,
      ...(request.iam === undefined ? {} : { authorizer: { iam: request.iam } }),
    },
    ...(body === undefined ? {} : { body: base64 ? bytes.toString('base64') : bytes.toString('utf8') }),
    isBase64Encoded: body !== undefined && base64,
  };
}
