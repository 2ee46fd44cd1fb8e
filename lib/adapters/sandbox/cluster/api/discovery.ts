// Discovery in both forms: the aggregated documents of newer clients and the older one per group version.
import type { Catalog } from '../kinds/catalog.ts';
import { apiVersionOf, type Resource } from '../kinds/resource.ts';
import { SERVER_VERSION } from '../kinds/schema.ts';
import { unknownPath } from './status.ts';

/** `/version`. */
export function versionDocument(): object {
  return {
    ...SERVER_VERSION,
    gitCommit: 'sandbox',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'holdfast-sandbox',
    platform: 'sandbox',
  };
}

/** The aggregated document of `/api` or `/apis`. */
export function aggregatedDiscovery(catalog: Catalog, root: 'api' | 'apis'): object {
  const groups = groupsOf(catalog, root);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(([group, versions]) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: versions.map(([version, resources]) => ({
        version,
        resources: resources.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(resource: Resource): object {
  const { group, version, kind, verbs, shortNames, categories, subresources } = resource;
  return {
    resource: resource.resource,
    responseKind: { group, version, kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(subresources === undefined
      ? {}
      : {
          subresources: subresources.map((subresource) => ({
            subresource,
            responseKind:
              subresource === 'scale'
                ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
                : { group, version, kind },
            verbs: ['get', 'patch', 'update'],
          })),
        }),
  };
}

/** `/api` in the older form. */
export function coreVersions(): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '127.0.0.1' }],
  };
}

/** `/apis` in the older form. */
export function groupList(catalog: Catalog): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupsOf(catalog, 'apis').map(([group, versions]) => groupDocument(group, versions)),
  };
}

/** `/apis/GROUP`. */
export function oneGroup(catalog: Catalog, group: string): object {
  const found = groupsOf(catalog, 'apis').find(([name]) => name === group);
  if (found === undefined) throw unknownPath();
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupDocument(...found) };
}

/** `/api/v1`, `/apis/GROUP/VERSION`. */
export function resourceList(catalog: Catalog, group: string, version: string): object {
  const served = catalog.resources.filter((one) => one.group === group && one.version === version);
  if (served.length === 0) throw unknownPath();
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources: served.flatMap((one) => [
      legacyResource(one),
      ...(one.subresources ?? []).map((name) => legacySubresource(one, name)),
    ]),
  };
}

function legacyResource({ resource, singular, namespaced, kind, verbs, shortNames, categories }: Resource): object {
  return {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
  };
}

function legacySubresource({ resource, namespaced, kind }: Resource, subresource: string): object {
  const scale = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
  const described = subresource === 'scale' ? scale : { kind };
  return {
    name: `${resource}/${subresource}`,
    singularName: '',
    namespaced,
    ...described,
    verbs: ['get', 'patch', 'update'],
  };
}

function groupDocument(group: string, versions: readonly (readonly [string, readonly Resource[]])[]): object {
  const named = versions.map(([version]) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: named, preferredVersion: named[0] };
}

type Groups = readonly (readonly [
  group: string,
  versions: readonly (readonly [version: string, resources: readonly Resource[]])[],
])[];

function groupsOf(catalog: Catalog, root: 'api' | 'apis'): Groups {
  const groups = new Map<string, Map<string, Resource[]>>();
  for (const resource of catalog.resources) {
    if ((resource.group === '') !== (root === 'api')) continue;
    let versions = groups.get(resource.group);
    if (versions === undefined) groups.set(resource.group, (versions = new Map()));
    const known = versions.get(resource.version);
    if (known === undefined) versions.set(resource.version, [resource]);
    else known.push(resource);
  }
  return [...groups].map(([group, versions]) => [group, [...versions]] as const);
}
