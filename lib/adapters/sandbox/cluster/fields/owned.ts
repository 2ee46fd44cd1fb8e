// Which fields an object states: the set that an applier owns.
import type { Json } from '../../../../core/json.ts';
import { isList, isMap } from '../json.ts';
import { entriesOf, fieldTypeOf, formOf, knownElement } from './atom.ts';
import { type Element, fieldElement } from './element.ts';
import { type FieldPath, FieldSet } from './field-set.ts';
import type { ListType, MapType, TypeNode } from './types.ts';

/** The field set of a validated object. */
export function fieldsOf(type: TypeNode, value: Json): FieldSet {
  const set = new FieldSet();
  visit(set, type, value, []);
  return set;
}

function visit(set: FieldSet, type: TypeNode, value: Json, path: FieldPath): void {
  const form = formOf(type, value);
  if (form === 'scalar') set.insert(path);
  else if (form === 'list' && type.list !== undefined) visitList(set, type.list, value, path);
  else if (form === 'map' && type.map !== undefined) visitMap(set, type.map, value, path);
}

function visitList(set: FieldSet, list: ListType, value: Json, path: FieldPath): void {
  if (list.atomic) {
    set.insert(path);
    return;
  }
  if (!isList(value)) return;
  const counts = new Map<Element, number>();
  const entries = value.map((entry) => ({ entry, element: knownElement(list, entry) }));
  for (const { element } of entries) counts.set(element, (counts.get(element) ?? 0) + 1);
  for (const { entry, element } of entries) {
    const at = [...path, element];
    // Entries that share a key are owned together, as one.
    if (counts.get(element) === 1) visit(set, list.element, entry, at);
    set.insert(at);
  }
}

function visitMap(set: FieldSet, map: MapType, value: Json, path: FieldPath): void {
  if (map.atomic) {
    set.insert(path);
    return;
  }
  for (const [name, below] of entriesOf(value)) {
    const type = fieldTypeOf(map, name);
    if (type === undefined) continue;
    const at = [...path, fieldElement(name)];
    visit(set, type, below, at);
    const isEmpty = below === null || (isMap(below) && entriesOf(below).length === 0);
    if (isEmpty || !map.fields.has(name)) set.insert(at);
  }
}
