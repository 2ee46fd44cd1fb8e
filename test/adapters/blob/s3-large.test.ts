// An object that nobody of ours wrote must not fill the memory of whoever reads it.
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { s3Blobs } from '../../../lib/adapters/blob/s3.ts';

/** A bucket whose only object says that it is so long, and never ends. */
async function endless(length: number) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': length, 'content-type': 'application/octet-stream' });
    response.write('begin');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forcePathStyle: true,
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  const closed = new Promise<void>((resolve) =>
    server.on('connection', (socket) => socket.on('close', () => resolve())),
  );
  return { blobs: s3Blobs({ client, bucket: 'b' }), closed };
}

test('an object of five gigabytes is refused by its length, and not read', async () => {
  const { blobs, closed } = await endless(5 * 1024 ** 3);
  await expect(blobs.get('render/1')).rejects.toMatchObject({ code: 'BlobRefused', object: 'render/1' });
  await closed;
});
