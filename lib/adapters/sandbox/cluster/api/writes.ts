// Create, replace, patch and apply: how a request becomes a new state of an object.
import { randomBytes, randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../../core/json.ts';
import { listAt, mapAt, numberAt, sameJson, textAt, withValue } from '../json.ts';
import { applyConfiguration, readManagers, recordUpdate, type Writer } from '../fields/managed.ts';
import { problemsText, typeProblems } from '../fields/validate.ts';
import { allocate } from '../kinds/allocate.ts';
import { changesGeneration, excludedFields, isCounted, resetForeignParts } from '../kinds/behavior.ts';
import { typeOf } from '../kinds/catalog.ts';
import { DecodeProblem } from '../kinds/decode-problem.ts';
import { emptyForm, problemsOf, storedForm, zeroForm } from '../kinds/form.ts';
import { apiVersionOf, qualifiedName } from '../kinds/resource.ts';
import { identityProblems, immutableProblems } from '../kinds/immutable.ts';
import type { Stored } from '../store/objects.ts';
import { type Cluster, timestamp } from './cluster.ts';
import { base64Problem } from './decode.ts';
import type { WriteOptions } from './options.ts';
import type { ResourcePath } from './resource-path.ts';
import * as refuse from './status.ts';

/** The answer to a write. */
export interface Written {
  readonly object: JsonObject;
  readonly created: boolean;
}

/** Everything a write needs besides the object. */
export interface WriteRequest {
  readonly cluster: Cluster;
  readonly path: ResourcePath;
  readonly options: WriteOptions;
}

/** POST: makes an object that is not there yet. */
export function createObject(request: WriteRequest, given: JsonObject): Written {
  const { cluster, path } = request;
  const type = typeOf(path.resource);
  checkPlace(path, given);
  let object: JsonObject = { ...given, metadata: { ...mapAt(given, 'metadata'), ...placeOf(path) } };
  if (textAt(object, 'metadata', 'resourceVersion'))
    throw refuse.internal('resourceVersion should not be set on objects to be created');
  const prefix = textAt(object, 'metadata', 'generateName');
  if (!textAt(object, 'metadata', 'name') && prefix !== undefined && prefix !== '') {
    object = withValue(object, ['metadata', 'name'], prefix.slice(0, 58) + randomSuffix());
  }
  const zero = zeroForm(path.resource);
  const prepared = resetForeignParts(path.resource, '', emptyForm(path.resource), decodedForm(request, object));
  checkNamespace(cluster, path, textAt(object, 'metadata', 'name') ?? '');
  return finishCreate(request, recordUpdate(type, zero, prepared, writerOf(request)));
}

/** PATCH with an apply configuration: makes the object or merges into it. */
export function applyObject(request: WriteRequest, config: JsonObject, stored: Stored | undefined): Written {
  const { cluster, path, options } = request;
  const { resource, subresource } = path;
  const type = typeOf(resource);
  checkApplied(path, config);
  const problems = typeProblems(type, config, { allowDuplicates: false });
  if (problems.length > 0) {
    const name = textAt(config, 'metadata', 'name') ?? '';
    const where = `${textAt(config, 'metadata', 'namespace') ?? ''}/${name}; ${gvkText(path)}`;
    throw refuse.internal(`failed to create typed patch object (${where}): ${problemsText(problems)}`);
  }
  if (stored === undefined && subresource !== '') throw refuse.notFound(subjectOf(path));
  const live = stored === undefined ? zeroForm(resource) : liveObject(request, stored);
  const result = applyConfiguration(type, [live, config], writerOf(request), options.force);
  if ('conflicts' in result) throw refuse.applyConflict(result.conflicts);
  const merged = appliedForm(request, result.object);
  checkPlace(path, merged);
  if (stored !== undefined) return finishUpdate(request, stored, merged);
  const uid = textAt(merged, 'metadata', 'uid');
  if (uid !== undefined && uid !== '') {
    throw refuse.conflict(
      subjectOf(path),
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  checkNamespace(cluster, path, path.name);
  const prepared = resetForeignParts(resource, '', emptyForm(resource), merged);
  return finishCreate(request, { ...prepared, metadata: { ...mapAt(prepared, 'metadata'), ...placeOf(path) } });
}

/** PUT and the plain patches: `after` is the whole new object. */
export function updateObject(request: WriteRequest, stored: Stored, after: JsonObject): Written {
  const { path } = request;
  const type = typeOf(path.resource);
  checkPlace(path, after);
  const before = versioned(stored.object, path);
  const normal = decodedForm(request, after);
  // An empty list of managers is a wish to begin anew, and would be lost in the stored form.
  const sent = mapAt(after, 'metadata')['managedFields'];
  const metadata = {
    ...mapAt(normal, 'metadata'),
    ...placeOf(path),
    ...(sent === undefined ? {} : { managedFields: sent }),
  };
  const whole = keepMetadata(before, { ...normal, metadata });
  // The server keeps no record of who scaled a custom object.
  const isUnrecorded = path.subresource === 'scale' && path.resource.definition !== undefined;
  const recorded = isUnrecorded ? whole : recordUpdate(type, before, whole, writerOf(request));
  return finishUpdate(request, stored, recorded);
}

function finishCreate({ cluster, path, options }: WriteRequest, object: JsonObject): Written {
  const { resource } = path;
  const {
    resourceVersion: _version,
    selfLink: _link,
    deletionTimestamp: _deleted,
    ...metadata
  } = mapAt(object, 'metadata');
  const name = textAt(metadata, 'name') ?? '';
  const created = allocate(cluster, resource, {
    ...object,
    metadata: {
      ...metadata,
      uid: randomUUID(),
      creationTimestamp: timestamp(cluster.now()),
      ...(isCounted(resource) ? { generation: 1 } : {}),
    },
  });
  const subject = { resource, name };
  const problems = problemsOf(resource, created);
  if (problems.length > 0) throw refuse.invalid(subject, problems);
  const shelf = qualifiedName(resource);
  if (cluster.store.get(shelf, path.namespace, name) !== undefined) throw refuse.alreadyExists(subject);
  return { object: options.dryRun ? created : cluster.store.put(shelf, created).object, created: true };
}

function finishUpdate({ cluster, path, options }: WriteRequest, stored: Stored, after: JsonObject): Written {
  const { resource, subresource } = path;
  const subject = subjectOf(path);
  const before = versioned(stored.object, path);
  const sent = textAt(after, 'metadata', 'resourceVersion');
  if (sent !== undefined && sent !== '' && sent !== String(stored.version)) throw refuse.staleVersion(subject);
  let object = keepMetadata(before, resetForeignParts(resource, subresource, before, after));
  if (subresource === '') object = allocate(cluster, resource, object, before);
  const counts = subresource !== 'status' && changesGeneration(resource, before, object);
  const generation = (numberAt(before, 'metadata', 'generation') ?? 0) + (counts ? 1 : 0);
  object = withValue(object, ['metadata', 'generation'], generation === 0 ? undefined : generation);
  const problems = [
    ...identityProblems(before, object),
    ...problemsOf(resource, object),
    ...immutableProblems(resource, before, object),
  ];
  if (problems.length > 0) throw refuse.invalid(subject, problems);
  if (isSame(before, object)) return { object: before, created: false };
  object = withValue(object, ['metadata', 'resourceVersion'], String(stored.version));
  if (options.dryRun) return { object, created: false };
  if (isReadyToGo(object)) {
    cluster.store.remove(stored);
    return { object, created: false };
  }
  return { object: cluster.store.put(stored.shelf, object).object, created: false };
}

/** Metadata that only the server writes. */
function keepMetadata(before: JsonObject, after: JsonObject): JsonObject {
  const old = mapAt(before, 'metadata');
  const metadata: Record<string, JsonObject[string]> = { ...mapAt(after, 'metadata') };
  metadata['uid'] ??= old['uid'];
  metadata['creationTimestamp'] ??= old['creationTimestamp'];
  metadata['resourceVersion'] ??= old['resourceVersion'];
  for (const name of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generation']) {
    if (old[name] === undefined) delete metadata[name];
    else metadata[name] = old[name];
  }
  return { ...after, metadata };
}

/** Nothing changed, or nothing but the times of managers: that is no write. */
function isSame(before: JsonObject, after: JsonObject): boolean {
  if (sameJson(before, after)) return true;
  const managers = listAt(before, 'metadata', 'managedFields');
  const fresh = listAt(after, 'metadata', 'managedFields');
  if (managers.length !== fresh.length) return false;
  const timeless = (entry: JsonObject[string]) => withValue(entry as JsonObject, ['time'], undefined);
  if (!managers.every((entry, index) => sameJson(timeless(entry), timeless(fresh[index])))) return false;
  return sameJson(before, withValue(after, ['metadata', 'managedFields'], managers));
}

/** Whether an object that is being deleted has lost its last finalizer. */
function isReadyToGo(object: JsonObject): boolean {
  const waits = listAt(object, 'metadata', 'finalizers').length + listAt(object, 'spec', 'finalizers').length;
  return textAt(object, 'metadata', 'deletionTimestamp') !== undefined && waits === 0;
}

/** The stored object under the version that was asked for; custom resources are served under several. */
export function versioned(object: JsonObject, { resource }: ResourcePath): JsonObject {
  const apiVersion = apiVersionOf(resource);
  return object['apiVersion'] === apiVersion ? object : { ...object, apiVersion };
}

/** The stored form of what was created, replaced or patched. */
function decodedForm({ path: { resource } }: WriteRequest, object: JsonObject): JsonObject {
  try {
    return storedForm(resource, object);
  } catch (error) {
    if (!(error instanceof DecodeProblem)) throw error;
    throw refuse.badRequest(
      `${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: ${error.message}`,
    );
  }
}

/** The stored form of what was applied. */
function appliedForm({ path }: WriteRequest, object: JsonObject): JsonObject {
  const refusal = (why: string) =>
    refuse.internal(
      `failed to convert new object (/${path.name}; ${gvkText(path)}) to proper version: unable to convert unstructured object to ${gvkText(path)}: ${why}`,
    );
  const encoding = base64Problem(object);
  if (encoding !== undefined) throw refusal(`error decoding from json: ${encoding}`);
  try {
    return storedForm(path.resource, object);
  } catch (error) {
    throw error instanceof DecodeProblem ? refusal(error.message) : error;
  }
}

/** The stored object as apply sees it. What nobody has a record of belongs to whoever was there before the first apply. */
function liveObject(request: WriteRequest, stored: Stored): JsonObject {
  const { path } = request;
  const live = versioned(stored.object, path);
  if (readManagers(live).size > 0) return live;
  const zero = zeroForm(path.resource);
  return recordUpdate(typeOf(path.resource), zero, live, { ...writerOf(request), manager: 'before-first-apply' });
}

function writerOf({ cluster, path, options }: WriteRequest): Writer {
  return {
    manager: options.fieldManager,
    apiVersion: apiVersionOf(path.resource),
    subresource: path.subresource,
    // The server keeps no time for writes of a scale.
    time: path.subresource === 'scale' ? undefined : timestamp(cluster.now()),
    excluded: excludedFields(path.resource, path.subresource),
  };
}

/** The object that a request is about, for refusals. */
export function subjectOf({ resource, name }: ResourcePath): refuse.Subject {
  return { resource, name };
}

function placeOf({ resource, namespace, name }: ResourcePath): JsonObject {
  return { ...(name === '' ? {} : { name }), ...(resource.namespaced ? { namespace } : {}) };
}

function gvkText({ resource }: ResourcePath): string {
  return `${resource.group}/${resource.version}, Kind=${resource.kind}`;
}

function checkApplied(path: ResourcePath, config: JsonObject): void {
  const apiVersion = textAt(config, 'apiVersion') ?? '';
  const kind = textAt(config, 'kind') ?? '';
  if (apiVersion !== apiVersionOf(path.resource) || kind !== path.resource.kind) {
    const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw refuse.badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
  }
  if ((mapAt(config, 'metadata')['managedFields'] ?? null) !== null)
    throw refuse.badRequest('metadata.managedFields must be nil');
}

/** The object must have the name and namespace that the URL says. */
function checkPlace(path: ResourcePath, object: JsonObject): void {
  const namespace = textAt(object, 'metadata', 'namespace');
  if (path.resource.namespaced && namespace !== undefined && namespace !== '' && namespace !== path.namespace) {
    throw refuse.badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const name = textAt(object, 'metadata', 'name');
  if (path.name !== '' && name !== undefined && name !== path.name) {
    throw refuse.badRequest(`the name of the object (${name}) does not match the name on the URL (${path.name})`);
  }
}

/** New objects need a namespace that is there and stays. */
function checkNamespace(cluster: Cluster, { resource, namespace }: ResourcePath, name: string): void {
  if (!resource.namespaced) return;
  const found = cluster.store.get('namespaces', '', namespace);
  const namespaces = { group: '', resource: 'namespaces', kind: 'Namespace' };
  if (found === undefined) throw refuse.notFound({ resource: namespaces, name: namespace });
  if (textAt(found.object, 'metadata', 'deletionTimestamp') === undefined) return;
  throw refuse.forbidden(
    { resource, name },
    `unable to create new content in namespace ${namespace} because it is being terminated`,
    [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  );
}

/** Without vowels and look-alikes, as the server's. */
function randomSuffix(): string {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  return [...randomBytes(5)].map((byte) => letters[byte % letters.length]).join('');
}
