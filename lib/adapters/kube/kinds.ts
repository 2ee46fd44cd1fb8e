// Which resource serves a kind: what the cluster says now, and what the CRDs of the same desired state will make it say.
import { nearest } from '../../core/config/nearest.ts';
import { groupOf, type KubeObject } from '../../core/kubernetes/object.ts';
import { declaredKind, offlineScopes, type Scope, type ScopeOf } from '../../core/kubernetes/scope.ts';
import { lookupGroupKind, lookupKind } from './discovery.ts';
import { apiVersionOf } from './paths.ts';
import type { ApiDirectory, ApiResource, ResourceLookup } from './types.ts';

/** Answers about kinds from one reading of the cluster. */
export class Kinds {
  readonly #directory: ApiDirectory;
  readonly #lookups = new Map<string, ResourceLookup>();

  constructor(directory: ApiDirectory) {
    this.#directory = directory;
  }

  /** The resource of a kind; without a version the one that the cluster prefers. */
  lookup(group: string, kind: string, apiVersion: string | undefined): ResourceLookup {
    const key = `${apiVersion ?? `${group}/*`}|${kind}`;
    let found = this.#lookups.get(key);
    if (found === undefined) {
      found =
        apiVersion === undefined
          ? lookupGroupKind(this.#directory, group, kind)
          : lookupKind(this.#directory, apiVersion, kind);
      this.#lookups.set(key, found);
    }
    return found;
  }

  /** Every kind whose objects can be listed and deleted, each in the version that the cluster prefers. */
  removable(): readonly ApiResource[] {
    const kinds = new Map<string, ApiResource>();
    for (const { group, kind, verbs } of this.#directory.resources) {
      if (kinds.has(`${group}/${kind}`) || !verbs.includes('list') || !verbs.includes('delete')) continue;
      const found = this.lookup(group, kind, undefined);
      if (found.state === 'found') kinds.set(`${group}/${kind}`, found.resource);
    }
    return [...kinds.values()];
  }

  /** What to write instead of a kind that is not served: its version or group here, or a kind of nearly that name. */
  suggest(group: string, kind: string): string | undefined {
    const same = this.lookup(group, kind, undefined);
    if (same.state === 'found') return `apiVersion: ${apiVersionOf(same.resource)}`;
    const elsewhere = this.#directory.resources.find((resource) => resource.kind === kind);
    if (elsewhere !== undefined) return `apiVersion: ${apiVersionOf(elsewhere)}`;
    const near = nearest(kind, new Set(this.#directory.resources.map((resource) => resource.kind)));
    return near === undefined ? undefined : `kind: ${near}`;
  }

  /** Scopes as the cluster serves them, then as the CRDs of `objects` declare them, then the built-in table. */
  scopes(objects: readonly KubeObject[]): ScopeOf {
    const offline = offlineScopes(objects);
    return (group, kind) => {
      const declared = offline(group, kind);
      if (declared !== undefined) return declared;
      const found = this.lookup(group, kind, undefined);
      return found.state === 'found' ? scopeOf(found.resource) : undefined;
    };
  }
}

function scopeOf(resource: ApiResource): Scope {
  return resource.namespaced ? 'namespaced' : 'cluster';
}

const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];

/** The resource that a CRD among `objects` will serve for a kind, before the cluster serves it. */
export function declaredResource(
  objects: readonly KubeObject[],
  apiVersion: string,
  kind: string,
): ApiResource | undefined {
  const group = groupOf(apiVersion);
  const version = apiVersion.slice(group.length + 1);
  for (const object of objects) {
    const found = declaredKind(object);
    if (found === undefined || found.kind !== kind || found.group !== group || !found.versions.includes(version))
      continue;
    return { group, version, kind, plural: found.plural, namespaced: found.scope === 'namespaced', verbs };
  }
  return undefined;
}
