// Which fields differ between two versions of an object, as field sets.
import type { Json } from '../../../../core/json.ts';
import { sameJson } from '../json.ts';
import { asList, asMap, fieldTypeOf, formOf, knownElement } from './atom.ts';
import { type Element, fieldElement } from './element.ts';
import { type FieldPath, FieldSet } from './field-set.ts';
import type { ListType, MapType, TypeNode } from './types.ts';

/** The fields that a change touches. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares two values of a type. */
export function compareObjects(type: TypeNode, before: Json, after: Json): Comparison {
  const result = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  if (before !== after) compare(result, type, before, after, []);
  return result;
}

function compare(
  into: Comparison,
  type: TypeNode,
  before: Json | undefined,
  after: Json | undefined,
  path: FieldPath,
): void {
  if (before === after) return;
  const isLeaf = descend(into, type, [before, after], path);
  if (before === undefined) into.added.insert(path);
  else if (after === undefined) into.removed.insert(path);
  else if (isLeaf && !sameJson(before, after)) into.modified.insert(path);
}

/** Goes into objects and keyed lists; true when the value is one value and was not gone into. */
function descend(into: Comparison, type: TypeNode, pair: Pair, path: FieldPath): boolean {
  const [before, after] = pair;
  const form = formOf(type, after ?? before);
  const isPresent = before !== undefined && before !== null && after !== undefined && after !== null;
  if (isPresent && formOf(type, before) !== form) return true;
  if (form === 'map' && type.map !== undefined) return compareMaps(into, type.map, pair, path);
  if (form === 'list' && type.list !== undefined) return compareLists(into, type.list, pair, path);
  return true;
}

type Pair = readonly [before: Json | undefined, after: Json | undefined];

function compareMaps(into: Comparison, map: MapType, [before, after]: Pair, path: FieldPath): boolean {
  const left = asMap(before) ?? {};
  const right = asMap(after) ?? {};
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  if (map.atomic || names.size === 0) return true;
  for (const name of names) {
    if (left[name] === undefined && right[name] === undefined) continue;
    const type = fieldTypeOf(map, name);
    if (type !== undefined) compare(into, type, left[name], right[name], [...path, fieldElement(name)]);
  }
  return false;
}

function compareLists(into: Comparison, list: ListType, [before, after]: Pair, path: FieldPath): boolean {
  const left = asList(before) ?? [];
  const right = asList(after) ?? [];
  if (list.atomic || (left.length === 0 && right.length === 0)) return true;
  const lefts = group(list, left);
  const rights = group(list, right);
  for (const element of new Set([...lefts.keys(), ...rights.keys()])) {
    compareEntries(into, list, [lefts.get(element) ?? [], rights.get(element) ?? []], [...path, element]);
  }
  return false;
}

/** Entries that share a key are one value: they are compared as a whole, and a key that becomes unique or double is removed or added. */
function compareEntries(
  into: Comparison,
  list: ListType,
  [left, right]: readonly [readonly Json[], readonly Json[]],
  path: FieldPath,
): void {
  if (left.length <= 1 && right.length <= 1) {
    compare(into, list.element, left[0], right[0], path);
  } else if (left.length >= 2 && right.length >= 2) {
    if (!sameJson(left, right)) into.modified.insert(path);
  } else if (left.length >= 2) {
    if (right.length > 0) compare(into, list.element, undefined, right[0], path);
    into.removed.insert(path);
  } else {
    if (left.length > 0) compare(into, list.element, left[0], undefined, path);
    into.added.insert(path);
  }
}

function group(list: ListType, values: readonly Json[]): Map<Element, Json[]> {
  const groups = new Map<Element, Json[]>();
  for (const entry of values) {
    const element = knownElement(list, entry);
    const known = groups.get(element);
    if (known === undefined) groups.set(element, [entry]);
    else known.push(entry);
  }
  return groups;
}
