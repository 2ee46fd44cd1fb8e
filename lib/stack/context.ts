// Reads cdk.json context: all problems at once, with "did you mean", before anything is synthesized. Pure.
import * as z from 'zod';
import { nearest } from '../core/config/nearest.ts';
import { contextSchema } from './context-schema.ts';
import { defaultPrefix } from './names.ts';
import type { Settings } from './settings.ts';

/** What is wrong with one key of the context. */
export interface ContextProblem {
  /** The key, e.g. `vpc.subnets[0]`. */
  readonly key: string;
  readonly message: string;
  readonly suggestion?: string;
}

export interface Context {
  readonly stackName: string;
  readonly settings: Settings;
}

export type ContextResult =
  | { readonly context: Context; readonly problems: readonly [] }
  | { readonly context?: undefined; readonly problems: readonly ContextProblem[] };

/** Keys of the CDK itself: feature flags, cached lookups, and what its commands keep there. */
const ofTheCdk = /[:@]|^(?:cli-telemetry|acknowledged-issue-numbers|tree)$/;

/** Reads the whole context of an app. Values that came by `-c key=value` are text: they are JSON, or stand for themselves. */
export function parseContext(all: Readonly<Record<string, unknown>>): ContextResult {
  const own = Object.entries(all).filter(([key]) => !ofTheCdk.test(key));
  const unread: ContextProblem[] = [];
  const given = Object.fromEntries(
    own.flatMap(([key, value]) => {
      if (value === undefined || value === null) return [];
      const read = typeof value === 'string' ? fromText(key, value) : { value };
      if ('value' in read) return [[key, read.value]];
      unread.push(read);
      return [];
    }),
  );
  const parsed = contextSchema.safeParse(given);
  const problems = [
    ...unread,
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, given))),
  ];
  if (!parsed.success || problems.length > 0)
    return { problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : 1)) };
  const { stackName, ...settings } = parsed.data;
  const { prefix = defaultPrefix } = settings;
  // Another installation must never become an update of the first one's stack.
  const usual = prefix === defaultPrefix ? 'Holdfast' : `Holdfast-${prefix}`;
  return { context: { stackName: stackName ?? usual, settings }, problems: [] };
}

/** One line: the key, what is wrong, what was probably meant. */
export function contextProblemText({ key, message, suggestion }: ContextProblem): string {
  return `context ${key}: ${message}${suggestion === undefined ? '' : `; did you mean "${suggestion}"?`}`;
}

/** A value given as text, as the type of its key wants it. */
function fromText(key: string, text: string): { readonly value: unknown } | ContextProblem {
  const type = typeOf(key);
  if (type === 'string') return { value: text };
  if (type === 'array' && !text.trimStart().startsWith('[')) {
    // A number would lose the zeros of an account id.
    return {
      value: text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    };
  }
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    if (type === undefined) return { value: text };
    return { key, message: `is not JSON; on the command line write it as -c '${key}=${examples[type] ?? '…'}'` };
  }
}

const examples: Readonly<Record<string, string>> = {
  object: '{"…": "…"}',
  array: '["…"]',
  integer: '10',
  boolean: 'true',
};

/** The JSON type of a key; undefined for one that is not known. */
function typeOf(key: string): string | undefined {
  const { properties } = z.toJSONSchema(contextSchema, { io: 'input', unrepresentable: 'any' });
  const schema = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
  return typeof schema === 'object' && typeof schema.type === 'string' ? schema.type : undefined;
}

function problemsOf(issue: z.core.$ZodIssue, given: unknown): readonly ContextProblem[] {
  const key = pathText(issue.path);
  if (issue.code !== 'unrecognized_keys') return [{ key, message: messageOf(issue, valueAt(given, issue.path)) }];
  const known = keysAt(issue.path);
  return issue.keys.map((unknown) => {
    const suggestion = nearest(unknown, known);
    const path = pathText([...issue.path, unknown]);
    if (suggestion !== undefined) return { key: path, message: 'is not a setting', suggestion };
    return { key: path, message: `is not a setting; known are ${known.join(', ')}` };
  });
}

function messageOf(issue: z.core.$ZodIssue, value: unknown): string {
  if (issue.code === 'invalid_type') {
    return value === undefined ? 'is missing' : `must be ${words[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'too_small')
    return `must be at least ${String(issue.minimum)}${issue.origin === 'array' ? ' long' : ''}`;
  if (issue.code === 'too_big') return `must be at most ${String(issue.maximum)}`;
  return issue.message;
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  let value = given;
  for (const part of path) value = Object(value)[part];
  return value;
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}

/** Keys that a mapping inside the context may have. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: z.core.JSONSchema.JSONSchema | undefined = z.toJSONSchema(contextSchema, {
    io: 'input',
    unrepresentable: 'any',
  });
  for (const part of path) {
    const next: unknown = typeof part === 'number' ? schema?.items : schema?.properties?.[String(part)];
    schema =
      typeof next === 'object' && next !== null && !Array.isArray(next)
        ? (next as z.core.JSONSchema.JSONSchema)
        : undefined;
  }
  return Object.keys(schema?.properties ?? {});
}
