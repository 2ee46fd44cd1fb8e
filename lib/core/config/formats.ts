// The small formats inside a config file: names, durations, paths, patterns. Each check answers what is wrong, in words.
import { resolvePath } from '../source/path.ts';
import { type ConfigCode, quoted } from './problems.ts';

/** What is wrong with a value. */
export interface Fault {
  readonly code: ConfigCode;
  readonly message: string;
}

/** Contracts §2: lengths of names, in characters. */
export const nameLengths = { app: 53, alias: 20, target: 40, installation: 20 } as const;

/** Names that would be trouble as a key of anything, though they are DNS labels. */
const reservedNames = new Set(['constructor', 'prototype']);

/** A DNS label. */
export const labelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** Checks a name: a DNS label of at most `max` characters. */
export function nameFault(text: string, max: number): Fault | undefined {
  const wrong = (why: string): Fault => ({ code: 'ConfigName', message: `${quoted(text)} ${why}` });
  if (reservedNames.has(text) || text === '__proto__') return wrong('is a reserved word');
  if (text === '') return wrong('is empty; a name is needed');
  if (text.length > max) return wrong(`is ${text.length} characters long; at most ${max} are allowed`);
  if (!labelPattern.test(text)) {
    return wrong('is not a name: write lower-case letters, digits and "-", and begin and end with a letter or digit');
  }
  return undefined;
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A duration as it is written: a whole number and a unit. */
export const durationPattern = /^([1-9][0-9]{0,8})(s|m|h|d)$/;

/** Milliseconds of a duration such as `30s`, `15m`, `2h`, `1d`; undefined when it is not one. */
export function durationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  const unit = units[match?.[2] ?? ''];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

/** Checks a duration and its range. */
export function durationFault(
  text: string,
  range: { readonly least: string; readonly most: string },
): Fault | undefined {
  const ms = durationMs(text);
  if (ms !== undefined && ms >= (durationMs(range.least) ?? 0) && ms <= (durationMs(range.most) ?? 0)) return undefined;
  const why = ms === undefined ? 'is not a duration' : 'is out of range';
  const how = `write a whole number and s, m, h or d, from ${range.least} to ${range.most}, e.g. 15m`;
  return { code: 'ConfigDuration', message: `${quoted(text)} ${why}: ${how}` };
}

const controlCharacter = /\p{Cc}/u;

/** Checks a path as written, seen from `directory` ('' is the repository's root). */
export function pathFault(text: string, directory = ''): Fault | undefined {
  const wrong = (code: ConfigCode, why: string): Fault => ({ code, message: `The path ${quoted(text)} ${why}` });
  if (text === '') return wrong('ConfigPath', 'is empty; the root of the repository is "."');
  if (text.includes('\\')) return wrong('ConfigPath', 'has a backslash; write "/" between its parts');
  if (controlCharacter.test(text)) return wrong('ConfigPath', 'has a control character');
  if (text.startsWith('/'))
    return wrong('ConfigPathEscape', 'is absolute; write it from the root of the repository, without "/"');
  if (resolvePath(directory, text) === undefined) return wrong('ConfigPathEscape', 'leads out of the repository');
  return undefined;
}

/** Checks a `discover` pattern: a path with `*` for whole or part of a segment, one per segment. */
export function patternFault(text: string): Fault | undefined {
  const path = pathFault(text);
  if (path !== undefined) return path;
  const wrong = (why: string): Fault => ({ code: 'ConfigPattern', message: `The pattern ${quoted(text)} ${why}` });
  const segments = text.split('/');
  if (segments.includes('..')) return wrong('has ".."; write it from the root of the repository');
  if (text.includes('**')) return wrong('has "**"; write one "*" for each level, e.g. teams/*/apps/*');
  if (/[?[\]{}]/.test(text)) return wrong('has one of ? [ ] { }; only "*" is special');
  if (segments.some((segment) => segment.split('*').length > 2)) return wrong('has two "*" in one segment');
  if (!text.includes('*')) return wrong('has no "*"; for one directory write `name` and `path`');
  return undefined;
}

/** Checks a glob below an application's path (`exclude`). */
export function globFault(text: string): Fault | undefined {
  const fault = pathFault(text);
  if (fault !== undefined) return fault;
  if (text.length > 200)
    return { code: 'ConfigValue', message: `The pattern ${quoted(text)} is longer than 200 characters` };
  return undefined;
}
