// Credentials of a role: AssumeRole of the security token service, asked with the credentials at hand, renewed in time.
import { HoldfastError } from '../../core/errors.ts';
import { type AwsCredentials, type CredentialProvider, defaultCredentials, keepCredentials } from './credentials.ts';
import { partitionOf } from './partition.ts';
import { roleRefusal } from './role-refusal.ts';
import { askSts } from './sts.ts';

export interface AssumeRoleOptions {
  readonly roleArn: string;
  /** Region whose token service is asked, and of the credentials' first use. */
  readonly region: string;
  /** Shown in CloudTrail; letters, digits and `=,.@-_`, at most 64: anything else becomes `-`. */
  readonly sessionName: string;
  /** What the role's trust policy may ask for in `sts:ExternalId`. */
  readonly externalId?: string;
  /** Session tags, for conditions in policies of the other account. */
  readonly tags?: Readonly<Record<string, string>>;
  /** 900 to the maximum of the role; 3,600 when absent. A role that was itself assumed by a role allows 3,600 at most. */
  readonly durationSeconds?: number;
  /** Credentials to ask with; the SDK's default chain when absent. */
  readonly from?: CredentialProvider | AwsCredentials;
  /** Another endpoint than the region's own. */
  readonly endpoint?: string;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

const roleArnPattern = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/[\w+=,.@/-]+$/;

/**
 * A credential provider for clients of the role; credentials are kept until five minutes before they expire.
 * It throws `RoleRefused`, `RoleInvalid`, `AwsCredentials`, `TargetUnavailable`.
 */
export function assumeRole(options: AssumeRoleOptions): CredentialProvider {
  const { from, region, now = () => Date.now() } = options;
  const base: CredentialProvider =
    typeof from === 'function' ? from : from === undefined ? defaultCredentials(region) : async () => from;
  return keepCredentials(async (asked) => await ask(options, await base(asked)), now);
}

async function ask(options: AssumeRoleOptions, credentials: AwsCredentials): Promise<AwsCredentials> {
  const account = accountOf(options);
  const reply = await askSts({
    region: options.region,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    credentials,
    action: 'AssumeRole',
    parameters: parametersOf(options),
    object: options.roleArn,
  });
  const accessKeyId = reply.text('AccessKeyId');
  const secretAccessKey = reply.text('SecretAccessKey');
  const sessionToken = reply.text('SessionToken');
  if (!reply.ok || accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    throw roleRefusal(options, { code: reply.text('Code'), message: reply.text('Message') });
  const expires = Date.parse(reply.text('Expiration') ?? '');
  // Without a readable end they are taken for as short as AWS ever makes them.
  const expiration = new Date(Number.isNaN(expires) ? Date.now() + 900_000 : expires);
  return { accessKeyId, secretAccessKey, sessionToken, expiration, accountId: account };
}

function parametersOf(options: AssumeRoleOptions): Readonly<Record<string, string>> {
  const { roleArn, sessionName, externalId, tags = {}, durationSeconds } = options;
  const parameters: Record<string, string> = {
    RoleArn: roleArn,
    RoleSessionName: sessionName.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64),
  };
  if (externalId !== undefined) parameters['ExternalId'] = externalId;
  if (durationSeconds !== undefined) parameters['DurationSeconds'] = String(durationSeconds);
  for (const [index, [key, value]] of Object.entries(tags).entries()) {
    parameters[`Tags.member.${index + 1}.Key`] = key;
    parameters[`Tags.member.${index + 1}.Value`] = value;
  }
  return parameters;
}

/** The role's account; a role of another partition than the region's can never be assumed there. */
function accountOf({ roleArn, region }: AssumeRoleOptions): string {
  const [, partition, account] = roleArnPattern.exec(roleArn) ?? [];
  const wanted = partitionOf(region).name;
  if (account !== undefined && partition === wanted) return account;
  throw new HoldfastError({
    code: 'RoleInvalid',
    source: 'user',
    message:
      account === undefined
        ? `${roleArn} is not the ARN of a role`
        : `${roleArn} is of partition ${partition}, and region ${region} is in ${wanted}`,
    object: roleArn,
    next: 'aws iam get-role --role-name NAME --query Role.Arn',
  });
}
