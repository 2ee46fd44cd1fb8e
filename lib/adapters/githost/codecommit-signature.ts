// CodeCommit's user name and password: a Signature Version 4 over the repository's URL, as the AWS CLI's credential helper gives it.
import { createHash, createHmac } from 'node:crypto';
import type { AwsIdentity } from './sign-in.ts';

export interface SignatureRequest {
  /** URL of the repository. */
  readonly url: string;
  readonly region: string;
  readonly identity: AwsIdentity;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Signs. The result is good for about a quarter of an hour; signing costs nothing, so nobody keeps one. */
export function codecommitCredentials(request: SignatureRequest): {
  readonly username: string;
  readonly password: string;
} {
  const { accessKeyId, sessionToken } = request.identity;
  const username = sessionToken === undefined ? accessKeyId : `${accessKeyId}%${sessionToken}`;
  return { username, password: codecommitPassword(request) };
}

/** The password alone. */
export function codecommitPassword({ url, region, identity, at }: SignatureRequest): string {
  const { hostname, pathname } = new URL(url);
  const time = new Date(at).toISOString().replace(/[-:]|\.\d{3}Z$/g, '');
  const date = time.slice(0, 8);
  // A method of its own, the host without port, and no digest of a body: nothing follows the list of headers.
  const request = `GIT\n${pathname}\n\nhost:${hostname}\n\nhost\n`;
  const digest = createHash('sha256').update(request).digest('hex');
  const scope = `${date}/${region}/codecommit/aws4_request`;
  // The time stands here without the Z that the password has.
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`;
  const key = [date, region, 'codecommit', 'aws4_request'].reduce<string | Buffer>(
    (before, part) => createHmac('sha256', before).update(part).digest(),
    `AWS4${identity.secretAccessKey}`,
  );
  return `${time}Z${createHmac('sha256', key).update(text).digest('hex')}`;
}
