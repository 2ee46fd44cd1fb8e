// The three plain patch formats: JSON patch, merge patch, strategic merge patch. Each gives a new object and changes nothing.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap, sameJson } from '../json.ts';
import { fieldTypeOf } from '../fields/atom.ts';
import type { ListType, TypeNode } from '../fields/types.ts';
import { badRequest, invalid, type Refusal, type Subject } from './status.ts';

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const result: Record<string, Json | undefined> = isMap(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** RFC 6902. A `test` that fails, or a path that is not there, is the server's 422. */
export function jsonPatch(target: JsonObject, patch: Json, subject: Subject): JsonObject {
  if (!isList(patch))
    throw badRequest('error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch');
  let result: Json = target;
  for (const operation of patch) result = operate(result, isMap(operation) ? operation : {}, subject);
  return isMap(result) ? result : {};
}

function operate(target: Json, operation: JsonObject, subject: Subject): Json {
  const refuse = (why: string): Refusal => {
    const cause = { reason: 'FieldValueInvalid', message: `Invalid value: ${why}`, field: 'patch' };
    return invalid(subject, [cause]);
  };
  const op = operation['op'];
  const path = pointer(operation['path']);
  const value = operation['value'];
  switch (op) {
    case 'add':
      return edit(target, path, value ?? null, 'add', refuse);
    case 'replace':
      return edit(target, path, value ?? null, 'replace', refuse);
    case 'remove':
      return edit(target, path, undefined, 'remove', refuse);
    case 'test':
      if (!sameJson(read(target, path), value)) throw refuse(`testing path ${String(operation['path'])} failed`);
      return target;
    case 'copy':
    case 'move': {
      const from = pointer(operation['from']);
      const moved = read(target, from);
      if (moved === undefined) throw refuse(`${op} from a path that does not exist: ${String(operation['from'])}`);
      const without = op === 'move' ? edit(target, from, undefined, 'remove', refuse) : target;
      return edit(without, path, moved, 'add', refuse);
    }
    default:
      throw refuse(`Unexpected kind: ${String(op)}`);
  }
}

function pointer(text: Json | undefined): string[] {
  if (typeof text !== 'string' || text === '') return [];
  return text
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(target: Json | undefined, path: readonly string[]): Json | undefined {
  let current = target;
  for (const part of path) {
    if (isList(current)) current = current[Number(part)];
    else if (isMap(current)) current = current[part];
    else return undefined;
  }
  return current;
}

type Edit = 'add' | 'replace' | 'remove';

function edit(
  target: Json | undefined,
  path: readonly string[],
  value: Json | undefined,
  kind: Edit,
  refuse: (why: string) => Refusal,
): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value ?? null;
  const missing = (): Refusal => refuse(`${kind} operation does not apply: doc is missing path: /${path.join('/')}`);
  if (isList(target)) {
    const index = head === '-' ? target.length : Number(head);
    const entry = target[index];
    if (rest.length > 0) {
      if (entry === undefined) throw missing();
      return target.with(index, edit(entry, rest, value, kind, refuse));
    }
    if (!Number.isInteger(index) || index < 0 || index > target.length || (kind !== 'add' && entry === undefined))
      throw missing();
    if (kind === 'replace') return target.with(index, value ?? null);
    return target.toSpliced(index, kind === 'add' ? 0 : 1, ...(kind === 'add' ? [value ?? null] : []));
  }
  if (!isMap(target)) throw missing();
  if (rest.length > 0) {
    if (target[head] === undefined) throw missing();
    return { ...target, [head]: edit(target[head], rest, value, kind, refuse) };
  }
  if (kind !== 'add' && target[head] === undefined) throw missing();
  if (kind !== 'remove') return { ...target, [head]: value };
  const { [head]: _gone, ...others } = target;
  return others;
}

/** Kubernetes' own merge patch: lists merge by the key that the table names, `$patch` and its kin direct it. */
export function strategicPatch(type: TypeNode, target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  if (patch['$patch'] === 'replace') return withoutDirectives(patch);
  if (patch['$patch'] === 'delete') return {};
  const source = isMap(target) ? target : {};
  const retained = isList(patch['$retainKeys']) ? new Set(patch['$retainKeys']) : undefined;
  const result: Record<string, Json | undefined> = {};
  for (const [name, value] of Object.entries(source))
    if (retained === undefined || retained.has(name)) result[name] = value;
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined || name.startsWith('$')) continue;
    const below = type.map === undefined ? undefined : fieldTypeOf(type.map, name);
    if (value === null) delete result[name];
    else if (isList(value) && below?.list !== undefined) {
      result[name] = patchList(below.list, result[name], value, patch[`$deleteFromPrimitiveList/${name}`]);
    } else if (below === undefined) result[name] = value;
    else
      result[name] =
        isMap(value) && isMap(result[name]) ? strategicPatch(below, result[name], value) : withoutDirectives(value);
  }
  for (const [directive, values] of Object.entries(patch)) {
    const name = /^\$deleteFromPrimitiveList\/(.*)$/.exec(directive)?.[1];
    if (name === undefined || patch[name] !== undefined || !isList(values)) continue;
    result[name] = (isList(result[name]) ? result[name] : []).filter((entry) => !values.includes(entry));
  }
  return result;
}

function patchList(list: ListType, target: Json | undefined, patch: readonly Json[], deleted: Json | undefined): Json {
  const source = isList(target) ? target : [];
  const isReplace = patch.some((entry) => isMap(entry) && entry['$patch'] === 'replace');
  if (list.patch === 'replace' || isReplace) {
    return patch.filter((entry) => !(isMap(entry) && entry['$patch'] === 'replace')).map(withoutDirectives);
  }
  if (list.patch === 'set') {
    const gone = isList(deleted) ? deleted : [];
    return [...new Set([...source.filter((entry) => !gone.includes(entry)), ...patch])];
  }
  let result = [...source];
  const key = list.patchKey ?? '';
  for (const entry of patch) {
    const wanted = isMap(entry) ? entry[key] : undefined;
    const index = result.findIndex((one) => isMap(one) && sameJson(one[key], wanted));
    if (isMap(entry) && entry['$patch'] === 'delete') result = result.filter((_, at) => at !== index);
    else if (index < 0) result.push(withoutDirectives(entry));
    else result[index] = strategicPatch(list.element, result[index], entry);
  }
  return result;
}

function withoutDirectives(value: Json): Json {
  if (isList(value)) return value.map(withoutDirectives);
  if (!isMap(value)) return value;
  const result: Record<string, Json> = {};
  for (const [name, below] of Object.entries(value)) {
    if (below !== undefined && below !== null && !name.startsWith('$')) result[name] = withoutDirectives(below);
  }
  return result;
}
