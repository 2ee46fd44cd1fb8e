// managedFields: who stated which fields of an object. The rules of server-side apply and of plain updates, for one object.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, mapAt, sameJson, textAt, withValue } from '../json.ts';
import { type Comparison, compareObjects } from './compare.ts';
import { fieldElement } from './element.ts';
import { type FieldPath, FieldSet } from './field-set.ts';
import { mergeValues } from './merge.ts';
import { fieldsOf } from './owned.ts';
import { removeFields } from './remove.ts';
import type { TypeNode } from './types.ts';

/** One entry of managedFields. */
export interface Manager {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339 in seconds; an entry has none when its first apply changed nothing. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** A field that another manager has and that would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly path: FieldPath;
}

/** Who writes, and as what. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  /** Empty for the object itself. */
  readonly subresource: string;
  /** RFC 3339 in seconds. */
  readonly time: string | undefined;
  /** Paths that this writer cannot own: the status for a writer of the object, all else for a writer of the status. */
  readonly excluded: FieldSet;
}

/** The object with its new managedFields, or the conflicts that stop it. */
export type ApplyResult = { readonly object: JsonObject } | { readonly conflicts: readonly Conflict[] };

/** The server keeps at most this many entries of plain updates and folds the oldest together. */
const MAX_UPDATE_MANAGERS = 10;

const META = [
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
];

/** What nobody owns. */
const NEVER_OWNED = FieldSet.of(
  [fieldElement('apiVersion')],
  [fieldElement('kind')],
  [fieldElement('metadata')],
  ...META.map((name) => [fieldElement('metadata'), fieldElement(name)]),
);

/** Applies a configuration to the live object (`{}` with type and name when there is none). The configuration was validated. */
export function applyConfiguration(
  type: TypeNode,
  [live, config]: readonly [live: JsonObject, config: JsonObject],
  writer: Writer,
  force: boolean,
): ApplyResult {
  const managers = readManagers(live);
  const self = identify({ ...writer, operation: 'Apply' });
  const last = managers.get(self);
  const stated = fieldsOf(type, config).recursiveDifference(writer.excluded);
  const merged = mergeValues(type, live, config) ?? {};
  managers.set(self, { ...writer, operation: 'Apply', time: last?.time, fields: stated });
  const dropped = last !== undefined && !last.fields.difference(stated).isEmpty;
  const pruned = dropped ? pruneFields(type, merged, last.fields, managers) : merged;
  const object = isMap(pruned) ? pruned : {};
  const comparison = changes(type, live, object, writer);
  const conflicts = releaseFields(comparison, managers, self, force);
  if (conflicts.length > 0) return { conflicts };
  // An apply that changes nothing leaves the time alone, so that it does not count as a write.
  const time = object === live || sameJson(object, live) ? last?.time : writer.time;
  setOwned(managers, self, { ...writer, operation: 'Apply', time, fields: stated.difference(NEVER_OWNED) });
  return { object: withManagers(object, managers) };
}

/** Records a plain write (create, update, patch): the writer owns what it changed, everyone else loses it. */
export function recordUpdate(type: TypeNode, before: JsonObject, after: JsonObject, writer: Writer): JsonObject {
  const managers = startingManagers(before, after, writer.subresource !== '');
  const fresh = withoutManagers(after);
  // Records begin with the creation or the first apply, not in between.
  if (managers.size === 0 && textAt(before, 'metadata', 'uid') !== undefined) return fresh;
  const comparison = changes(type, before, fresh, writer);
  releaseFields(comparison, managers, undefined, true);
  const changed = comparison.modified.union(comparison.added).difference(NEVER_OWNED);
  if (!changed.isEmpty) {
    const self = identify({ ...writer, operation: 'Update' });
    const fields = (managers.get(self)?.fields ?? new FieldSet()).union(changed);
    managers.set(self, { ...writer, operation: 'Update', fields });
  }
  foldOldest(managers);
  return withManagers(fresh, managers);
}

/** What the applier stated before and states no more goes, unless someone else has it. */
function pruneFields(type: TypeNode, merged: Json, last: FieldSet, managers: ReadonlyMap<string, Manager>): Json {
  if (last.isEmpty) return merged;
  const named = (set: FieldSet): FieldSet => set.withNamedFields(type);
  const lastNamed = named(last);
  let pruned = removeFields(type, merged, lastNamed);
  let owned = new FieldSet();
  for (const { fields } of managers.values()) owned = owned.union(fields);
  const mergedFields = named(fieldsOf(type, merged));
  const keep = named(fieldsOf(type, pruned)).union(named(owned));
  pruned = removeFields(type, merged, mergedFields.difference(keep));
  // Only what the applier had may go: what nobody owns stays.
  return removeFields(type, merged, mergedFields.difference(named(fieldsOf(type, pruned))).intersection(lastNamed));
}

/** What a write changes, as far as the writer may. */
function changes(type: TypeNode, before: JsonObject, after: JsonObject, { excluded }: Writer): Comparison {
  const all = compareObjects(type, withoutManagers(before), withoutManagers(after));
  if (excluded.isEmpty) return all;
  return {
    added: all.added.recursiveDifference(excluded),
    modified: all.modified.recursiveDifference(excluded),
    removed: all.removed.recursiveDifference(excluded),
  };
}

