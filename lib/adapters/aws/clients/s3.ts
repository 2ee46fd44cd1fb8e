// The client of the blob bucket.
import { S3Client } from '@aws-sdk/client-s3';
import { clientSettings } from './settings.ts';

/** The client of the blob bucket. One per process: connections are kept. */
export function s3Client(): S3Client {
  return new S3Client({ ...clientSettings(), forcePathStyle: pathStyle() });
}

/** Emulators serve buckets under one name; AWS wants the bucket in the host name. */
function pathStyle(): boolean {
  return (process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'] ?? '') !== '';
}
