// Why a role could not be assumed: which of trust policy, external id, session tags and identity policy to look at.
import { HoldfastError } from '../../core/errors.ts';

interface Asked {
  readonly roleArn: string;
  readonly region: string;
  readonly externalId?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

interface Answer {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

interface Advice {
  readonly next: string;
  readonly retryable?: boolean;
  /** The service's text is not repeated: it may quote what was signed. */
  readonly quiet?: boolean;
}

/** The refusal of an AssumeRole, with what to check. It repeats what the service said only where that can hold no credentials. */
export function roleRefusal(asked: Asked, { code = 'NoCredentials', message = '' }: Answer): HoldfastError {
  const { next, retryable = false, quiet = false } = adviceFor(asked, code, message);
  return new HoldfastError({
    code: 'RoleRefused',
    source: 'user',
    message: `The role ${asked.roleArn} cannot be assumed`,
    retryable,
    object: asked.roleArn,
    reason: quiet || message === '' ? code : `${code}: ${message.replaceAll(/\s+/g, ' ').slice(0, 500)}`,
    next,
  });
}

function adviceFor(asked: Asked, code: string, message: string): Advice {
  const name = code.replace(/Exception$/, '');
  switch (name) {
    case 'AccessDenied':
      return { next: deniedNext(asked, message) };
    case 'ExpiredToken':
      return {
        next: 'The credentials in use have expired: aws sso login, or renew them',
        retryable: true,
        quiet: true,
      };
    case 'InvalidClientTokenId':
    case 'UnrecognizedClient':
    case 'MissingAuthenticationToken':
      return { next: 'AWS does not know the credentials in use: aws sts get-caller-identity', quiet: true };
    case 'SignatureDoesNotMatch':
    case 'IncompleteSignature':
      return { next: "Check the secret access key in use and this machine's clock", quiet: true };
    case 'RegionDisabled':
      return { next: `Enable region ${asked.region} and its token service in the account` };
    case 'Throttling':
    case 'RequestLimitExceeded':
    case 'TooManyRequests':
      return { next: 'Wait: the token service asks to slow down', retryable: true };
    case 'PackedPolicyTooLarge':
      return { next: 'Use fewer or shorter session tags' };
    case 'Validation':
    case 'ValidationError':
      return { next: 'Check the ARN of the role and its maximum session duration' };
    default:
      return { next: `aws iam get-role --role-name ${roleName(asked.roleArn)}` };
  }
}

/** The service names the action that was denied and, with some policies, the kind of policy; the rest is said as a list. */
function deniedNext(asked: Asked, message: string): string {
  const caller = /User: (arn:\S+)/.exec(message)?.[1] ?? 'the credentials in use';
  const { roleArn, externalId, tags = {} } = asked;
  const tagging = Object.keys(tags).length > 0;
  if (/sts:TagSession/.test(message)) {
    return `Allow sts:TagSession beside sts:AssumeRole, in the trust policy of ${roleArn} and in the identity policy of ${caller}`;
  }
  if (/explicit deny/.test(message))
    return `Find the Deny for sts:AssumeRole on ${roleArn} in the policy that the reason names`;
  if (/no identity-based policy/.test(message)) {
    return `Allow ${caller} sts:AssumeRole${tagging ? ' and sts:TagSession' : ''} on ${roleArn} in its identity policy`;
  }
  if (/no permissions boundary|no session policy|no service control policy/.test(message))
    return `Allow sts:AssumeRole on ${roleArn} in the policy that the reason names`;
  const trust = [
    `its Principal is ${caller} or that account`,
    externalId === undefined ? 'it asks for no sts:ExternalId' : `sts:ExternalId, if asked for, is ${externalId}`,
    ...(tagging ? ['it allows sts:TagSession besides sts:AssumeRole'] : []),
  ];
  return `Check the trust policy of ${roleArn}: ${trust.join('; ')}. Then the identity policy of ${caller}: sts:AssumeRole${tagging ? ' and sts:TagSession' : ''} on the role`;
}

function roleName(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}
