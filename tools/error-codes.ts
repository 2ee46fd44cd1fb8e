// Collects the stable error codes from the sources: what is thrown, returned as a failure, or reported as a problem of a file.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from '@swc/core';

export type WhoActs = 'user' | 'system' | 'remote' | 'caller';

export interface ErrorCode {
  readonly code: string;
  readonly who: ReadonlySet<WhoActs>;
  /** Sentences as they stand in the sources, with … for what differs. */
  readonly messages: ReadonlySet<string>;
  readonly next: ReadonlySet<string>;
  /** Whether some of them are tried again without a person. */
  readonly retried: boolean;
  /** Folder below lib where it is raised first. */
  readonly place: string;
}

interface Found {
  readonly code: string;
  readonly who?: WhoActs | undefined;
  /** Whether it is said next to the code who acts. */
  readonly said: boolean;
  readonly message?: string | undefined;
  readonly next?: string | undefined;
  readonly retried: boolean;
}

type Names = ReadonlyMap<string, readonly string[]>;
type Node = { readonly [key: string]: unknown };

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);
const typed = (value: unknown, type: string): value is Node => isNode(value) && value['type'] === type;
const codeForm = /^[A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)*$/;
/** The sandbox speaks the words of the servers it stands for, and the stack names its parts: only what they throw themselves counts. */
const borrowed = /^lib\/(?:adapters\/sandbox|stack)\//;

/** Every code below lib, in the order of the alphabet. */
export function errorCodes(root: string): readonly ErrorCode[] {
  const codes = new Map<string, Merged>();
  const files = globSync('lib/**/*.ts', { cwd: root }).toSorted();
  const trees = files.map((file) => [file, parse(join(root, file))] as const);
  const helpers = new Map(trees.flatMap(([, tree]) => [...helpersIn(tree)]));
  for (const [file, tree] of trees) {
    const here = passedOn(tree);
    const fallback = here?.who ?? (file.startsWith('lib/web/') || file === 'lib/runtime/http.ts' ? 'caller' : 'user');
    const own = helpersIn(tree);
    for (const found of codesIn(tree, (callee) => own.get(callee) ?? here ?? helpers.get(callee))) {
      if (!borrowed.test(file) || found.said) add(codes, found, found.who ?? fallback, placeOf(file));
    }
  }
  return [...codes.values()].toSorted((a, b) => (a.code < b.code ? -1 : 1));
}

interface Merged extends ErrorCode {
  readonly who: Set<WhoActs>;
  readonly messages: Set<string>;
  readonly next: Set<string>;
  retried: boolean;
}

function add(codes: Map<string, Merged>, found: Found, who: WhoActs, place: string): void {
  const known = codes.get(found.code) ?? {
    code: found.code,
    who: new Set<WhoActs>(),
    messages: new Set<string>(),
    next: new Set<string>(),
    retried: false,
    place,
  };
  known.who.add(who);
  if (found.message !== undefined) known.messages.add(found.message);
  if (found.next !== undefined) known.next.add(found.next);
  known.retried ||= found.retried;
  codes.set(found.code, known);
}

function placeOf(file: string): string {
  const parts = file.split('/');
  return parts.slice(1, parts[1] === 'core' || parts[1] === 'adapters' ? 3 : 2).join('/');
}

function parse(file: string): unknown {
  return parseSync(readFileSync(file, 'utf8'), { syntax: 'typescript', target: 'es2022' });
}

function* nodes(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const inner of value) yield* nodes(inner);
  else if (isNode(value)) {
    yield value;
    for (const [key, inner] of Object.entries(value)) if (key !== 'span') yield* nodes(inner);
  }
}

/** Codes of one file: `code:` in objects, a code before its sentence in calls and in tables. */
function* codesIn(tree: unknown, helper: (callee: string) => Helper | undefined): Generator<Found> {
  const names = new Map<string, readonly string[]>();
  for (const node of nodes(tree)) {
    if (/^(?:FunctionDeclaration|ClassMethod|PrivateMethod)$/.test(String(node['type']))) names.clear();
    else if (typed(node, 'VariableDeclarator')) names.set(nameOf(node['id']), texts(node['init'], names));
    else if (typed(node, 'ObjectExpression')) yield* ofObject(node, names);
    else if (typed(node, 'CallExpression') || typed(node, 'NewExpression')) {
      const values = list(node['arguments']).map((one) => (isNode(one) ? one['expression'] : undefined));
      const callee = nameOf(node['callee']);
      if (!/^(?:is|on|call|orMissing)/.test(callee)) yield* ofValues(values, names, callee, helper(callee));
    } else if (typed(node, 'ArrayExpression')) {
      const values = list(node['elements']).map((one) => (isNode(one) ? one['expression'] : undefined));
      if (values.length === 3) yield* ofValues(values.slice(0, 2), names, '', undefined);
    }
  }
}

