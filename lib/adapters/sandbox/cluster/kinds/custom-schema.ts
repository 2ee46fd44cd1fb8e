// Custom resources by the schema of their definition: how they merge, what is pruned and filled in.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap, listAt, mapAt } from '../json.ts';
import { fieldTypeOf } from '../fields/atom.ts';
import {
  DEDUCED,
  type FieldType,
  type ListType,
  type MapType,
  type ScalarType,
  type TypeNode,
} from '../fields/types.ts';
import { normalizeObject } from './normalize.ts';
import { namedType } from './schema.ts';

const known = new WeakMap<JsonObject, TypeNode>();

/** The type of the objects that a schema describes. */
export function customType(schema: JsonObject): TypeNode {
  const made = known.get(schema) ?? rootType(schema);
  known.set(schema, made);
  return made;
}

function rootType(schema: JsonObject): TypeNode {
  const root = typeOfSchema(schema, false);
  return { ...root, map: withObjectFields(root.map) };
}

/** Every object has kind, version and metadata, whatever its schema says. */
function withObjectFields(map: MapType | undefined): MapType {
  const text = field({ scalar: 'string' });
  const own = [...(map?.fields ?? [])];
  const metadata = field(namedType('meta.v1.ObjectMeta'));
  const fields = new Map<string, FieldType>([...own, ['apiVersion', text], ['kind', text], ['metadata', metadata]]);
  return { atomic: false, fields, element: map === undefined ? DEDUCED : map.element };
}

function field(type: TypeNode, filled?: Json): FieldType {
  return { type, presence: '*', numbers: [], isStruct: false, zero: undefined, default: filled };
}

const SCALARS: Readonly<Record<string, ScalarType>> = { integer: 'number', number: 'number', boolean: 'boolean' };

function typeOfSchema(schema: JsonObject, inherited: boolean): TypeNode {
  const preserves = inherited || schema['x-kubernetes-preserve-unknown-fields'] === true;
  switch (schema['type']) {
    case 'object':
      return { map: mapOf(schema, preserves) };
    case 'array':
      return { list: listOf(schema, preserves) };
    case 'integer':
    case 'number':
    case 'boolean':
      return { scalar: SCALARS[schema['type']] ?? 'untyped' };
    case 'string':
      return { scalar: schema['format'] === undefined || schema['format'] === 'byte' ? 'string' : 'untyped' };
    default:
      return { scalar: 'untyped', list: listOf(schema, preserves), map: mapOf(schema, preserves) };
  }
}

function mapOf(schema: JsonObject, preserves: boolean): MapType {
  const fields = new Map<string, FieldType>();
  for (const [name, member] of Object.entries(mapAt(schema, 'properties'))) {
    if (isMap(member)) fields.set(name, field(typeOfSchema(member, preserves), member['default']));
  }
  const map: MapType = {
    atomic: schema['x-kubernetes-map-type'] === 'atomic',
    fields,
    element: elementOf(schema, preserves, fields.size === 0),
  };
  return schema['x-kubernetes-embedded-resource'] === true ? withObjectFields(map) : map;
}

function elementOf(schema: JsonObject, preserves: boolean, isFree: boolean): TypeNode | undefined {
  const values = schema['additionalProperties'];
  if (isMap(values)) return typeOfSchema(values, preserves);
  if (values === true || (values === undefined && (preserves || isFree))) return DEDUCED;
  return undefined;
}

function listOf(schema: JsonObject, preserves: boolean): ListType {
  const items = schema['items'];
  const kind = schema['x-kubernetes-list-type'];
  const keys = listAt(schema, 'x-kubernetes-list-map-keys').filter((key) => typeof key === 'string');
  return {
    atomic: kind !== 'map' && kind !== 'set',
    keys: kind === 'map' ? keys : [],
    element: isMap(items) ? typeOfSchema(items, preserves) : DEDUCED,
    patch: 'replace',
    patchKey: undefined,
  };
}

/** The stored form of a custom object: what its schema does not know is gone, its defaults are filled in. */
export function customForm(type: TypeNode, object: JsonObject): JsonObject {
  const metadata = normalizeObject(namedType('meta.v1.ObjectMeta'), mapAt(object, 'metadata'));
  const shaped = shape(type, { ...object, metadata: {} });
  return { ...(isMap(shaped) ? shaped : {}), metadata };
}

function shape(type: TypeNode, value: Json): Json {
  if (isList(value) && type.list !== undefined) {
    const { element } = type.list;
    return value.map((entry) => shape(element, entry));
  }
  if (!isMap(value) || type.map === undefined || type === DEDUCED) return value;
  const result: Record<string, Json> = {};
  for (const [name, below] of Object.entries(value)) {
    const child = fieldTypeOf(type.map, name);
    if (below !== undefined && child !== undefined) result[name] = shape(child, below);
  }
  for (const [name, declared] of type.map.fields) {
    if (result[name] === undefined && declared.default !== undefined)
      result[name] = shape(declared.type, declared.default);
  }
  return result;
}
