// The differences between two JSON values, field by field, with paths that people can read. Raw: mask before anyone sees them.
import { canonicalJson, isObject, type Json, type JsonObject } from '../json.ts';
import type { FieldChange } from './model.ts';

/** Keys that name the items of a list at a path (field names only, no list items), when a schema tells. */
export type MergeKeys = (path: readonly string[]) => readonly string[] | undefined;

/** Keys of the built-in kinds' lists that are named by something else than `name`; the first set that fits is used. */
const knownKeys: Readonly<Record<string, readonly (readonly string[])[]>> = {
  ports: [
    ['containerPort', 'protocol'],
    ['port', 'protocol'],
  ],
  volumeMounts: [['mountPath']],
  volumeDevices: [['devicePath']],
  topologySpreadConstraints: [['topologyKey', 'whenUnsatisfiable']],
  hostAliases: [['ip']],
  ownerReferences: [['uid']],
  conditions: [['type']],
};
/** Keys that name items of any list. */
const usualKeys = ['name', 'key', 'Key', 'Name', 'id', 'Id', 'Sid'].map((key) => [key]);

interface Walk {
  readonly changes: FieldChange[];
  readonly mergeKeys: MergeKeys;
}

interface Place {
  /** As it is printed. */
  readonly text: string;
  /** Names of the fields on the way. */
  readonly names: readonly string[];
}

const root: Place = { text: '', names: [] };

/**
 * Field differences from `before` to `after`, in a stable order (keys by code unit, list items in their order). An absent side is
 * told field by field at the top, without the fields that only say which object it is. Lists of plain values are one field.
 */
export function diffFields(
  before: Json | undefined,
  after: Json | undefined,
  mergeKeys: MergeKeys = () => undefined,
): readonly FieldChange[] {
  const walk: Walk = { changes: [], mergeKeys };
  if (before === undefined && isObject(after)) compare({}, withoutIdentity(after), { place: root, walk });
  else if (after === undefined && isObject(before)) compare(withoutIdentity(before), {}, { place: root, walk });
  else compare(before, after, { place: root, walk });
  return walk.changes;
}

/** A Kubernetes object without the fields that its subject already tells. */
function withoutIdentity(value: JsonObject): JsonObject {
  if (typeof value['apiVersion'] !== 'string' || typeof value['kind'] !== 'string') return value;
  const { apiVersion: _, kind: __, metadata, ...rest } = value;
  if (!isObject(metadata)) return rest;
  const { name: _name, namespace: _namespace, ...marks } = metadata;
  return Object.keys(marks).length === 0 ? rest : { metadata: marks, ...rest };
}

interface At {
  readonly place: Place;
  readonly walk: Walk;
}

function compare(before: Json | undefined, after: Json | undefined, { place, walk }: At): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      compare(before[key], after[key], { place: field(place, key), walk });
    }
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) return compareLists(before, after, { place, walk });
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) return;
  walk.changes.push(fieldChange(place.text, before, after));
}

function fieldChange(path: string, before: Json | undefined, after: Json | undefined): FieldChange {
  return { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function compareLists(before: readonly Json[], after: readonly Json[], { place, walk }: At): void {
  if (canonicalJson(before) === canonicalJson(after)) return;
  if (before.length === 0 || after.length === 0 || [...before, ...after].every((item) => isScalar(item))) {
    walk.changes.push(fieldChange(place.text, before, after));
    return;
  }
  const keys = keysFor(before, after, { place, walk });
  if (keys === undefined) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      compare(before[index], after[index], { place: item(place, String(index)), walk });
    }
    return;
  }
  const old = new Map(before.map((value) => [selector(value, keys) ?? '', value]));
  const fresh = new Map(after.map((value) => [selector(value, keys) ?? '', value]));
  const known = walk.changes.length;
  for (const [name, value] of old) compare(value, fresh.get(name), { place: item(place, name), walk });
  for (const [name, value] of fresh) if (!old.has(name)) compare(undefined, value, { place: item(place, name), walk });
  // The same items in another order: nothing else would show it.
  if (walk.changes.length === known)
    walk.changes.push(fieldChange(`${place.text}[order]`, [...old.keys()], [...fresh.keys()]));
}

function isScalar(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

/** The keys by which items of both lists are told apart, or undefined when only their order does. */
function keysFor(before: readonly Json[], after: readonly Json[], { place, walk }: At): readonly string[] | undefined {
  const told = walk.mergeKeys(place.names);
  const candidates = told === undefined ? [...(knownKeys[place.names.at(-1) ?? ''] ?? []), ...usualKeys] : [told];
  return candidates.find((keys) => isUnique(before, keys) && isUnique(after, keys));
}

function isUnique(items: readonly Json[], keys: readonly string[]): boolean {
  const selectors = items.map((value) => selector(value, keys));
  return !selectors.includes(undefined) && new Set(selectors).size === items.length;
}

/** `name=web` of an item; undefined when it has not the keys. Ports without protocol are TCP, as the API server reads them. */
function selector(value: Json, keys: readonly string[]): string | undefined {
  if (!isObject(value)) return undefined;
  const parts: string[] = [];
  for (const key of keys) {
    const part = value[key] ?? (key === 'protocol' ? 'TCP' : undefined);
    if (typeof part !== 'string' && typeof part !== 'number') return undefined;
    parts.push(`${key}=${part}`);
  }
  return parts.join(',');
}

function field({ text, names }: Place, key: string): Place {
  return { text: text === '' ? key : `${text}.${key}`, names: [...names, key] };
}

function item({ text, names }: Place, name: string): Place {
  return { text: `${text}[${name}]`, names };
}
