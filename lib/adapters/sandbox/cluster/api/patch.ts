// The three plain patch formats: JSON patch, merge patch, strategic merge patch. Each gives a new object and changes nothing.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap, sameJson } from '../json.ts';
import { fieldTypeOf } from '../fields/atom.ts';
import type { ListType, TypeNode } from '../fields/types.ts';
import { badRequest, unprocessable } from './status.ts';

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

/**
 * RFC 6902, with the server's two leniencies: `replace` and `remove` of a member that is not there do not fail. What else does not apply is a
 * 422 without an explanation.
 */
export function jsonPatch(target: JsonObject, patch: Json): JsonObject {
  if (!isList(patch)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
  }
  let result: Json = target;
  for (const operation of patch) result = operate(result, isMap(operation) ? operation : {});
  return isMap(result) ? result : {};
}

function operate(target: Json, operation: JsonObject): Json {
  const path = pointer(operation['path']);
  const value = operation['value'] ?? null;
  switch (operation['op']) {
    case 'add':
      return edit(target, path, value, 'add');
    case 'replace':
      return edit(target, path, value, 'replace');
    case 'remove':
      return edit(target, path, null, 'remove');
    case 'test':
      if (!sameJson(read(target, path) ?? null, value)) throw unprocessable();
      return target;
    case 'copy':
    case 'move': {
      const from = pointer(operation['from']);
      const moved = read(target, from);
      if (moved === undefined) throw unprocessable();
      const without = operation['op'] === 'move' ? edit(target, from, null, 'remove') : target;
      return edit(without, path, moved, 'add');
    }
    default:
      throw unprocessable();
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

function edit(target: Json | undefined, path: readonly string[], value: Json, kind: Edit): Json {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (isList(target)) return editList(target, head, rest, { value, kind });
  if (!isMap(target)) throw unprocessable();
  if (rest.length > 0) {
    if (target[head] === undefined) throw unprocessable();
    return { ...target, [head]: edit(target[head], rest, value, kind) };
  }
  if (kind !== 'remove') return { ...target, [head]: value };
  const { [head]: _gone, ...others } = target;
  return others;
}

function editList(
  target: readonly Json[],
  head: string,
  rest: readonly string[],
  { value, kind }: { value: Json; kind: Edit },
): Json {
  const index = head === '-' ? target.length : Number(head);
  const entry = target[index];
  if (rest.length > 0) {
    if (entry === undefined) throw unprocessable();
    return target.with(index, edit(entry, rest, value, kind));
  }
  const isThere = entry !== undefined || (kind === 'add' && index === target.length);
  if (!Number.isInteger(index) || !isThere) throw unprocessable();
  if (kind === 'replace') return target.with(index, value);
  return kind === 'add' ? target.toSpliced(index, 0, value) : target.toSpliced(index, 1);
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
  dropFromSets(result, patch);
  return result;
}

/** `$deleteFromPrimitiveList/NAME` without a list of that name beside it. */
function dropFromSets(result: Record<string, Json | undefined>, patch: JsonObject): void {
  for (const [directive, values] of Object.entries(patch)) {
    const name = /^\$deleteFromPrimitiveList\/(.*)$/.exec(directive)?.[1];
    if (name === undefined || patch[name] !== undefined || !isList(values)) continue;
    const list = result[name];
    result[name] = (isList(list) ? list : []).filter((entry) => !values.includes(entry));
  }
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
