// What an object looks like after the server has read it into its Go types and filled in defaults: unknown fields gone, empty ones left out or
// written as zero, quantities in one spelling.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap } from '../json.ts';
import type { FieldType, TypeNode } from '../fields/types.ts';
import { DecodeProblem } from './decode-problem.ts';
import { fillDefaults } from './defaults.ts';
import { canonicalQuantity } from './quantity.ts';

/** The stored form of an object of a built-in type. Parts that are already in that form are the same values. */
export function normalizeObject(type: TypeNode, object: JsonObject): JsonObject {
  const result = normalize(type, object, true);
  return isMap(result) ? result : {};
}

/** What Go holds before anything is said: the object that a created one is compared with. */
export function zeroObject(type: TypeNode): JsonObject {
  const known = zeroObjects.get(type);
  if (known !== undefined) return known;
  const result = normalize(type, {}, false);
  const zero = isMap(result) ? result : {};
  zeroObjects.set(type, zero);
  return zero;
}

const zeroObjects = new WeakMap<TypeNode, JsonObject>();

function normalize(type: TypeNode, value: Json, fill: boolean): Json {
  if (type.name === 'api.resource.Quantity') return quantity(value);
  if (isMap(value) && type.map !== undefined) {
    return type.map.element === undefined
      ? normalizeStruct(type, value, fill)
      : normalizeEntries(type.map.element, value, fill);
  }
  if (isList(value) && type.list !== undefined) return normalizeList(type.list.element, value, fill);
  return value;
}

function quantity(value: Json): Json {
  const canonical = canonicalQuantity(value);
  if (canonical !== undefined) return canonical;
  throw new DecodeProblem(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  );
}

function normalizeEntries(element: TypeNode, value: JsonObject, fill: boolean): JsonObject {
  // Values without a type are kept as they are.
  if (element.name === undefined && element.map === undefined && element.list === undefined) return value;
  const result: Record<string, Json> = {};
  let changed = false;
  for (const [name, below] of Object.entries(value)) {
    if (below === undefined) continue;
    const after = normalize(element, below, fill);
    if (after !== below) changed = true;
    result[name] = after;
  }
  return changed ? result : value;
}

function normalizeList(element: TypeNode, value: readonly Json[], fill: boolean): Json {
  if (element.map === undefined && element.name === undefined) return value;
  const result = value.map((entry) => normalize(element, entry ?? {}, fill));
  return result.every((entry, index) => entry === value[index]) ? value : result;
}

function normalizeStruct(type: TypeNode, given: JsonObject, fill: boolean): JsonObject {
  const value = fill ? fillDefaults(type.name, given) : given;
  const result: Record<string, Json> = {};
  let changed = value !== given;
  for (const [name, field] of type.map?.fields ?? []) {
    const before = value[name];
    const after = normalizeField(field, before, fill);
    if (after !== before) changed = true;
    if (after !== undefined) result[name] = after;
  }
  if (!changed && Object.keys(given).length === Object.keys(result).length) return given;
  return result;
}

function normalizeField(field: FieldType, value: Json | undefined, fill: boolean): Json | undefined {
  if (value === undefined || value === null) {
    if (!field.isStruct) return field.zero;
    return normalize(field.type, {}, fill);
  }
  if (field.presence === '?' && isOmitted(value, field)) return undefined;
  return normalize(field.type, value, fill);
}

/** Whether Go leaves a value out of a field that is marked to be left out when empty. Structs are never empty to Go. */
function isOmitted(value: Json, field: FieldType): boolean {
  if (value === '' || value === 0 || value === false) return field.type.name !== 'util.intstr.IntOrString';
  if (isList(value)) return value.length === 0;
  return isMap(value) && !field.isStruct && Object.keys(value).length === 0;
}
