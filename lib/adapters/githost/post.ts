// One POST without a body to the API of a Git host, with a deadline and a limit on the answer. Follows no redirect.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { HoldfastError } from '../../core/errors.ts';

export interface PostAnswer {
  readonly status: number;
  readonly body: string;
}

const deadlineMs = 15_000;
const maxBytes = 256 * 1024;

/** Posts. Throws `GitUnreachable`, `GitTimeout`. */
export async function postEmpty(url: string, headers: Readonly<Record<string, string>>): Promise<PostAnswer> {
  const { origin, protocol } = new URL(url);
  const open = protocol === 'https:' ? httpsRequest : httpRequest;
  return await new Promise<PostAnswer>((resolve, reject) => {
    // No connection is kept: the next call is an hour away, and a frozen function would find it dead.
    const request = open(url, { method: 'POST', headers: { ...headers, 'content-length': '0' }, agent: false });
    const timer = setTimeout(() => {
      reject(failed('GitTimeout', `${origin} did not answer within ${deadlineMs} ms`));
      request.destroy();
    }, deadlineMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      const code = 'code' in error ? String(error.code) : 'unknown reason';
      reject(failed('GitUnreachable', `${origin} cannot be reached (${code})`, error));
    };
    request.on('error', fail);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > maxBytes) request.destroy();
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    request.end();
  });
}

function failed(code: 'GitTimeout' | 'GitUnreachable', message: string, cause?: unknown): HoldfastError {
  return new HoldfastError({ code, source: 'remote', message, retryable: true, cause });
}
