// What a cluster serves: aggregated discovery in two requests, and the older one by group for servers that do not aggregate.
import { isObject, type JsonObject } from '../../core/json.ts';
import { groupOf } from '../../core/kubernetes/object.ts';
import { KubeApiError } from './errors.ts';
import { strings, text } from './json-read.ts';
import { apiVersionOf, groupVersionPath } from './paths.ts';
import type { ApiDirectory, ApiResource, ResourceLookup } from './types.ts';

/** One discovery answer. The body is absent when nothing changed (304) and when the path is not served (404). */
export interface DiscoveryAnswer {
  readonly status: 200 | 304 | 404 | 503;
  readonly body?: unknown;
  readonly etag?: string;
}

/** GET of a discovery path. 304, 404 and 503 are answers here; anything else outside 2xx throws. */
export type DiscoveryGet = (path: string, accept: string, etag: string | undefined) => Promise<DiscoveryAnswer>;

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const plain = 'application/json';
const roots = ['/api', '/apis'] as const;

interface Part {
  readonly resources: readonly ApiResource[];
  readonly versions: readonly string[];
  readonly stale: readonly string[];
}

/** Reads what the cluster serves. `previous` answers are used again for a root that did not change. */
export async function discover(get: DiscoveryGet, previous: ApiDirectory | undefined): Promise<ApiDirectory> {
  const parts = await Promise.all(
    roots.map(async (root) => {
      const answer = await get(root, `${aggregated},${plain}`, previous?.etags[root]);
      if (answer.status === 304 && previous !== undefined) {
        return { part: partOf(previous, root), etag: previous.etags[root] };
      }
      return { part: await readRoot(get, root, answer), etag: answer.etag };
    }),
  );
  const etags: Record<string, string> = {};
  roots.forEach((root, index) => {
    const etag = parts[index]?.etag;
    if (etag !== undefined) etags[root] = etag;
  });
  return {
    v: 1,
    resources: parts.flatMap(({ part }) => part.resources),
    versions: parts.flatMap(({ part }) => part.versions),
    stale: parts.flatMap(({ part }) => part.stale),
    etags,
  };
}

/** The resource of a kind. A group whose server did not answer is `unknown`, never `missing`. */
export function lookupKind(directory: ApiDirectory, apiVersion: string, kind: string): ResourceLookup {
  const group = groupOf(apiVersion);
  const version = apiVersion.slice(group === '' ? 0 : group.length + 1);
  const resource = directory.resources.find(
    (candidate) => candidate.kind === kind && candidate.group === group && candidate.version === version,
  );
  if (resource !== undefined) return { state: 'found', resource };
  if (directory.stale.includes(apiVersion)) {
    return { state: 'unknown', reason: `the server of ${apiVersion} does not answer` };
  }
  return { state: 'missing' };
}

/** The resource of a kind in the version the server prefers, for objects that are known by group and kind only. */
export function lookupGroupKind(directory: ApiDirectory, group: string, kind: string): ResourceLookup {
  const candidates = directory.resources.filter((resource) => resource.group === group && resource.kind === kind);
  const rank = (resource: ApiResource) => directory.versions.indexOf(apiVersionOf(resource));
  const [best] = candidates.sort((a, b) => rank(a) - rank(b));
  if (best !== undefined) return { state: 'found', resource: best };
  const stale = directory.stale.find((apiVersion) => groupOf(apiVersion) === group);
  return stale === undefined
    ? { state: 'missing' }
    : { state: 'unknown', reason: `the server of ${stale} does not answer` };
}

function partOf(directory: ApiDirectory, root: string): Part {
  const ofRoot = (group: string) => (group === '') === (root === '/api');
  return {
    resources: directory.resources.filter((resource) => ofRoot(resource.group)),
    versions: directory.versions.filter((apiVersion) => ofRoot(groupOf(apiVersion))),
    stale: directory.stale.filter((apiVersion) => ofRoot(groupOf(apiVersion))),
  };
}

