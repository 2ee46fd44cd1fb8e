// From a request to its answer: which verb it is, and what the verb does. Nothing here knows about sockets.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, mapAt, textAt } from '../json.ts';
import { needsVersion } from '../kinds/behavior.ts';
import { typeOf } from '../kinds/catalog.ts';
import { DEDUCED } from '../fields/types.ts';
import { qualifiedName } from '../kinds/resource.ts';
import type { Stored } from '../store/objects.ts';
import { parseConfiguration, parseObject, parseOptions, parsePatch } from './body.ts';
import type { Cluster } from './cluster.ts';
import { decodeObject } from './decode.ts';
import { deleteObject } from './deletes.ts';
import * as discovery from './discovery.ts';
import { type Form, formOf, objectText } from './forms.ts';
import { type Lists, selectorOf } from './lists.ts';
import { openApi } from './openapi.ts';
import { writeOptions } from './options.ts';
import { jsonPatch, mergePatch, strategicPatch } from './patch.ts';
import { type ResourcePath, resourcePathOf } from './resource-path.ts';
import { reviewAnswer } from './reviews.ts';
import { scaleOf, withScale } from './scale.ts';
import * as refuse from './status.ts';
import {
  applyObject,
  createObject,
  subjectOf,
  updateObject,
  versioned,
  type WriteRequest,
  type Written,
} from './writes.ts';

/** A request as far as it matters here. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: string;
}

/** A whole answer, or a watch to be streamed. */
export type ApiAnswer =
  | {
      readonly status: number;
      readonly text: string;
      readonly etag?: string;
      readonly contentType?: string;
      readonly warnings?: readonly string[];
    }
  | { readonly watch: ResourcePath };

/** Answers one request; a refusal is thrown. */
export function answer(cluster: Cluster, lists: Lists, request: ApiRequest): ApiAnswer {
  const { method, query } = request;
  const fixed = method === 'GET' ? document(cluster, request) : undefined;
  if (fixed !== undefined) return fixed;
  const path = resourcePathOf(request.path, cluster.catalog);
  if (method === 'GET') {
    if (query.get('watch') === 'true' || query.get('watch') === '1') return { watch: path };
    return path.name === ''
      ? { status: 200, text: lists.list(path, query, formOf(request.accept)) }
      : { status: 200, text: read(cluster, path, formOf(request.accept)) };
  }
  return write(cluster, path, request);
}

/** What is served besides objects. */
function document({ catalog }: Cluster, { path, accept }: ApiRequest): ApiAnswer | undefined {
  const ok = (value: object): ApiAnswer => ({ status: 200, text: JSON.stringify(value) });
  if (path === '/version') return ok(discovery.versionDocument());
  if (/^\/(readyz|healthz|livez)(\/|$)/.test(path))
    return { status: 200, text: 'ok', contentType: 'text/plain; charset=utf-8' };
  if (path.startsWith('/openapi/')) return ok(openApi(catalog, path));
  const [, root, group, version, ...more] = path.replace(/\/$/, '').split('/');
  if (more.length > 0 || (root !== 'api' && root !== 'apis')) return undefined;
  if (group === undefined) {
    if (/as=APIGroupDiscoveryList/.test(accept)) {
      const contentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
      return {
        status: 200,
        text: JSON.stringify(discovery.aggregatedDiscovery(catalog, root)),
        etag: `"${catalog.digest}"`,
        contentType,
      };
    }
    return ok(root === 'api' ? discovery.coreVersions() : discovery.groupList(catalog));
  }
  if (root === 'api') return version === undefined ? ok(discovery.resourceList(catalog, '', group)) : undefined;
  return ok(
    version === undefined ? discovery.oneGroup(catalog, group) : discovery.resourceList(catalog, group, version),
  );
}

function read(cluster: Cluster, path: ResourcePath, form: Form): string {
  const stored = existing(cluster, path);
  return path.subresource === 'scale'
    ? JSON.stringify(scaleOf(stored.object))
    : objectText(path, stored, { form, now: cluster.now() });
}

function find(cluster: Cluster, path: ResourcePath): Stored | undefined {
  return cluster.store.get(qualifiedName(path.resource), path.namespace, path.name);
}

function existing(cluster: Cluster, path: ResourcePath): Stored {
  const stored = find(cluster, path);
  if (stored === undefined) throw refuse.notFound(subjectOf(path));
  return stored;
}

function write(cluster: Cluster, path: ResourcePath, request: ApiRequest): ApiAnswer {
  const { method, query, userAgent } = request;
  if (request.contentType === 'application/cbor') throw refuse.unsupportedMediaType();
  const isApply = request.contentType === 'application/apply-patch+yaml';
  const kind = { POST: 'CreateOptions', PUT: 'UpdateOptions', PATCH: 'PatchOptions', DELETE: 'DeleteOptions' }[method];
  if (kind === undefined) throw refuse.methodNotAllowed();
  const options = writeOptions(query, kind, { userAgent, isApply });
  const writing: WriteRequest = { cluster, path, options };
  switch (method) {
    case 'POST':
      return post(writing, request);
    case 'PUT':
      return put(writing, request);
    case 'PATCH':
      return reply(writing, patch(writing, request));
    default:
      return remove(writing, request);
  }
}

