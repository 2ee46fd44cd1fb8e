// One call of a Function URL with IAM auth: signed for Lambda with the caller's own credentials.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { HoldfastError } from '../../core/errors.ts';

/** The credentials of a caller, asked for at each call. */
export type CallerCredentials = ConstructorParameters<typeof SignatureV4>[0]['credentials'];

export interface FunctionUrlCall {
  readonly url: URL;
  readonly method: string;
  /** JSON text. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: the call is not signed (a Function URL without auth). */
  readonly credentials?: CallerCredentials;
  /** Milliseconds until the whole answer is there. */
  readonly timeoutMs: number;
}

export interface FunctionUrlAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

const maxAnswer = 16 * 1024 * 1024;

/** `https://<id>.lambda-url.<region>.on.aws/` says its region itself. */
export function regionOf(url: URL): string | undefined {
  return /\.lambda-url\.([a-z0-9-]+)\./.exec(url.hostname)?.[1];
}

/**
 * Sends it. Throws `ApiUnreachable`; every HTTP status is an answer.
 *
 * Emulators serve all functions on one address and tell them apart by the Host header. So when `AWS_ENDPOINT_URL` is set (the
 * setting that every SDK client obeys by itself), the connection goes there and the Host header keeps the Function URL's name.
 * This is the only place that knows of it.
 */
export async function callFunctionUrl(call: FunctionUrlCall): Promise<FunctionUrlAnswer> {
  const headers = await signed(call);
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  const to = endpoint === undefined || endpoint === '' ? call.url : new URL(endpoint);
  const send = to.protocol === 'http:' ? httpRequest : httpsRequest;
  return await new Promise((resolve, reject) => {
    const request = send(
      {
        hostname: to.hostname,
        port: to.port === '' ? undefined : to.port,
        path: `${call.url.pathname}${call.url.search}`,
        method: call.method,
        headers,
        // Without this the certificate would be checked against the Host header.
        servername: isIP(to.hostname) === 0 ? to.hostname : '',
        signal: globalThis.AbortSignal.timeout(call.timeoutMs),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxAnswer) request.destroy(new RangeError('the answer is too large'));
          else chunks.push(chunk);
        });
        response.on('error', (error) => reject(unreachable(call.url, error)));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(response.headers).map(([name, value]) => [name, String(value ?? '')]),
            ),
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    request.on('error', (error) => reject(unreachable(call.url, error)));
    request.end(call.body);
  });
}

async function signed(call: FunctionUrlCall): Promise<Record<string, string>> {
  const { url, method, body, credentials } = call;
  const headers: Record<string, string> = { ...call.headers, host: url.host };
  if (body !== undefined) {
    headers['content-type'] ??= 'application/json';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  if (credentials === undefined) return headers;
  const signer = new SignatureV4({ service: 'lambda', region: regionOf(url) ?? '', credentials, sha256: Sha256 });
  const query = Object.fromEntries(url.searchParams);
  const request = new HttpRequest({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return (await signer.sign(request)).headers;
}

function unreachable(url: URL, error: Error): HoldfastError {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new HoldfastError({
    code: 'ApiUnreachable',
    source: 'remote',
    message: `${url.host} does not answer (${code})`,
    retryable: true,
    next: 'holdfast doctor',
    cause: error,
  });
}
