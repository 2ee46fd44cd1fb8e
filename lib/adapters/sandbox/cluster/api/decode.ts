// Reads a created or replaced object as Go would: unknown fields are warned of or refused, wrong types refused.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap, textAt } from '../json.ts';
import { entriesOf, fieldTypeOf, formOf } from '../fields/atom.ts';
import type { MapType, TypeNode } from '../fields/types.ts';
import { typeOf } from '../kinds/catalog.ts';
import { apiVersionOf, type Resource } from '../kinds/resource.ts';
import type { WriteOptions } from './options.ts';
import { badRequest } from './status.ts';

/** The object with kind and version, checked. Warnings are for the user who did not ask for strictness. */
export function decodeObject(
  resource: Resource,
  given: JsonObject,
  { validation }: Pick<WriteOptions, 'validation'>,
): { readonly object: JsonObject; readonly warnings: readonly string[] } {
  const expected = apiVersionOf(resource);
  const kind = textAt(given, 'kind') ?? resource.kind;
  const apiVersion = textAt(given, 'apiVersion') ?? expected;
  const unhandled = (why: string) =>
    badRequest(
      `${kind} in version "${apiVersion.slice(apiVersion.indexOf('/') + 1)}" cannot be handled as a ${resource.kind}: ${why}`,
    );
  if (apiVersion !== expected) {
    throw unhandled(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`,
    );
  }
  if (kind !== resource.kind) {
    const internal = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '');
    throw unhandled(`converting (${resource.version}.${kind}) to (${internal}.${resource.kind}): unknown conversion`);
  }
  const object = { ...given, kind, apiVersion };
  const encoding = base64Problem(object);
  if (encoding !== undefined) throw unhandled(encoding);
  const walk: Walk = { unknown: [], mismatch: undefined };
  visit(walk, typeOf(resource), object, { path: '', struct: resource.kind });
  // A custom object of the wrong shape is a matter of its schema, not of Go's types.
  if (walk.mismatch !== undefined && resource.definition === undefined) throw unhandled(walk.mismatch);
  if (walk.unknown.length === 0 || validation === 'Ignore') return { object, warnings: [] };
  const unknown = resource.definition === undefined ? walk.unknown : walk.unknown.sort();
  const texts = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (validation === 'Strict') throw unhandled(`strict decoding error: ${texts.join(', ')}`);
  return { object, warnings: texts };
}

interface Walk {
  readonly unknown: string[];
  mismatch: string | undefined;
}

interface Place {
  readonly path: string;
  /** The Go struct that the field is in. */
  readonly struct: string;
}

function visit(walk: Walk, type: TypeNode, value: Json, place: Place): void {
  if (value === null) return;
  const form = formOf(type, value);
  if (form === 'map' && type.map !== undefined) {
    if (isMap(value)) visitMap(walk, type, type.map, value, place);
    else walk.mismatch ??= mismatch(value, goType(type), place);
  } else if (form === 'list' && type.list !== undefined) {
    if (!isList(value)) walk.mismatch ??= mismatch(value, goType(type), place);
    else
      for (const [index, entry] of value.entries())
        visit(walk, type.list.element, entry, { ...place, path: `${place.path}[${index}]` });
  } else if (!fits(type, value)) walk.mismatch ??= mismatch(value, goType(type), place);
}

function visitMap(walk: Walk, type: TypeNode, map: MapType, value: JsonObject, place: Place): void {
  const struct = type.name?.split('.').at(-1) ?? place.struct;
  for (const [name, below] of entriesOf(value)) {
    const at = place.path === '' ? name : `${place.path}.${name}`;
    const field = fieldTypeOf(map, name);
    if (field === undefined) walk.unknown.push(at);
    // Go names no keys of a map, only the field that holds it.
    else visit(walk, field, below, { path: map.fields.has(name) ? at : place.path, struct });
  }
}

function fits(type: TypeNode, value: Json): boolean {
  if (type.scalar === 'untyped' || type.scalar === undefined) return true;
  return typeof value === type.scalar;
}

function goType(type: TypeNode): string {
  if (type.scalar === 'number') return 'int32';
  if (type.scalar === 'boolean') return 'bool';
  if (type.scalar !== undefined) return 'string';
  if (type.list !== undefined) return `[]${goType(type.list.element)}`;
  if (type.name !== undefined) return type.name.split('.').slice(-2).join('.');
  return `map[string]${type.map?.element === undefined ? 'string' : goType(type.map.element)}`;
}

function mismatch(value: Json, wanted: string, { path, struct }: Place): string {
  const found = isList(value) ? 'array' : isMap(value) ? 'object' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${found} into Go struct field ${struct}.${path.replaceAll(/\[\d+\]/g, '')} of type ${wanted}`;
}

/** Bytes are base64 in JSON; Go refuses what is not. */
export function base64Problem(object: JsonObject): string | undefined {
  const field = { Secret: 'data', ConfigMap: 'binaryData' }[textAt(object, 'kind') ?? ''];
  if (field === undefined || object['apiVersion'] !== 'v1') return undefined;
  for (const [, value] of entriesOf(object[field])) {
    if (typeof value !== 'string') continue;
    const text = value.replaceAll(/[\r\n]/g, '');
    if (/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) continue;
    const bad = text.search(/[^A-Za-z0-9+/]/);
    return `illegal base64 data at input byte ${bad < 0 ? text.length - (text.length % 4) : bad}`;
  }
  return undefined;
}
