// URLs of the Kubernetes API.
import type { ApiResource, ObjectRef } from './types.ts';

/** `apps/v1`, `v1`. */
export function apiVersionOf(resource: Pick<ApiResource, 'group' | 'version'>): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** `/api/v1` or `/apis/apps/v1`. */
export function groupVersionPath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Where objects of a kind are listed; '' means all namespaces. */
export function collectionPath(resource: ApiResource, namespace: string): string {
  const base = groupVersionPath(resource.group, resource.version);
  return resource.namespaced && namespace !== ''
    ? `${base}/namespaces/${encodeURIComponent(namespace)}/${resource.plural}`
    : `${base}/${resource.plural}`;
}

export function objectPath({ resource, namespace, name }: ObjectRef): string {
  return `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
}

/** `?a=1&b=2` of the members that have a value; '' when none has. */
export function queryText(members: Readonly<Record<string, string | number | undefined>>): string {
  let text = '';
  for (const key in members) {
    const value = members[key];
    if (value !== undefined) text += `${text === '' ? '?' : '&'}${key}=${encodeURIComponent(value)}`;
  }
  return text;
}
