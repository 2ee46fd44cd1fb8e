// The blob contract on S3, and what only a bucket does: rights, pages, addresses for others, content that is never replaced.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { presignBlobs, s3Blobs } from '../../lib/adapters/blob/s3.ts';
import { blobsContract } from '../contract/blobs.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';
import { eventually } from '../support/eventually.ts';

let aws: Ministack;
let client: S3Client;

beforeAll(async () => {
  aws = await startMinistack();
  client = new S3Client(aws.clientConfig());
}, 120_000);

afterAll(async () => {
  client.destroy();
  await aws.close();
});

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function newBucket(): Promise<string> {
  const bucket = `b-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return bucket;
}

blobsContract('s3', async () => s3Blobs({ client, bucket: await newBucket() }));

describe('s3 blobs', () => {
  it('keeps one version of what is named by its content, and the newest of what is not', async () => {
    const bucket = await newBucket();
    const versions = { Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' as const } };
    await client.send(new PutBucketVersioningCommand(versions));
    const blobs = s3Blobs({ client, bucket });
    await blobs.put('desired/abc', bytes('first'));
    await blobs.put('desired/abc', bytes('other'));
    await blobs.put('prepared/run', bytes('first'));
    await blobs.put('prepared/run', bytes('other'));
    expect(await blobs.get('desired/abc')).toEqual(bytes('first'));
    expect(await blobs.get('prepared/run')).toEqual(bytes('other'));
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(Versions.map(({ Key }) => String(Key)).toSorted()).toEqual(['desired/abc', 'prepared/run', 'prepared/run']);
  });

  it('writes again what was deleted', async () => {
    const blobs = s3Blobs({ client, bucket: await newBucket() });
    await blobs.put('bundle/abc', bytes('x'));
    await blobs.delete('bundle/abc');
    await blobs.put('bundle/abc', bytes('x'));
    expect(await blobs.has('bundle/abc')).toBe(true);
  });

  it('lists more than one page', async () => {
    const blobs = s3Blobs({ client, bucket: await newBucket() });
    const keys = Array.from({ length: 1_003 }, (_, i) => `inputs/${String(i).padStart(4, '0')}`);
    for (let at = 0; at < keys.length; at += 50)
      await Promise.all(keys.slice(at, at + 50).map((key) => blobs.put(key, bytes('x'))));
    expect(await blobs.list('inputs/')).toEqual(keys);
  });

  it('says that rights are missing, never that a blob is not there', async () => {
    const bucket = await newBucket();
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['s3:ListBucket'], Resource: `arn:aws:s3:::${bucket}` }],
    };
    const lister = s3Blobs({ client: await clientOf('lister', policy), bucket });
    expect(await lister.list('')).toEqual([]);
    const refused = { code: 'BlobForbidden', retryable: false, reason: expect.stringContaining('s3:') };
    await expect(lister.put('a', bytes('x'))).rejects.toMatchObject(refused);
    await expect(lister.get('a')).rejects.toMatchObject(refused);
    await expect(lister.has('a')).rejects.toMatchObject(refused);
    await expect(lister.delete('a')).rejects.toMatchObject(refused);
  });

  it('tells a bucket that is gone from a blob that is not there', async () => {
    const blobs = s3Blobs({ client, bucket: `b-${randomUUID()}` });
    const gone = { code: 'BlobRefused', message: 'The bucket is gone' };
    await expect(blobs.get('a')).rejects.toMatchObject(gone);
    await expect(blobs.put('desired/a', bytes('x'))).rejects.toMatchObject(gone);
    await expect(blobs.list('')).rejects.toMatchObject(gone);
  });

  it('is unavailable when nothing answers', async () => {
    const config = { ...aws.clientConfig(), endpoint: 'https://127.0.0.1:1', maxAttempts: 1 };
    const blobs = s3Blobs({ client: new S3Client(config), bucket: 'b' });
    await expect(blobs.get('a')).rejects.toMatchObject({ code: 'StoreUnavailable', retryable: true });
    await expect(blobs.has('a')).rejects.toMatchObject({ code: 'StoreUnavailable' });
    await expect(blobs.list('')).rejects.toMatchObject({ code: 'StoreUnavailable' });
  });
});

describe('addresses for one blob', () => {
  it('reads and writes exactly that blob, with any content and no rights of its own', async () => {
    const bucket = await newBucket();
    const [blobs, presign] = [s3Blobs({ client, bucket }), presignBlobs({ client, bucket })];
    await blobs.put('bundle/in', bytes('input'));
    await blobs.put('bundle/other', bytes('secret'));
    const [input, output] = [await presign.get('bundle/in', 60), await presign.put('render/out', 60)];
    expect(await call('GET', input)).toEqual({ status: 200, body: 'input' });
    expect((await call('PUT', output, 'output')).status).toBe(200);
    expect(await blobs.get('render/out')).toEqual(bytes('output'));
    // MiniStack does not look at the checksum of the address, S3 would.
    expect(new URL(output).searchParams.get('x-amz-checksum-crc32')).toBeNull();
    expect(new URL(output).searchParams.get('X-Amz-Expires')).toBe('60');
  });

  it('is good for no other blob, no other method, and not for ever', async () => {
    const bucket = await newBucket();
    const rights = { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: `arn:aws:s3:::${bucket}/*` };
    const user = await clientOf('presigner', { Version: '2012-10-17', Statement: [rights] });
    const presign = presignBlobs({ client: user, bucket });
    await s3Blobs({ client, bucket }).put('bundle/in', bytes('input'));
    const input = await presign.get('bundle/in', 60);
    expect((await call('GET', input)).status).toBe(200);
    expect((await call('GET', input.replace('/bundle/in', '/bundle/other'))).status).toBe(403);
    expect((await call('PUT', input, 'x')).status).toBe(403);
    const short = await presign.get('bundle/in', 1);
    const refused = await eventually(async () => {
      const answer = await call('GET', short);
      return answer.status === 200 ? undefined : answer;
    });
    expect(refused.status).toBe(403);
  });

  it('refuses keys that are none', async () => {
    const presign = presignBlobs({ client, bucket: 'any' });
    await expect(presign.put('../a', 60)).rejects.toMatchObject({ code: 'BlobKeyInvalid' });
  });
});

/** As the render function would; its fetch trusts the emulator by its environment. */
function call(method: 'GET' | 'PUT', address: string, body?: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = https.request(
      address,
      { method, headers, ca: readFileSync(aws.caFile), agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

async function clientOf(name: string, policy: object): Promise<S3Client> {
  const iam = new IAMClient(aws.clientConfig());
  await iam.send(new CreateUserCommand({ UserName: name }));
  const PolicyDocument = JSON.stringify(policy);
  await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  return new S3Client(aws.clientConfig(keys));
}