function* ofObject(node: Node, names: Names): Generator<Found> {
  const members = membersOf(node);
  const [next] = texts(members.get('next') ?? members.get('hint'), names);
  const messages = texts(members.get('message') ?? members.get('text'), names);
  const who = texts(members.get('source'), names).find(isWho);
  const codes = texts(members.get('code'), names).filter((code) => codeForm.test(code));
  for (const [index, code] of codes.entries())
    yield {
      code,
      who,
      next,
      said: who !== undefined,
      message: messages[index] ?? messages[0],
      retried: isRetried(members.get('retryable'), code),
    };
}

/** Helpers that are given a code before its sentence, by the word in their names. */
const telling = /problem|fault|hold|refuse|error|stop|report|wrong/i;

function* ofValues(
  values: readonly unknown[],
  names: Names,
  callee: string,
  helper: Helper | undefined,
): Generator<Found> {
  for (const [index, value] of values.slice(0, -1).entries()) {
    const [message] = texts(values[index + 1], names);
    if (message === undefined ? !telling.test(callee) : codeForm.test(message)) continue;
    for (const code of typed(value, 'Identifier') ? [] : texts(value, names))
      if (/[a-z][A-Z]/.test(code) && codeForm.test(code))
        yield { code, who: helper?.who, said: false, message, retried: isRetried(helper?.retryable, code) };
  }
}

/** What `retryable` says of a code: it may be decided there, for the codes that are named there or for all. */
function isRetried(node: unknown, code: string): boolean {
  if (!isNode(node) || typed(node, 'Identifier')) return false;
  if (typed(node, 'BooleanLiteral')) return node['value'] === true;
  const named = [...nodes(node)].filter((one) => typed(one, 'StringLiteral')).map((one) => String(one['value']));
  const codes = named.filter((one) => codeForm.test(one));
  return codes.length === 0 || codes.includes(code);
}

const isWho = (text: string): text is WhoActs => text === 'user' || text === 'system' || text === 'remote';

interface Helper {
  readonly who: WhoActs;
  readonly retryable: unknown;
}

/** Functions that are given a code and say themselves who acts. */
function helpersIn(tree: unknown): ReadonlyMap<string, Helper> {
  const found = new Map<string, Helper>();
  for (const node of nodes(tree)) {
    if (!/^(?:FunctionDeclaration|ClassMethod|PrivateMethod|VariableDeclarator)$/.test(String(node['type']))) continue;
    const name = nameOf(node['identifier'] ?? node['id'] ?? node['key']);
    const inner = node['body'] ?? node['init'] ?? node['function'];
    const helper = found.has(name) ? undefined : passedOn(inner);
    if (helper !== undefined) found.set(name, helper);
  }
  return found;
}

/** What this piece of code says about codes that are given to it from elsewhere. */
function passedOn(tree: unknown): Helper | undefined {
  for (const node of nodes(tree)) {
    if (!typed(node, 'ObjectExpression')) continue;
    const given = list(node['properties']).some((one) => typed(one, 'Identifier') && one['value'] === 'code');
    const members = membersOf(node);
    if (!given && !typed(members.get('code'), 'MemberExpression')) continue;
    const who = texts(members.get('source'), new Map()).find(isWho);
    if (who !== undefined) return { who, retryable: members.get('retryable') };
  }
  return undefined;
}

function membersOf(node: Node): ReadonlyMap<string, unknown> {
  return new Map(
    list(node['properties']).flatMap((one): readonly (readonly [string, unknown])[] => {
      if (typed(one, 'KeyValueProperty')) return [[nameOf(one['key']), one['value']]];
      return typed(one, 'Identifier') ? [[nameOf(one), one]] : [];
    }),
  );
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Name of an identifier, of a private name, or of the last part of `a.b`. */
function nameOf(node: unknown): string {
  if (!isNode(node)) return '';
  if (typed(node, 'MemberExpression')) return nameOf(node['property']);
  if (isNode(node['id'])) return nameOf(node['id']);
  return typeof node['value'] === 'string' ? node['value'] : '';
}

/** The texts that an expression can be, as far as they stand there. */
function texts(node: unknown, names: Names): readonly string[] {
  if (!isNode(node)) return [];
  switch (node['type']) {
    case 'StringLiteral':
      return [String(node['value'])];
    case 'TemplateLiteral':
      return [
        list(node['quasis'])
          .map((part) => (isNode(part) ? String(part['cooked']) : ''))
          .join('…'),
      ];
    case 'ConditionalExpression':
      return [...texts(node['consequent'], names), ...texts(node['alternate'], names)];
    case 'BinaryExpression':
      return node['operator'] === '??' ? [...texts(node['left'], names), ...texts(node['right'], names)] : [];
    case 'Identifier':
      return names.get(nameOf(node)) ?? [];
    case 'ParenthesisExpression':
    case 'TsAsExpression':
    case 'TsConstAssertion':
      return texts(node['expression'], names);
    default:
      return [];
  }
}
