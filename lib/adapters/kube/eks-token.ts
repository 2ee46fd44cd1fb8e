// The bearer token of an EKS cluster: a presigned question to the token service, "who am I?", that the cluster asks for us.
import type { AwsCredentials, CredentialProvider } from '../aws/credentials.ts';
import { stsHost } from '../aws/partition.ts';
import { presignedGet } from '../aws/sign.ts';
import type { Credentials, CredentialSource } from './connection.ts';

/** EKS accepts a token for fifteen minutes after it was signed; the URL in it only needs a minute. */
const urlSeconds = 60;
const keepMs = 10 * 60_000;
/** A token is good only as long as the credentials that signed it: their end must not come while a request is under way. */
const earlyMs = 60_000;

export interface EksTokenOptions {
  /** Name of the cluster: the token is good for no other. */
  readonly cluster: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  readonly now: Date;
}

/** Signs a token. Nothing is sent. */
export async function eksToken({ cluster, region, credentials, now }: EksTokenOptions): Promise<string> {
  const url = await presignedGet(
    {
      host: stsHost(region),
      query: { Action: 'GetCallerIdentity', Version: '2011-06-15' },
      headers: { 'x-k8s-aws-id': cluster },
      seconds: urlSeconds,
    },
    { region, service: 'sts', credentials, now },
  );
  return `k8s-aws-v1.${Buffer.from(url.href).toString('base64url')}`;
}

export interface EksCredentialOptions {
  readonly cluster: string;
  readonly region: string;
  readonly credentials: CredentialProvider;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Tokens signed when needed: after ten minutes, and after a refusal with credentials that are fetched anew. */
export function eksCredentials({ cluster, region, credentials, now }: EksCredentialOptions): CredentialSource {
  let last: { readonly credentials: Credentials; readonly until: number } | undefined;
  return {
    renewable: true,
    current: () => (last !== undefined && now() < last.until ? last.credentials : undefined),
    async renew(rejected) {
      const aws = await credentials(rejected === undefined ? {} : { forceRefresh: true });
      const at = now();
      const token = await eksToken({ cluster, region, credentials: aws, now: new Date(at) });
      const ends = aws.expiration === undefined ? Number.POSITIVE_INFINITY : aws.expiration.getTime() - earlyMs;
      last = { credentials: { authorization: `Bearer ${token}` }, until: Math.min(at + keepMs, ends) };
      return last.credentials;
    },
  };
}
