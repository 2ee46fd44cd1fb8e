// What CloudFormation and the network say, as errors with stable codes and the next thing to do.
import { HoldfastError } from '../../core/errors.ts';
import { safeText } from '../../core/cloudformation/values.ts';

/** Network faults and their like: nothing is known about the effect of the call. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
]);
const throttled = new Set([
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'SlowDown',
]);
const notAllowed = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);
const badCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'CredentialsProviderError',
  'MissingAuthenticationToken',
]);

interface Thrown {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

function read(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: '', code: '', message: String(error), status: 0 };
  const { name, message } = error;
  const {
    code = '',
    $metadata,
    Code,
  } = error as {
    readonly code?: string;
    readonly Code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return { name, code: code === '' ? (Code ?? '') : code, message, status: $metadata?.httpStatusCode ?? 0 };
}

/** Name of the service's error, e.g. `ValidationError`, `ChangeSetNotFound`. */
export function errorName(error: unknown): string {
  return read(error).name.replace(/Exception$/, '');
}

/** Whether the service says that the stack or change set is not there. */
export function isMissing(error: unknown): boolean {
  const { name, message } = read(error);
  if (/^(?:ChangeSetNotFound|StackNotFound)/.test(name)) return true;
  return name === 'ValidationError' && /does not exist/.test(message);
}

/** A failed call as our error. Retryable: reachability, throttling and the service's own faults. */
export function callError(error: unknown, about: { readonly call: string; readonly object: string }): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { name, code, message, status } = read(error);
  const base = { object: about.object, reason: `${about.call}: ${safeText(message)}`, cause: error };
  if (name === 'AbortError') {
    return new HoldfastError({
      ...base,
      code: 'Stopped',
      source: 'system',
      message: 'Stopped while asking CloudFormation',
      retryable: true,
    });
  }
  if (throttled.has(name)) {
    return new HoldfastError({
      ...base,
      code: 'StackThrottled',
      source: 'remote',
      message: 'CloudFormation asks to slow down',
      retryable: true,
    });
  }
  if (notAllowed.has(name)) {
    return new HoldfastError({
      ...base,
      code: 'StackForbidden',
      source: 'user',
      message: `The credentials in use may not call ${about.call} on ${about.object}`,
      next: 'Give the stack a name that begins as the role of the target wants it (--stack-prefix), or the role this right',
    });
  }
  if (badCredentials.has(name)) {
    return new HoldfastError({
      ...base,
      code: 'StackCredentials',
      source: 'user',
      message: 'AWS does not accept the credentials in use',
      retryable: /Expired/.test(name),
      next: 'holdfast doctor',
    });
  }
  if (status >= 500 || (status === 0 && (unreachable.has(code) || unreachable.has(name)))) {
    return new HoldfastError({
      ...base,
      code: 'TargetUnavailable',
      source: 'remote',
      message: 'CloudFormation does not answer',
      retryable: true,
    });
  }
  return new HoldfastError({
    ...base,
    code: 'StackRefused',
    source: 'user',
    message: `CloudFormation refused ${about.call}`,
  });
}