/** Takes changed and removed fields from the other managers; without force, changing a field that another has is a conflict. */
function releaseFields(
  { added, modified, removed }: Comparison,
  managers: Map<string, Manager>,
  self: string | undefined,
  force: boolean,
): Conflict[] {
  const changed = modified.union(added);
  if (changed.isEmpty && removed.isEmpty) return [];
  const conflicts: Conflict[] = [];
  for (const [id, manager] of [...managers].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (id === self) continue;
    const taken = manager.fields.intersection(changed);
    if (!force) for (const path of taken.paths()) conflicts.push({ manager, path });
    setOwned(managers, id, { ...manager, fields: manager.fields.difference(taken).difference(removed) });
  }
  return conflicts;
}

function setOwned(managers: Map<string, Manager>, id: string, manager: Manager): void {
  if (manager.fields.isEmpty) managers.delete(id);
  else managers.set(id, manager);
}

/** Update entries beyond the limit: the oldest of one API version become one entry named `ancient-changes`. */
function foldOldest(managers: Map<string, Manager>): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let count = updaters.length;
  if (count <= MAX_UPDATE_MANAGERS) return;
  updaters.sort(([a, one], [b, other]) => compareText(one.time ?? '', other.time ?? '') || compareText(a, b));
  const first = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (count <= MAX_UPDATE_MANAGERS) return;
    const bucket = { ...manager, manager: 'ancient-changes', subresource: '' };
    const bucketId = identify(bucket);
    const oldest = first.get(manager.apiVersion);
    if (oldest === undefined) {
      first.set(manager.apiVersion, id);
      continue;
    }
    const folded = managers.get(bucketId) ?? managers.get(oldest);
    managers.delete(oldest);
    managers.delete(id);
    managers.set(bucketId, { ...bucket, fields: manager.fields.union(folded?.fields ?? new FieldSet()) });
    count--;
  }
}

/** The entries an update starts from: those it sends (a client may drop some), none when it sends an empty list, else the stored ones. */
function startingManagers(before: JsonObject, after: JsonObject, isSubresource: boolean): Map<string, Manager> {
  const sent = isSubresource ? undefined : mapAt(after, 'metadata')['managedFields'];
  if (Array.isArray(sent) && (sent.length === 0 || (sent.length === 1 && sameJson(sent[0], {})))) return new Map();
  const managers = readManagers(after);
  return sent === undefined || managers.size === 0 ? readManagers(before) : managers;
}

const parsed = new WeakMap<object, FieldSet>();

/** The entries of an object, by identity of the writer. */
export function readManagers(object: JsonObject): Map<string, Manager> {
  const managers = new Map<string, Manager>();
  for (const entry of listAt(object, 'metadata', 'managedFields')) {
    const operation = textAt(entry, 'operation');
    if (operation !== 'Apply' && operation !== 'Update') continue;
    const fieldsV1 = mapAt(entry, 'fieldsV1');
    const fields = parsed.get(fieldsV1) ?? FieldSet.fromFieldsV1(fieldsV1);
    parsed.set(fieldsV1, fields);
    const manager: Manager = {
      manager: textAt(entry, 'manager') ?? '',
      operation,
      apiVersion: textAt(entry, 'apiVersion') ?? '',
      subresource: textAt(entry, 'subresource') ?? '',
      time: textAt(entry, 'time'),
      fields,
    };
    managers.set(identify(manager), manager);
  }
  return managers;
}

/** One writer is one entry: an applier by name, an updater by name and version. */
function identify(manager: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  const { operation, apiVersion, subresource } = manager;
  return JSON.stringify({
    manager: manager.manager,
    operation,
    ...(operation === 'Apply' ? {} : { apiVersion }),
    ...(subresource === '' ? {} : { subresource }),
  });
}

function withoutManagers(object: JsonObject): JsonObject {
  return mapAt(object, 'metadata')['managedFields'] === undefined
    ? object
    : withValue(object, ['metadata', 'managedFields'], undefined);
}

function withManagers(object: JsonObject, managers: ReadonlyMap<string, Manager>): JsonObject {
  const entries = [...managers.values()].sort(compareManagers).map(({ fields, time, subresource, ...manager }) => {
    const entry: JsonObject = {
      manager: manager.manager,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(time === undefined ? {} : { time }),
      fieldsType: 'FieldsV1',
      fieldsV1: encoded(fields),
      ...(subresource === '' ? {} : { subresource }),
    };
    return entry;
  });
  return withValue(object, ['metadata', 'managedFields'], entries.length === 0 ? undefined : entries);
}

const written = new WeakMap<FieldSet, JsonObject>();

/** Most sets do not change from write to write: their text is kept, and so is what it was parsed from. */
function encoded(fields: FieldSet): JsonObject {
  const known = written.get(fields);
  if (known !== undefined) return known;
  const fieldsV1 = fields.toFieldsV1();
  written.set(fields, fieldsV1);
  parsed.set(fieldsV1, fields);
  return fieldsV1;
}

function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    compareText(a.time ?? '', b.time ?? '') ||
    compareText(a.manager, b.manager) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
