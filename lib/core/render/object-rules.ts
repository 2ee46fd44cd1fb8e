// What an object must be before it may become desired state; the rules that need no cluster to judge.
import { isObject, type Json, type JsonObject } from '../json.ts';
import { appLabel, installationLabel, ownerAnnotation } from '../kubernetes/marks.ts';
import { shown } from '../source/path.ts';

export interface ObjectFault {
  readonly code: string;
  readonly message: string;
  /** The mapping it is about, for a more precise place. */
  readonly part?: Json;
}

/**
 * Fields that only a server writes. Copied from a live object they would make every apply fail or, as owner references,
 * let the garbage collector delete the object. `creationTimestamp`, `generation` and `status` do no harm and stay as written.
 */
const serverFields = [
  'managedFields',
  'resourceVersion',
  'uid',
  'ownerReferences',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
];

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** All that is wrong with an object; empty when it may be used. */
export function objectFaults(object: JsonObject, isHook: boolean): readonly ObjectFault[] {
  const faults: ObjectFault[] = [...typeFaults(object)];
  const what = describe(object);
  const metadata = object['metadata'];
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    return [...faults, { code: 'ManifestMetadata', message: `metadata of ${what} must be a mapping` }];
  }
  const meta = isObject(metadata) ? metadata : {};
  faults.push(...nameFaults(meta, what, isHook), ...namespaceFaults(meta, what));
  for (const field of serverFields) {
    const value = meta[field];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    faults.push({
      code: 'ManifestServerField',
      message: `metadata.${field} of ${what} is written by the cluster; remove it`,
      part: meta,
    });
  }
  faults.push(
    ...textMapFaults(meta, 'labels', what),
    ...textMapFaults(meta, 'annotations', what),
    ...forgedMarks(meta, what),
  );
  return faults;
}

/** `Deployment/web`, as far as it can be read. */
function describe(object: JsonObject): string {
  const kind = typeof object['kind'] === 'string' && object['kind'] !== '' ? shown(object['kind'], 80) : 'an object';
  const metadata = object['metadata'];
  const name = isObject(metadata) ? metadata['name'] : undefined;
  return typeof name === 'string' && name !== '' ? `${kind}/${shown(name, 80)}` : kind;
}

function typeFaults(object: JsonObject): readonly ObjectFault[] {
  const { apiVersion, kind } = object;
  const faults: ObjectFault[] = [];
  if (typeof apiVersion !== 'string' || !/^(?:[^/\s]+\/)?[^/\s]+$/.test(apiVersion)) {
    faults.push({ code: 'ManifestApiVersion', message: `${describe(object)} has no apiVersion${hint(object)}` });
  }
  if (typeof kind !== 'string' || !/^\w+$/.test(kind)) {
    faults.push({ code: 'ManifestKind', message: `${describe(object)} has no kind${hint(object)}` });
  }
  return faults;
}

/** Files that are no manifests at all are the usual reason. */
const hint = (object: JsonObject): string =>
  object['apiVersion'] === undefined && object['kind'] === undefined
    ? '; if this file is no manifest, name it under "exclude"'
    : '';

function nameFaults(meta: JsonObject, what: string, isHook: boolean): readonly ObjectFault[] {
  const { name, generateName } = meta;
  const fault = (code: string, message: string): readonly ObjectFault[] => [{ code, message, part: meta }];
  if (name === undefined || name === null || name === '') {
    if (typeof generateName !== 'string' || generateName === '') {
      return fault('ManifestName', `${what} has no metadata.name`);
    }
    if (isHook) return [];
    return fault('ManifestGenerateName', `${what} has generateName: every run would make another one; give it a name`);
  }
  if (typeof name !== 'string') {
    return fault(
      'ManifestName',
      `metadata.name of ${what} must be text, not ${JSON.stringify(name).slice(0, 40)}; quote it`,
    );
  }
  const bad = name.length > 253 || name === '.' || name === '..' || /[/%\s]|\p{Cc}/u.test(name);
  return bad ? fault('ManifestName', `"${shown(name, 80)}" cannot be the name of an object`) : [];
}

function namespaceFaults(meta: JsonObject, what: string): readonly ObjectFault[] {
  const { namespace } = meta;
  if (namespace === undefined || namespace === null || namespace === '') return [];
  if (typeof namespace === 'string' && dnsLabel.test(namespace)) return [];
  const shownText =
    typeof namespace === 'string' ? `"${shown(namespace, 80)}"` : JSON.stringify(namespace).slice(0, 40);
  return [{ code: 'ManifestNamespace', message: `${shownText} cannot be the namespace of ${what}`, part: meta }];
}

function textMapFaults(meta: JsonObject, field: string, what: string): readonly ObjectFault[] {
  const map = meta[field];
  if (map === undefined || map === null) return [];
  if (!isObject(map))
    return [{ code: 'ManifestMetadata', message: `metadata.${field} of ${what} must be a mapping`, part: meta }];
  return Object.entries(map)
    .filter(([, value]) => typeof value !== 'string' && value !== null)
    .map(([key, value]) => ({
      code: 'ManifestMetadata',
      message: `metadata.${field} of ${what}: "${shown(key, 80)}" must be text, not ${JSON.stringify(value).slice(0, 40)}; quote it`,
      part: map,
    }));
}

/** Marks say which objects Holdfast may change and delete; only Holdfast writes them. */
function forgedMarks(meta: JsonObject, what: string): readonly ObjectFault[] {
  return ['labels', 'annotations'].flatMap((field) => {
    const map = meta[field];
    if (!isObject(map)) return [];
    return [appLabel, installationLabel, ownerAnnotation]
      .filter((key) => Object.hasOwn(map, key))
      .map((key) => ({
        code: 'ManifestForgedMark',
        message: `${what} carries ${key}, which only Holdfast writes; remove it`,
        part: map,
      }));
  });
}
