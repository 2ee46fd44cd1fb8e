// One line of `holdfast doctor`, and how a failed question becomes one.
import { asFailure } from '../../core/errors.ts';

export interface Check {
  readonly name: string;
  /** `missing` is only a problem for those who need it, or could not be told. */
  readonly state: 'ok' | 'missing' | 'broken';
  readonly found: string;
  readonly next?: string;
}

/** `level` of the JSON: what a reader should make of it. */
export const levels = { ok: 'ok', missing: 'warn', broken: 'fail' } as const;

export const ok = (name: string, found: string): Check => ({ name, state: 'ok', found });
export const warn = (name: string, found: string, next?: string): Check => ({
  name,
  state: 'missing',
  found,
  ...(next === undefined ? {} : { next }),
});
export const fail = (name: string, found: string, next?: string): Check => ({
  ...warn(name, found, next),
  state: 'broken',
});

/** The line of something that threw: a missing right only means that nobody knows. */
export function failed(name: string, error: unknown): Check {
  const { code, message, next, reason } = asFailure(error);
  const found = reason === undefined || code === 'AwsForbidden' ? message : `${message} (${reason})`;
  return code === 'AwsForbidden' ? warn(name, `not checked: ${message}`, next) : fail(name, found, next);
}
