// What AWS says to a person who calls it from the command line, as errors with stable codes and the next thing to type.
import { HoldfastError } from '../../core/errors.ts';

interface Thrown {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

/** Name, code, message and HTTP status of whatever the SDK threw. */
export function readThrown(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: '', code: '', message: String(error), status: 0 };
  const { code = '', $metadata } = error as {
    readonly code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return { name: error.name, code, message: error.message, status: $metadata?.httpStatusCode ?? 0 };
}

const none = /^(?:CredentialsProviderError|ProviderError|TokenProviderError)$/;
const refused =
  /^(?:Expired|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|UnrecognizedClient|MissingAuthenticationToken|IncompleteSignature)/;
const forbidden = /^(?:AccessDenied|UnauthorizedOperation|NotAuthorized)/;
const throttled = /^(?:Throttl|TooManyRequests|RequestLimitExceeded|SlowDown)/;

/** A failed call of the SDK as our error. `call` is `service:Action`, as it stands in a policy. */
export function callerError(error: unknown, call: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { name, code, message, status } = readThrown(error);
  const base = { reason: `${call}: ${message.slice(0, 400)}`, cause: error };
  if (/Region is missing/.test(message))
    return new HoldfastError({
      code: 'AwsRegionMissing',
      source: 'user',
      message: 'No AWS region is set',
      next: 'Set AWS_REGION, or AWS_PROFILE to a profile that has one',
    });
  if (none.test(name))
    return new HoldfastError({
      ...base,
      code: 'AwsCredentials',
      source: 'user',
      message: 'No AWS credentials were found',
      next: 'aws sso login (or aws configure), and AWS_PROFILE when it is not the default profile',
    });
  if (refused.test(name))
    return new HoldfastError({
      ...base,
      code: 'AwsCredentials',
      source: 'user',
      message: 'AWS does not accept these credentials',
      next: name.startsWith('Expired')
        ? 'Sign in again, e.g. aws sso login'
        : 'aws sts get-caller-identity shows who you are',
    });
  if (forbidden.test(name) || status === 403)
    return new HoldfastError({
      ...base,
      code: 'AwsForbidden',
      source: 'user',
      message: `These AWS credentials may not call ${call}`,
      next: `Allow ${call}, or use other credentials (AWS_PROFILE)`,
    });
  if (throttled.test(name) || status === 429)
    return new HoldfastError({
      ...base,
      code: 'AwsThrottled',
      source: 'remote',
      message: 'AWS asks to slow down',
      retryable: true,
      next: 'Try again in a minute',
    });
  if (status >= 500 || status === 0)
    return new HoldfastError({
      ...base,
      code: 'AwsUnreachable',
      source: 'remote',
      message: code === '' ? 'AWS does not answer' : `AWS does not answer (${code})`,
      retryable: true,
      next: 'Check the network and the region, and try again',
    });
  return new HoldfastError({ ...base, code: 'AwsRefused', source: 'user', message: `AWS refused ${call}` });
}
