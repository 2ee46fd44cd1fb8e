// What a failed call of the functions' own services means, so that each adapter says it in the words of its port.
import { readThrown } from './caller-errors.ts';

/** `missing`: what was asked for. `unavailable`: throttled, unreachable or at fault itself; the same call may succeed later. */
export type FaultKind = 'missing' | 'forbidden' | 'unavailable' | 'refused';

export interface Fault {
  readonly kind: FaultKind;
  /** The service's name of it, e.g. `NoSuchKey`. */
  readonly name: string;
  /** The call and what the service said. */
  readonly reason: string;
}

const missing = /^(?:NoSuchKey|NoSuchBucket|NotFound|ResourceNotFound|QueueDoesNotExist|.*NonExistentQueue)/;
const forbidden =
  /^(?:AccessDenied|UnauthorizedOperation|NotAuthorized|SignatureDoesNotMatch|UnrecognizedClient|Invalid(?:AccessKey|ClientToken)Id)|AccessDenied$/;
const passing = /^(?:Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|RequestThrottled|Expired|OverLimit)/;
/** Credentials of a function come and go with its container: without them, the next try has new ones. */
const credentials = /^(?:CredentialsProviderError|ProviderError|TokenProviderError)$/;

/** `call` is `service:Action`, as it stands in a policy. */
export function faultOf(error: unknown, call: string): Fault {
  const { name, message, status } = readThrown(error);
  return { kind: kindOf(name, status), name, reason: `${call}: ${(message || name).slice(0, 400)}` };
}

function kindOf(name: string, status: number): FaultKind {
  if (passing.test(name) || credentials.test(name) || status === 429) return 'unavailable';
  if (missing.test(name) || status === 404) return 'missing';
  if (forbidden.test(name) || status === 403) return 'forbidden';
  return status >= 500 || status === 0 ? 'unavailable' : 'refused';
}
