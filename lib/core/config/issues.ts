// Translates what zod found into problems with a place, our words and "did you mean".
import type * as z from 'zod';
import { nearest } from './nearest.ts';
import { type ConfigDocument, type Path, valueAt } from './document.ts';
import type { Problem } from './model.ts';
import { type ConfigCode, configCodes, problemAt, quoted } from './problems.ts';

type Issue = z.core.$ZodIssue;

/** What is needed to translate issues of one schema. */
export interface IssueContext {
  readonly document: ConfigDocument;
  readonly schema: z.ZodType;
  /** Path of the value that the schema was given. */
  readonly base: Path;
}

/** All issues of one parse as problems. */
export function issueProblems(issues: readonly Issue[], context: IssueContext): readonly Problem[] {
  return issues.flatMap((issue) => oneIssue(issue, context));
}

function oneIssue(issue: Issue, context: IssueContext): readonly Problem[] {
  const { document, base } = context;
  const local = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const path = [...base, ...local];
  const value = valueAt(document.value, path);
  const at = document.place(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, local, context));
    case 'invalid_key':
      return issue.issues.flatMap((inner) => [problemAt(document.place(path, 'key'), codeOf(inner), inner.message)]);
    case 'invalid_union':
      return unionProblems(issue, value, context);
    case 'invalid_type':
      if (value === undefined) return [missingKey(path, context)];
      return [problemAt(at, 'ConfigWrongType', wrongType(issue, value))];
    case 'invalid_value':
      return [notAllowed(issue.values, value, path, context)];
    case 'too_small':
      return [
        problemAt(
          at,
          'ConfigValue',
          `${issue.origin === 'array' ? 'The list' : 'The value'} must have at least ${issue.minimum}${issue.origin === 'array' ? ' item' : ''}`,
        ),
      ];
    case 'too_big':
      return [problemAt(at, 'ConfigValue', `The value must be at most ${issue.maximum}`)];
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'not_multiple_of':
      return [problemAt(at, codeOf(issue), issue.message)];
  }
}

function codeOf(issue: Issue): ConfigCode {
  const code: unknown = issue.code === 'custom' ? issue.params?.code : undefined;
  return typeof code === 'string' && Object.hasOwn(configCodes, code) ? (code as ConfigCode) : 'ConfigValue';
}

/** zod names types in its own words; these are the words of people who write YAML. */
const typeWords: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

function wrongType(issue: z.core.$ZodIssueInvalidType, value: unknown): string {
  // A schema's own words, where it has some, are better than ours.
  if (!issue.message.startsWith('Invalid input')) return issue.message;
  return wrongTypeText(typeWords[issue.expected] ?? issue.expected, value);
}

function wrongTypeText(expected: string, value: unknown): string {
  const hint = expected === 'true or false' && isYesNo(value) ? '; write it as true or false' : '';
  const quotes =
    expected === 'text' && (typeof value === 'number' || typeof value === 'boolean') ? '; put it in quotes' : '';
  return `Expected ${expected}, found ${foundText(value)}${hint}${quotes}`;
}

function isYesNo(value: unknown): boolean {
  return typeof value === 'string' && /^(?:yes|no|on|off|y|n)$/i.test(value);
}

function foundText(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return isYesNo(value) ? `the text ${quoted(value)}` : 'text';
  if (typeof value === 'number') return 'a number';
  return typeof value === 'boolean' ? String(value) : 'a mapping';
}

function missingKey(path: Path, context: IssueContext): Problem {
  const place = context.document.place(path.slice(0, -1));
  return problemAt(
    place,
    'ConfigMissingKey',
    `The key "${String(path.at(-1))}" is missing${inside(path.slice(0, -1))}`,
  );
}

function inside(path: Path): string {
  return path.length === 0 ? '' : ` in ${pathText(path)}`;
}

/** `apps[3].sync` */
export function pathText(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
}

