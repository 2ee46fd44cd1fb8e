// JSON values as the cluster keeps them: immutable by convention, so that unchanged parts are shared between versions of an object.

import type { Json, JsonObject } from '../../../core/json.ts';

/** Whether a value is a JSON object (not a list, not null). */
export function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a JSON list. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object at a path of field names, or an empty one. */
export function mapAt(value: Json | undefined, ...path: string[]): JsonObject {
  const found = at(value, ...path);
  return isMap(found) ? found : {};
}

/** The list at a path of field names, or an empty one. */
export function listAt(value: Json | undefined, ...path: string[]): readonly Json[] {
  const found = at(value, ...path);
  return isList(found) ? found : [];
}

/** The string at a path of field names, or `undefined`. */
export function textAt(value: Json | undefined, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The number at a path of field names, or `undefined`. */
export function numberAt(value: Json | undefined, ...path: string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

/** The value at a path of field names. */
export function at(value: Json | undefined, ...path: string[]): Json | undefined {
  let current: Json | undefined = value;
  for (const name of path) {
    if (!isMap(current)) return undefined;
    current = current[name];
  }
  return current;
}

/** A copy with the value at the path set, or removed when it is `undefined`. Missing objects on the way are made. */
export function withValue(value: JsonObject, path: readonly string[], replacement: Json | undefined): JsonObject {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  const below = value[head];
  const next = rest.length === 0 ? replacement : withValue(isMap(below) ? below : {}, rest, replacement);
  if (next === undefined) {
    const { [head]: _gone, ...others } = value;
    return others;
  }
  return { ...value, [head]: next };
}

/** Equality of two JSON values; the order of object keys does not matter, `undefined` equals "not there". */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) {
    return isList(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index]));
  }
  if (!isMap(a) || !isMap(b)) return false;
  const keys = Object.keys(a).filter((key) => a[key] !== undefined);
  const others = Object.keys(b).filter((key) => b[key] !== undefined);
  return keys.length === others.length && keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key], b[key]));
}