function reply({ path }: WriteRequest, { object, created }: Written): { status: number; text: string } {
  const shown = path.subresource === 'scale' ? scaleOf(object) : versioned(object, path);
  return { status: created ? 201 : 200, text: JSON.stringify(shown) };
}

function post(writing: WriteRequest, request: ApiRequest): ApiAnswer {
  const { path } = writing;
  if (path.name !== '') throw refuse.methodNotAllowed();
  if (path.namespace === '' && path.resource.namespaced) throw refuse.methodNotAllowed();
  const { object, warnings } = decoded(writing, request);
  const review = reviewAnswer(path.resource.kind, object);
  if (review !== undefined) return { status: 201, text: JSON.stringify(review) };
  return { ...reply(writing, createObject(writing, object)), warnings };
}

function put(writing: WriteRequest, request: ApiRequest): ApiAnswer {
  const { cluster, path } = writing;
  if (path.name === '') throw refuse.methodNotAllowed();
  const stored = existing(cluster, path);
  if (path.subresource === 'scale') {
    const scale = parseObject(request.body, 'Scale', request.contentType);
    return reply(
      writing,
      updateObject(writing, stored, withScale(path.resource, versioned(stored.object, path), scale)),
    );
  }
  const { object: given, warnings } = decoded(writing, request);
  const uid = mapAt(given, 'metadata')['uid'];
  const storedUid = textAt(stored.object, 'metadata', 'uid') ?? '';
  if (typeof uid === 'string' && uid !== '' && uid !== storedUid) {
    const key = ['/registry', path.resource.resource, path.namespace, path.name]
      .filter((part) => part !== '')
      .join('/');
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${storedUid}`;
    throw refuse.conflict(
      subjectOf(path),
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
  if (needsVersion(path.resource) && !mapAt(given, 'metadata')['resourceVersion']) {
    const cause = {
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
      field: 'metadata.resourceVersion',
    };
    // The server names the resource here where it names the kind elsewhere.
    const resource = { ...path.resource, kind: path.resource.resource };
    throw refuse.invalid({ resource, name: path.name }, [cause]);
  }
  return { ...reply(writing, updateObject(writing, stored, given)), warnings };
}

function decoded(
  { path: { resource }, options }: WriteRequest,
  { body, contentType }: ApiRequest,
): ReturnType<typeof decodeObject> {
  return decodeObject(resource, parseObject(body, resource.kind, contentType), options);
}

function patch(writing: WriteRequest, request: ApiRequest): Written {
  const { cluster, path } = writing;
  if (path.name === '') throw refuse.methodNotAllowed();
  if (request.contentType === 'application/apply-patch+yaml') {
    return applyObject(writing, parseConfiguration(request.body), find(cluster, path));
  }
  const type = typeOf(path.resource);
  const stored = existing(cluster, path);
  const isScale = path.subresource === 'scale';
  const before = isScale ? scaleOf(stored.object) : versioned(stored.object, path);
  const change = parsePatch(request.body);
  let after: Json;
  switch (request.contentType) {
    case 'application/json-patch+json':
      after = jsonPatch(before, change);
      break;
    case 'application/merge-patch+json':
      after = mergePatch(before, change);
      break;
    case 'application/strategic-merge-patch+json':
      if (path.resource.definition !== undefined) throw refuse.noStrategicPatch();
      after = strategicPatch(isScale ? DEDUCED : type, before, change);
      break;
    default:
      throw refuse.unsupportedMediaType();
  }
  const object = isMap(after) ? after : {};
  return updateObject(
    writing,
    stored,
    isScale ? withScale(path.resource, versioned(stored.object, path), object) : object,
  );
}

function remove(writing: WriteRequest, request: ApiRequest): ApiAnswer {
  const { cluster, path, options } = writing;
  const body: JsonObject = parseOptions(request.body);
  const policy = request.query.get('propagationPolicy');
  const wanted = policy === null ? body : { ...body, propagationPolicy: policy };
  const isDryRun = options.dryRun || (Array.isArray(wanted['dryRun']) && wanted['dryRun'].includes('All'));
  const deleting: WriteRequest = { ...writing, options: { ...options, dryRun: isDryRun } };
  if (path.name !== '') {
    return { status: 200, text: JSON.stringify(deleteObject(deleting, existing(cluster, path), wanted)) };
  }
  const selected = selectorOf(request.query, path.resource.kind);
  const items = cluster.store
    .list(qualifiedName(path.resource), path.namespace === '' ? undefined : path.namespace)
    .filter(({ object }) => selected?.(object) ?? true)
    .map((stored) => {
      const one: ResourcePath = {
        ...path,
        name: textAt(stored.object, 'metadata', 'name') ?? '',
        namespace: textAt(stored.object, 'metadata', 'namespace') ?? '',
      };
      deleteObject({ ...deleting, path: one }, stored, wanted);
      return versioned(stored.object, path);
    });
  const list = {
    kind: `${path.resource.kind}List`,
    apiVersion: versionText(path),
    metadata: { resourceVersion: String(cluster.store.version) },
    items,
  };
  return { status: 200, text: JSON.stringify(list) };
}

function versionText({ resource }: ResourcePath): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
