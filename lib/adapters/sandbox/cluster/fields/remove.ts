// Takes fields out of an object: what an applier no longer states and nobody else owns.
import type { Json } from '../../../../core/json.ts';
import { asList, asMap, fieldTypeOf, formOf, knownElement } from './atom.ts';
import { fieldElement } from './element.ts';
import type { FieldSet } from './field-set.ts';
import type { ListType, MapType, TypeNode } from './types.ts';

/**
 * The value without the given fields. An object or keyed list that loses its last entry becomes null, one that is a single value is left out
 * when something inside it is to go.
 */
export function removeFields(type: TypeNode, value: Json, fields: FieldSet): Json {
  if (fields.isEmpty) return value;
  const form = formOf(type, value);
  if (form === 'map' && type.map !== undefined) return removeFromMap(type.map, value, fields);
  if (form === 'list' && type.list !== undefined) return removeFromList(type.list, value, fields);
  return value;
}

function removeFromMap(map: MapType, value: Json, fields: FieldSet): Json {
  const source = asMap(value);
  if (source === undefined || map.atomic) return null;
  const result: Record<string, Json> = {};
  for (const [name, below] of Object.entries(source)) {
    const element = fieldElement(name);
    if (below === undefined || fields.members.has(element)) continue;
    const child = fields.children.get(element);
    const type = fieldTypeOf(map, name);
    result[name] = child === undefined || type === undefined ? below : removeFields(type, below, child);
  }
  return Object.keys(result).length === 0 ? null : result;
}

function removeFromList(list: ListType, value: Json, fields: FieldSet): Json {
  const source = asList(value);
  if (source === undefined || list.atomic) return null;
  const result: Json[] = [];
  for (const entry of source) {
    const element = knownElement(list, entry);
    if (fields.members.has(element)) continue;
    const child = fields.children.get(element);
    result.push(child === undefined ? entry : removeFields(list.element, entry, child));
  }
  return result.length === 0 ? null : result;
}
