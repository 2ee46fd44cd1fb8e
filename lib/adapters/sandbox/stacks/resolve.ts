// Evaluates intrinsic functions. What depends on a resource that does not exist yet is `knownLater`.
import { asCall, getAttParts, subParts } from '../../../core/cloudformation/intrinsics.ts';
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { invalid } from './protocol.ts';
import { shown } from './text.ts';

/** What a change set shows for a value that only execution can tell. */
export const knownLater = '{{changeSet:KNOWN_AFTER_APPLY}}';

/** What names mean while resolving. */
export interface Scope {
  /** Parameters and pseudo parameters. */
  readonly values: Readonly<Record<string, Json>>;
  readonly mappings: JsonObject;
  readonly conditions: Readonly<Record<string, boolean>>;
  /** Physical id of a resource; `knownLater` when there is none yet, undefined when there is no such resource. */
  ref(logicalId: string): string | undefined;
  attribute(logicalId: string, name: string): Json | undefined;
  /** The value of an export. Throws when there is none. */
  importValue(name: string): string;
}

/** Whether a resolved value depends on what only execution can tell. */
export function isKnownLater(value: Json | undefined): boolean {
  if (typeof value === 'string') return value.includes(knownLater);
  if (Array.isArray(value)) return value.some((item: Json) => isKnownLater(item));
  return isObject(value) && Object.values(value).some(isKnownLater);
}

/** The value with every function evaluated; undefined is `AWS::NoValue`. */
export function resolve(value: Json | undefined, scope: Scope): Json | undefined {
  if (value === undefined) return undefined;
  const call = asCall(value);
  if (call !== undefined) return resolveCall(call.name, call.argument, scope);
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item) => {
      const one = resolve(item, scope);
      return one === undefined ? [] : [one];
    });
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).flatMap(([key, member]) => {
    const one = resolve(member, scope);
    return one === undefined ? [] : [[key, one] as const];
  });
  return Object.fromEntries(entries);
}

function resolveRef(name: Json, scope: Scope): Json | undefined {
  if (name === 'AWS::NoValue') return undefined;
  if (typeof name !== 'string') throw invalid('Template error: every Ref object must have a single String value.');
  if (Object.hasOwn(scope.values, name)) return scope.values[name];
  const id = scope.ref(name);
  if (id !== undefined) return id;
  throw invalid(
    `Template format error: Unresolved resource dependencies [${name}] in the Resources block of the template`,
  );
}

function resolveGetAtt(argument: Json, scope: Scope): Json {
  const parts = getAttParts(argument);
  if (parts === undefined) {
    throw invalid(
      'Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute',
    );
  }
  if (scope.ref(parts.resource) === undefined) {
    throw invalid(`Template error: instance of Fn::GetAtt references undefined resource ${parts.resource}`);
  }
  const value = scope.attribute(parts.resource, parts.attribute);
  if (value === undefined) {
    throw invalid(
      `Template error: resource ${parts.resource} does not support attribute type ${parts.attribute} in Fn::GetAtt`,
    );
  }
  return value;
}

function resolveSub(argument: Json, scope: Scope): Json {
  const parts = subParts(argument);
  if (parts === undefined) {
    throw invalid('Template error: One or more Fn::Sub intrinsic functions do not specify expected arguments.');
  }
  const result = parts.text.replace(/\$\{([^}]*)\}/g, (_whole, inner: string) => {
    const name = inner.trim();
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(parts.variables, name)) return shown(resolve(parts.variables[name], scope));
    if (!Object.hasOwn(scope.values, name) && name.includes('.')) return shown(resolveGetAtt(name, scope));
    return shown(resolveRef(name, scope));
  });
  return result.includes(knownLater) ? knownLater : result;
}

function list(value: Json | undefined, name: string, length?: number): readonly Json[] {
  if (Array.isArray(value) && (length === undefined || value.length >= length)) return value as readonly Json[];
  throw invalid(
    `Template error: every ${name} object requires a list${length === undefined ? '' : ` of ${length} or more`} arguments.`,
  );
}

function resolveIf(argument: Json, scope: Scope): Json | undefined {
  const [condition, yes, no] = list(argument, 'Fn::If', 3);
  if (typeof condition !== 'string' || !Object.hasOwn(scope.conditions, condition)) {
    throw invalid(
      `Template format error: Unresolved condition dependency ${shown(condition)} in the Resources block of the template`,
    );
  }
  return resolve(scope.conditions[condition] === true ? yes : no, scope);
}

function resolveMap(argument: Json, scope: Scope): Json | undefined {
  const [map, first, second, options] = list(argument, 'Fn::FindInMap', 3);
  const keys = [map, first, second].map((key) => shown(resolve(key, scope)));
  const [mapName = '', firstKey = '', secondKey = ''] = keys;
  const top = isObject(scope.mappings[mapName]) ? scope.mappings[mapName][firstKey] : undefined;
  const found = isObject(top) ? top[secondKey] : undefined;
  if (found !== undefined) return found;
  if (isObject(options) && options['DefaultValue'] !== undefined) return resolve(options['DefaultValue'], scope);
  throw invalid(`Template error: Unable to get mapping for ${keys.join('::')}`);
}

