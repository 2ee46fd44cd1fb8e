// Addresses that are good for one object each, as a bucket gives them out: read or write, and nothing without the right signature.
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Blobs } from '../../lib/core/reconcile/store.ts';

export interface ObjectAddresses {
  /** An address to read from. */
  readonly get: (key: string) => Promise<string>;
  /** An address to write to. */
  readonly put: (key: string) => Promise<string>;
  /** What is in every address and must not be shown. */
  readonly signature: string;
}

/** Serves the blobs until the test ends. */
export async function objectAddresses(blobs: Blobs): Promise<ObjectAddresses> {
  const signature = randomBytes(16).toString('hex');
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const key = url.pathname.slice(1);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const allowed = url.searchParams.get('X-Amz-Signature') === `${request.method}-${key}-${signature}`;
      if (!allowed) return void response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code></Error>');
      if (request.method === 'PUT') return void blobs.put(key, Buffer.concat(chunks)).then(() => response.end());
      void blobs.get(key).then((bytes) => response.writeHead(bytes === undefined ? 404 : 200).end(bytes));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const address = (method: string, key: string): string =>
    `${base}/${key}?X-Amz-Signature=${method}-${key}-${signature}`;
  return { get: async (key) => address('GET', key), put: async (key) => address('PUT', key), signature };
}