function unknownKey(key: string, local: Path, context: IssueContext): Problem {
  const { document, base, schema } = context;
  const path = [...base, ...local];
  const keys = keysAt(schema, local);
  const place = document.place([...path, key], 'key');
  const suggestion = nearest(key, keys.keys()) ?? elsewhere(key, keys);
  const known = keys.size > 0 && suggestion === undefined ? `; known are ${[...keys.keys()].join(', ')}` : '';
  return problemAt(place, 'ConfigUnknownKey', `Unknown key ${quoted(key)}${inside(path)}${known}`, suggestion);
}

/** A key that exists one level further down: `selfHeal` belongs under `sync`. */
function elsewhere(key: string, keys: ReadonlyMap<string, z.core.$ZodType>): string | undefined {
  for (const [name, schema] of keys) if (shapeOf(schema).has(key)) return `${name}.${key}`;
  return undefined;
}

function notAllowed(values: readonly unknown[], value: unknown, path: Path, { document }: IssueContext): Problem {
  const place = document.place(path);
  if (path.length === 1 && path[0] === 'version') {
    if (value === undefined)
      return problemAt(place, 'ConfigMissingKey', 'The key "version" is missing; write `version: 1`');
    return problemAt(place, 'ConfigVersion', 'This Holdfast reads version 1; write `version: 1`');
  }
  if (typeof value !== 'string') {
    return problemAt(place, 'ConfigWrongType', wrongTypeText(`one of ${values.join(', ')}`, value));
  }
  const names = values.filter((name): name is string => typeof name === 'string');
  return problemAt(place, 'ConfigValue', `${quoted(value)} is not one of ${names.join(', ')}`, nearest(value, names));
}

function unionProblems(issue: z.core.$ZodIssueInvalidUnion, value: unknown, context: IssueContext): readonly Problem[] {
  const local = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const path = [...context.base, ...local];
  // The member that the value was meant for is the one that does not complain about the value's own type.
  const meant = issue.errors.find((errors) =>
    errors.every((error) => error.path.length > 0 || error.code !== 'invalid_type'),
  );
  if (meant !== undefined) {
    return meant.flatMap((error) => oneIssue({ ...error, path: [...issue.path, ...error.path] }, context));
  }
  if (value === undefined) return [missingKey(path, context)];
  const expected = issue.errors.flatMap((errors) =>
    errors.map((error) => (error.code === 'invalid_type' ? (typeWords[error.expected] ?? error.expected) : '')),
  );
  return [problemAt(context.document.place(path), 'ConfigWrongType', wrongTypeText(expected.join(' or '), value))];
}

/** Keys of the mapping that the schema has at a path, with their schemas. */
function keysAt(schema: z.core.$ZodType, path: Path): ReadonlyMap<string, z.core.$ZodType> {
  let here: z.core.$ZodType | undefined = schema;
  for (const part of path) here = here === undefined ? undefined : memberSchema(here, part);
  return here === undefined ? new Map() : shapeOf(here);
}

function memberSchema(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | undefined {
  const def = bare(schema)._zod.def as z.core.$ZodTypes['_zod']['def'];
  if (def.type === 'object') return typeof part === 'string' ? def.shape[part] : undefined;
  if (def.type === 'record') return def.valueType;
  if (def.type === 'array') return def.element;
  if (def.type !== 'union') return undefined;
  return def.options.map((option) => memberSchema(option, part)).find((found) => found !== undefined);
}

function shapeOf(schema: z.core.$ZodType): ReadonlyMap<string, z.core.$ZodType> {
  const def = bare(schema)._zod.def as z.core.$ZodTypes['_zod']['def'];
  if (def.type === 'object') return new Map(Object.entries(def.shape));
  if (def.type !== 'union') return new Map();
  return new Map(def.options.flatMap((option) => [...shapeOf(option)]));
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as z.core.$ZodTypes['_zod']['def'];
  return def.type === 'optional' ? bare(def.innerType) : schema;
}