function resolveJoin(argument: Json, scope: Scope): Json {
  const [separator, items] = list(argument, 'Fn::Join', 2);
  const values = resolve(items, scope);
  if (values === knownLater) return knownLater;
  const joined = list(values, 'Fn::Join').map(shown).join(shown(separator));
  return joined.includes(knownLater) ? knownLater : joined;
}

function resolveSplit(argument: Json, scope: Scope): Json {
  const [separator, source] = list(argument, 'Fn::Split', 2);
  const value = resolve(source, scope);
  return isKnownLater(value) ? knownLater : shown(value).split(shown(separator));
}

function resolveSelect(argument: Json, scope: Scope): Json {
  const [index, items] = list(argument, 'Fn::Select', 2);
  const values = resolve(items, scope);
  if (values === knownLater) return knownLater;
  const chosen = list(values, 'Fn::Select')[Number(resolve(index, scope))];
  if (chosen !== undefined) return chosen;
  throw invalid(`Template error: Fn::Select cannot select nonexistent value at index ${shown(index)}`);
}

function resolveCidr(argument: Json, scope: Scope): Json {
  const [block, count, bits] = list(resolve(argument, scope), 'Fn::Cidr', 2);
  if (isKnownLater(block)) return knownLater;
  const [address = '', length = '32'] = shown(block).split('/');
  const base = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** Number(bits ?? 8);
  if (!Number.isFinite(base) || size > 2 ** (32 - Number(length))) {
    throw invalid(`Template error: every Fn::Cidr object requires a valid CIDR block, ${shown(block)} is not`);
  }
  return Array.from({ length: Number(count) }, (_, index) => {
    const start = base + index * size;
    const octets = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
    return `${octets.join('.')}/${32 - Number(bits ?? 8)}`;
  });
}

const functions: Readonly<Record<string, (argument: Json, scope: Scope) => Json | undefined>> = {
  Ref: resolveRef,
  'Fn::GetAtt': resolveGetAtt,
  'Fn::Sub': resolveSub,
  'Fn::If': resolveIf,
  'Fn::FindInMap': resolveMap,
  'Fn::Join': resolveJoin,
  'Fn::Split': resolveSplit,
  'Fn::Select': resolveSelect,
  'Fn::Cidr': resolveCidr,
  'Fn::Base64': (argument, scope) => {
    const value = resolve(argument, scope);
    return isKnownLater(value) ? knownLater : Buffer.from(shown(value)).toString('base64');
  },
  'Fn::GetAZs': (argument, scope) => {
    const region = shown(resolve(argument, scope)) || shown(scope.values['AWS::Region']);
    return ['a', 'b', 'c'].map((zone) => region + zone);
  },
  'Fn::ImportValue': (argument, scope) => {
    const name = resolve(argument, scope);
    return isKnownLater(name) ? knownLater : scope.importValue(shown(name));
  },
  'Fn::Length': (argument, scope) => list(resolve(argument, scope), 'Fn::Length').length,
  'Fn::ToJsonString': (argument, scope) => {
    const value = resolve(argument, scope);
    return isKnownLater(value) ? knownLater : JSON.stringify(value ?? null);
  },
};

function resolveCall(name: string, argument: Json, scope: Scope): Json | undefined {
  const evaluate = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (evaluate === undefined) throw invalid(`Template error: the sandbox does not know the function ${name}`);
  return evaluate(argument, scope);
}

/** The value of one condition of the template. `seen` guards against conditions that name each other in a circle. */
export function evaluateCondition(
  value: Json | undefined,
  conditions: JsonObject,
  scope: Scope,
  seen: readonly string[] = [],
): boolean {
  const call = asCall(value);
  const below = (one: Json): boolean => evaluateCondition(one, conditions, scope, seen);
  if (call?.name === 'Fn::Equals') {
    const [a, b] = list(call.argument, 'Fn::Equals', 2);
    return JSON.stringify(conditionValue(a, below, scope)) === JSON.stringify(conditionValue(b, below, scope));
  }
  if (call?.name === 'Fn::And') return list(call.argument, 'Fn::And', 2).map(below).every(Boolean);
  if (call?.name === 'Fn::Or') return list(call.argument, 'Fn::Or', 2).map(below).some(Boolean);
  if (call?.name === 'Fn::Not') return !list(call.argument, 'Fn::Not', 1).map(below).some(Boolean);
  if (call?.name === 'Condition' && typeof call.argument === 'string' && !seen.includes(call.argument)) {
    const next = conditions[call.argument];
    if (next !== undefined) return evaluateCondition(next, conditions, scope, [...seen, call.argument]);
    throw invalid(
      `Template format error: Unresolved condition dependency ${call.argument} in the Conditions block of the template`,
    );
  }
  throw invalid('Template format error: Conditions can only be boolean operations on parameters and other conditions');
}

/** An operand of Fn::Equals, compared as text. */
function conditionValue(value: Json | undefined, below: (one: Json) => boolean, scope: Scope): Json {
  const call = asCall(value);
  if (value !== undefined && (call?.name === 'Condition' || call?.name === 'Fn::Not')) return String(below(value));
  return shown(resolve(value, scope));
}
