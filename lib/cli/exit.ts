// Exit codes, documented in `holdfast help exit-codes` and the README; scripts rely on them.
import { HoldfastError } from '../core/errors.ts';

export const exitCodes = {
  ok: 0,
  /** `plan` and `drift` found differences. */
  differences: 1,
  error: 2,
  usage: 3,
  auth: 4,
  /** Everything was applied, but it did not become healthy. */
  unhealthy: 5,
  timeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const authCodes = new Set([
  'Unauthorized',
  'Forbidden',
  'GitAuth',
  'GitForbidden',
  'StackCredentials',
  'StackForbidden',
  'ApiUnauthorized',
  'ApiForbidden',
  'AwsCredentials',
  'AwsForbidden',
  'RoleRefused',
]);

/** The exit code that belongs to an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (!(error instanceof HoldfastError)) return exitCodes.error;
  if (error.code === 'Usage' || error.code === 'InstallationName') return exitCodes.usage;
  if (error.code === 'Interrupted' || error.code === 'Stopped') return exitCodes.interrupted;
  if (error.code === 'Timeout') return exitCodes.timeout;
  return authCodes.has(error.code) ? exitCodes.auth : exitCodes.error;
}

const worstFirst = [
  exitCodes.interrupted,
  exitCodes.auth,
  exitCodes.error,
  exitCodes.timeout,
  exitCodes.unhealthy,
  exitCodes.differences,
] as const;

/** Of several applications the worst decides. */
export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return worstFirst.find((code) => codes.includes(code)) ?? exitCodes.ok;
}

/** A wrong flag or argument. */
export function usage(message: string, next?: string): HoldfastError {
  return new HoldfastError({ code: 'Usage', source: 'user', message, ...(next === undefined ? {} : { next }) });
}
