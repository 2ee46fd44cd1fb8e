// Blobs in an S3 bucket.
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { HoldfastError } from '../../core/errors.ts';
import type { Blobs } from '../../core/reconcile/store.ts';
import { type Fault, faultOf } from '../aws/service-faults.ts';
import { keyNames } from './keys.ts';

export interface S3BlobsOptions {
  readonly client: S3Client;
  readonly bucket: string;
}

/**
 * Keys that name their content: what is there already is what would be written. In a versioned bucket, writing it again would
 * only keep a copy. What is not listed may be written anew: `prepared/` of a run changes while it waits, `rendered/` points
 * elsewhere after its rendering was lost.
 */
const namedByContent = /^(?:bundle|desired|inventory|catalogue)\//;
const putAttempts = 3;
/** Longest object that is read, bytes. None of ours comes near; but whoever has an address to write to decides how much it writes. */
const mostBytes = 384 * 1024 * 1024;

/**
 * Blobs of a bucket that is nobody else's. S3 is strongly consistent: what was put is seen by every reader after.
 * Without the right to list the bucket, S3 answers 403 for what is not there: that is an error here, never "not there".
 * Throws `BlobKeyInvalid`, `StoreUnavailable` (again), `BlobForbidden`, `BlobRefused`.
 */
export function s3Blobs({ client, bucket }: S3BlobsOptions): Blobs {
  const at = (key: string) => ({ Bucket: bucket, Key: keyNames(key).join('/') });
  return {
    put: async (key, bytes) => await put(client, at(key), bytes),
    get: async (key) => {
      const place = at(key);
      return await orMissing({ call: 's3:GetObject', object: key, missing: undefined }, async () => {
        const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand(place));
        if (ContentLength > mostBytes) throw tooLarge(Body, key);
        return await Body?.transformToByteArray();
      });
    },
    has: async (key) => {
      const place = at(key);
      return await orMissing({ call: 's3:GetObject', object: key, missing: false }, async () => {
        await client.send(new HeadObjectCommand(place));
        return true;
      });
    },
    delete: async (key) => {
      const place = at(key);
      await orMissing({ call: 's3:DeleteObject', object: key, missing: undefined }, async () => {
        await client.send(new DeleteObjectCommand(place));
        return undefined;
      });
    },
    list: async (prefix) => await list(client, bucket, prefix),
  };
}

/**
 * Addresses that are good for one object and nothing else, for whoever has no rights of their own. They hold a signature: never log them.
 * They end with the credentials that made them, whatever `seconds` says.
 */
export function presignBlobs({ client, bucket }: S3BlobsOptions) {
  const at = (key: string) => ({ Bucket: bucket, Key: keyNames(key).join('/') });
  return {
    /** Reads one object for `seconds`. */
    get: async (key: string, seconds: number): Promise<string> =>
      await signed(key, async () => await getSignedUrl(client, new GetObjectCommand(at(key)), { expiresIn: seconds })),
    /** Writes one object for `seconds`, with any content. */
    put: async (key: string, seconds: number): Promise<string> =>
      await signed(key, async () => await getSignedUrl(client, contentLater(at(key)), { expiresIn: seconds })),
  };
}

/** Without this the address would hold the checksum of no content, and S3 would refuse every other. */
function contentLater(place: { readonly Bucket: string; readonly Key: string }): PutObjectCommand {
  const command = new PutObjectCommand(place);
  command.middlewareStack.add(
    (next) => async (args) => {
      const { headers } = args.request as { readonly headers: Record<string, string> };
      for (const name of Object.keys(headers))
        if (/^x-amz-(?:checksum-|sdk-checksum)/i.test(name)) Reflect.deleteProperty(headers, name);
      return await next(args);
    },
    { step: 'build', priority: 'low', name: 'contentLater' },
  );
  return command;
}

async function signed(key: string, sign: () => Promise<string>): Promise<string> {
  try {
    return await sign();
  } catch (error) {
    throw blobError(error, faultOf(error, 's3:GetObject'), key);
  }
}

async function put(
  client: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
  bytes: Uint8Array,
): Promise<void> {
  const once = namedByContent.test(place.Key);
  // A copy: the caller may write into its buffer while the request is under way.
  const input = { ...place, Body: bytes.slice(), ...(once ? { IfNoneMatch: '*' } : {}) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.send(new PutObjectCommand(input));
      return;
    } catch (error) {
      const fault = faultOf(error, 's3:PutObject');
      if (once && fault.name === 'PreconditionFailed') return;
      // Somebody else writes or deletes the same key at this moment.
      if (fault.name === 'ConditionalRequestConflict' && attempt < putAttempts) continue;
      throw blobError(error, fault, place.Key);
    }
  }
}

async function list(client: S3Client, bucket: string, prefix: string): Promise<readonly string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const input = { Bucket: bucket, Prefix: prefix, ContinuationToken: token };
    const page = await orMissing({ call: 's3:ListBucket', object: prefix, missing: undefined }, async () =>
      client.send(new ListObjectsV2Command(input)),
    );
    for (const { Key } of page?.Contents ?? []) if (Key !== undefined) keys.push(Key);
    token = page?.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
  return keys.sort();
}

/** The rest of the answer is not waited for. */
function tooLarge(body: unknown, object: string): HoldfastError {
  if (body instanceof Readable) body.destroy();
  return new HoldfastError({
    code: 'BlobRefused',
    source: 'system',
    message: 'The object is too large to be one of ours',
    object,
  });
}

interface Asked<T> {
  readonly call: string;
  readonly object: string;
  /** Answer for an object that is not there. */
  readonly missing: T;
}

/** A bucket that is not there is never an object that is not there. */
async function orMissing<T>(asked: Asked<T>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const fault = faultOf(error, asked.call);
    if (fault.kind === 'missing' && fault.name !== 'NoSuchBucket') return asked.missing;
    throw blobError(error, fault, asked.object);
  }
}

function blobError(cause: unknown, { kind, name, reason }: Fault, object: string): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  if (kind === 'forbidden')
    return new HoldfastError({
      code: 'BlobForbidden',
      source: 'user',
      message:
        'The bucket may not be used with these rights, or an object is not there and the right to list is missing',
      object,
      reason,
      next: 'Deploy the stack again: npx cdk deploy',
      cause,
    });
  if (kind === 'unavailable' || name === 'ConditionalRequestConflict')
    return new HoldfastError({
      code: 'StoreUnavailable',
      source: 'remote',
      message: 'The bucket does not answer',
      object,
      reason,
      retryable: true,
      cause,
    });
  return new HoldfastError({
    code: 'BlobRefused',
    source: 'system',
    message: name === 'NoSuchBucket' ? 'The bucket is gone' : 'The bucket refused a request',
    object,
    reason,
    next: 'Deploy the stack again: npx cdk deploy',
    cause,
  });
}
