// Who some credentials belong to: asked only when a person must be told.
import type { AwsCredentials } from './credentials.ts';
import { askSts } from './sts.ts';

/** ARN of the IAM user or role; of a role's session the role, whose path AWS does not tell. Undefined when it cannot be found out. */
export async function principalOf(credentials: AwsCredentials, region: string): Promise<string | undefined> {
  const reply = await askSts({ region, credentials, action: 'GetCallerIdentity', parameters: {}, object: 'caller' });
  const arn = reply.text('Arn');
  const session = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn ?? '');
  return session === null ? arn : `arn:${session[1]}:iam::${session[2]}:role/${session[3]}`;
}