async function readRoot(get: DiscoveryGet, root: string, answer: DiscoveryAnswer): Promise<Part> {
  if (answer.status !== 200) throw notAnswered(root, answer.status);
  const body = isObject(answer.body) ? answer.body : {};
  if (body.kind === 'APIGroupDiscoveryList') return readAggregated(body);
  return root === '/api' ? readLegacy(get, coreVersions(body)) : readLegacy(get, groupVersions(body));
}

function readAggregated(body: JsonObject): Part {
  const resources: ApiResource[] = [];
  const versions: string[] = [];
  const stale: string[] = [];
  for (const group of objects(body.items)) {
    const name = isObject(group.metadata) ? text(group.metadata.name) : '';
    for (const served of objects(group.versions)) {
      const version = text(served.version);
      const apiVersion = apiVersionOf({ group: name, version });
      if (served.freshness === 'Stale') stale.push(apiVersion);
      versions.push(apiVersion);
      for (const entry of objects(served.resources)) {
        const resource = aggregatedResource(entry, { group: name, version });
        if (resource !== undefined) resources.push(resource);
      }
    }
  }
  return { resources, versions, stale };
}

function aggregatedResource(entry: JsonObject, served: { group: string; version: string }): ApiResource | undefined {
  // A kind of another group (as `Scale`) is only ever a subresource, and those are listed below their resource.
  const kind = isObject(entry.responseKind) ? text(entry.responseKind.kind) : '';
  const plural = text(entry.resource);
  if (kind === '' || plural === '') return undefined;
  const hasStatus = objects(entry.subresources).some((sub) => sub.subresource === 'status');
  return { ...served, kind, plural, namespaced: entry.scope === 'Namespaced', verbs: strings(entry.verbs), hasStatus };
}

interface GroupVersion {
  readonly group: string;
  readonly version: string;
}

function coreVersions(body: JsonObject): GroupVersion[] {
  return strings(body.versions).map((version) => ({ group: '', version }));
}

function groupVersions(body: JsonObject): GroupVersion[] {
  return objects(body.groups).flatMap((entry) => {
    const preferred = isObject(entry.preferredVersion) ? text(entry.preferredVersion.version) : '';
    const versions = objects(entry.versions).map((served) => text(served.version));
    const ordered = versions.toSorted((a, b) => Number(b === preferred) - Number(a === preferred));
    return ordered.map((version) => ({ group: text(entry.name), version }));
  });
}

async function readLegacy(get: DiscoveryGet, served: readonly GroupVersion[]): Promise<Part> {
  const lists = await Promise.all(
    served.map((entry) => get(groupVersionPath(entry.group, entry.version), plain, undefined)),
  );
  const resources: ApiResource[] = [];
  const stale: string[] = [];
  served.forEach((entry, index) => {
    const answer = lists[index];
    if (answer?.status !== 200 || !isObject(answer.body)) {
      stale.push(apiVersionOf(entry));
      return;
    }
    const items = objects(answer.body.resources);
    const names = new Set(items.map((item) => text(item.name)));
    for (const item of items) {
      const plural = text(item.name);
      // `deployments/scale` and the like.
      if (plural === '' || plural.includes('/')) continue;
      const namespaced = item.namespaced === true;
      const { group, version } = entry;
      const hasStatus = names.has(`${plural}/status`);
      resources.push({
        group,
        version,
        kind: text(item.kind),
        plural,
        namespaced,
        verbs: strings(item.verbs),
        hasStatus,
      });
    }
  });
  return { resources, versions: served.map(apiVersionOf), stale };
}

function objects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function notAnswered(root: string, status: number): KubeApiError {
  const message = `The cluster does not say what it serves (${root}: ${status})`;
  return new KubeApiError({ code: 'ClusterFault', source: 'remote', status, retryable: true, message, object: root });
}
