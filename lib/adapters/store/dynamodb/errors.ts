// What a failed call of DynamoDB means: whether to try again, or what a person has to mend. Nothing is ever applied on a guess.
import { HoldfastError } from '../../../core/errors.ts';

interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
}

function readThrown(error: unknown): Thrown {
  const { name, message, $metadata } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return {
    name: typeof name === 'string' ? name : '',
    message: (typeof message === 'string' ? message : String(error)).slice(0, 400),
    status: $metadata?.httpStatusCode,
  };
}

const denied =
  /^(?:AccessDenied|UnrecognizedClient|InvalidSignature|IncompleteSignature|MissingAuthenticationToken|ExpiredToken|InvalidClientTokenId|CredentialsProviderError|KMS)/;
const throttled = /^(?:Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|TooManyRequests)/;
const silent = /^(?:AbortError|TimeoutError)$/;

/** The failure of a call on `table` as our error: `StoreUnavailable` (retryable), `StoreForbidden`, `StoreMissing` or `StoreRefused`. */
export function storeError(error: unknown, call: string, table: string): HoldfastError {
  if (error instanceof HoldfastError) return error;
  const { name, message, status } = readThrown(error);
  const base = { object: `table ${table}`, reason: `${call}: ${message}`, cause: error };
  if (denied.test(name)) {
    return new HoldfastError({
      ...base,
      code: 'StoreForbidden',
      source: 'user',
      message: `The credentials in use may not read and write the table ${table}`,
      next: `Allow dynamodb:${call} on the table and its indexes to this role, or use credentials that are valid`,
    });
  }
  if (name === 'ResourceNotFoundException') {
    return new HoldfastError({
      ...base,
      code: 'StoreMissing',
      source: 'user',
      message: `There is no table ${table} in this account and region`,
      next: 'Check account and region, deploy the stack again, or restore the table from a backup under its name',
    });
  }
  if (throttled.test(name) || silent.test(name) || status === undefined || status >= 500 || status === 429) {
    return unavailable({ ...base, message: whatHappened(name, table) });
  }
  return new HoldfastError({
    ...base,
    code: 'StoreRefused',
    source: 'system',
    message: `The table ${table} refused a request`,
    next: 'Deploy the stack again, so that the table and the functions are of one version',
  });
}

function whatHappened(name: string, table: string): string {
  if (throttled.test(name)) return `The table ${table} asks to slow down`;
  if (silent.test(name)) return `The table ${table} does not answer in time`;
  return `The table ${table} cannot be reached`;
}

/** Too many writers of one item at the same moment. */
export function contended(call: string, table: string, key: string): HoldfastError {
  return unavailable({
    message: `Others write ${key} all the time`,
    object: `table ${table}`,
    reason: `${call}: every try met another write`,
  });
}

/** Leases end by the store's time, so nothing is taken without it. */
export function timeUnknown(table: string): HoldfastError {
  return unavailable({
    message: `The table ${table} does not tell the time`,
    object: `table ${table}`,
    reason: 'answers carry no Date header',
  });
}

/** What an item points to is not in the blob store. */
export function memberGone(table: string, what: string, blob: string): HoldfastError {
  return unavailable({ message: `A part of ${what} is missing`, object: `table ${table}`, reason: `no blob ${blob}` });
}

function unavailable(detail: {
  readonly message: string;
  readonly object: string;
  readonly reason: string;
  readonly cause?: unknown;
}): HoldfastError {
  return new HoldfastError({
    ...detail,
    code: 'StoreUnavailable',
    source: 'system',
    retryable: true,
    next: 'holdfast doctor',
  });
}
