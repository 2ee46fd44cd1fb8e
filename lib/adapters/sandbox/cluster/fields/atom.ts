// How a value meets its type: which form of the type applies, and which path element a list entry has.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap } from '../json.ts';
import { type Element, keyElement, valueElement } from './element.ts';
import type { ListType, MapType, TypeNode } from './types.ts';

/** The form of a type that a value takes. `none` when the type allows nothing, which is a fault of the table. */
export type Form = 'scalar' | 'list' | 'map' | 'none';

/** The form that fits the value; a value that fits none is judged by the type's first form (map, scalar, list), as the server does. */
export function formOf(type: TypeNode, value: Json | undefined): Form {
  if (isScalar(value) && type.scalar !== undefined) return 'scalar';
  if (isList(value) && type.list !== undefined) return 'list';
  if (isMap(value) && type.map !== undefined) return 'map';
  if (type.map !== undefined) return 'map';
  if (type.scalar !== undefined) return 'scalar';
  return type.list === undefined ? 'none' : 'list';
}

/** Whether a value is a string, number or boolean. */
export function isScalar(value: Json | undefined): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** The type of a field of a map, `undefined` when the map declares its fields and this one is not among them. */
export function fieldTypeOf(map: MapType, name: string): TypeNode | undefined {
  return map.fields.get(name)?.type ?? map.element;
}

/** The element of a list entry, or why it has none. */
export function entryElement(list: ListType, entry: Json): Element | { readonly problem: string } {
  if (list.keys.length === 0) return setElement(entry);
  if (entry === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isMap(entry)) return { problem: 'associative list with keys may not have non-map elements' };
  const key: Record<string, Json> = {};
  for (const name of list.keys) {
    const value = Object.hasOwn(entry, name) ? entry[name] : list.element.map?.fields.get(name)?.default;
    if (value !== undefined) key[name] = value;
  }
  if (Object.keys(key).length > 0) return keyElement(key);
  const names = list.keys.map((name) => JSON.stringify(name)).join(' ');
  return {
    problem: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
  };
}

function setElement(entry: Json): Element | { readonly problem: string } {
  if (entry === null) return { problem: "associative list without keys has an element that's an explicit null" };
  if (isMap(entry)) return { problem: "associative list without keys has an element that's a map type" };
  if (isList(entry)) return { problem: 'not supported: associative list with lists as elements' };
  return valueElement(entry);
}

/** The element of an entry of a list that was validated. */
export function knownElement(list: ListType, entry: Json): Element {
  const element = entryElement(list, entry);
  return typeof element === 'string' ? element : valueElement(null);
}

/** The fields of an object; `null` and what is no object count as empty. */
export function entriesOf(value: Json | undefined): readonly (readonly [string, Json])[] {
  if (!isMap(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}

/** The object itself when it is one, so that absent and null read the same. */
export function asMap(value: Json | undefined): JsonObject | undefined {
  return isMap(value) ? value : undefined;
}

/** The list itself when it is one. */
export function asList(value: Json | undefined): readonly Json[] | undefined {
  return isList(value) ? value : undefined;
}
