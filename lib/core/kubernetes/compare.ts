// Live against what the server says it would become: the differences that count, each with the owner of the live value.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { diffFields } from '../plan/diff.ts';
import type { FieldChange } from '../plan/model.ts';
import { displayPath } from './field-path.ts';
import { type ManagedEntry, managedEntries, managedEntry, pathsOf, samePaths } from './managed.ts';
import type { KubeObject } from './object.ts';

// Written by the server, never by us: differences here say nothing about what was asked for.
const ignoredMetadata = [
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

/** An object without status and server-written metadata. */
export function comparable(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object;
  const metadata: Record<string, Json | undefined> = { ...(object.metadata as JsonObject) };
  for (const name of ignoredMetadata) delete metadata[name];
  return { ...rest, apiVersion: object.apiVersion, kind: object.kind, metadata };
}

/** Finds the manager of a live value by its path as people read it. */
export function ownersOf(live: KubeObject, ourManager: string): (path: string) => string | undefined {
  const others = managedEntries(live).filter((entry) => entry.manager !== ourManager);
  let paths: readonly (readonly [string, string])[] | undefined;
  return (path) => {
    paths ??= others.flatMap((entry) =>
      pathsOf(entry.fieldsV1).map((owned) => [displayPath(owned), entry.manager] as const),
    );
    const exact = paths.find(([owned]) => owned === path);
    if (exact !== undefined) return exact[1];
    const near = paths.find(([owned]) => owned !== '' && (isBelow(owned, path) || isBelow(path, owned)));
    return near?.[1];
  };
}

function isBelow(path: string, parent: string): boolean {
  return path.startsWith(parent) && (path[parent.length] === '.' || path[parent.length] === '[');
}

/** The manager that wrote last, when nobody owns the field itself (a removed field has no owner). */
export function lastWriter(live: KubeObject, ourManager: string): string | undefined {
  let last: ManagedEntry | undefined;
  for (const entry of managedEntries(live)) {
    if (entry.manager === ourManager || entry.subresource) continue;
    if (last === undefined || (entry.time ?? '') >= (last.time ?? '')) last = entry;
  }
  return last?.manager;
}

/** Differences from live to predicted, unmasked, with the foreign owner of each live value. Empty = nothing would change. */
export function differences(live: KubeObject, predicted: KubeObject, ourManager: string): readonly FieldChange[] {
  const fields = diffFields(comparable(live), comparable(predicted));
  if (fields.length === 0) return [];
  const owner = ownersOf(live, ourManager);
  return fields.map((field) => {
    const name = owner(field.path);
    return name === undefined ? field : { ...field, owner: name };
  });
}

/** Whether a write would only change who owns fields, not what they say. */
export function ownershipDiffers(live: KubeObject, predicted: KubeObject, ourManager: string): boolean {
  const now = managedEntry(live, ourManager)?.fieldsV1;
  const then = managedEntry(predicted, ourManager)?.fieldsV1;
  return !isObject(now) || !isObject(then) || !samePaths(now, then);
}
