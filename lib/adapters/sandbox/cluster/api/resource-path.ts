// What a request's path names: a resource, maybe a namespace, an object, a subresource.
import type { Resource } from '../kinds/resource.ts';
import type { Catalog } from '../kinds/catalog.ts';
import { badRequest, unknownPath, unknownResource } from './status.ts';

/** The object or collection that a request is about. */
export interface ResourcePath {
  readonly resource: Resource;
  /** Empty for resources without namespaces and for lists over all namespaces. */
  readonly namespace: string;
  /** Empty for a collection. */
  readonly name: string;
  /** Empty, `status` or `scale`. */
  readonly subresource: string;
}

/** Reads `/api/v1/...` and `/apis/GROUP/VERSION/...`; refused like the server when nothing is served there. */
export function resourcePathOf(url: string, catalog: Catalog): ResourcePath {
  const parts = url
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [root, ...rest] = parts;
  let group = '';
  if (root === 'apis') group = rest.shift() ?? '';
  else if (root !== 'api') throw unknownPath();
  const version = rest.shift() ?? '';
  if (!catalog.hasGroup(group)) throw unknownPath();
  const find = (name: string | undefined): Resource | undefined =>
    name === undefined ? undefined : catalog.find(group, version, name);
  // `namespaces` is a resource itself and a prefix of the namespaced ones.
  if (rest[0] === 'namespaces' && rest.length >= 3) {
    const resource = find(rest[2]);
    if (resource?.namespaced)
      return checked(
        { resource, namespace: rest[1] ?? '', name: rest[3] ?? '', subresource: rest[4] ?? '' },
        rest.length - 1,
      );
  }
  const resource = find(rest[0]);
  if (resource === undefined || (resource.namespaced && rest.length > 1)) throw unknownResource();
  return checked({ resource, namespace: '', name: rest[1] ?? '', subresource: rest[2] ?? '' }, rest.length + 1);
}

function checked(path: ResourcePath, depth: number): ResourcePath {
  const { subresource, resource } = path;
  if (depth > 4) throw unknownResource();
  if (subresource !== '' && !(resource.subresources ?? []).includes(subresource)) throw unknownResource();
  return path;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(part)}`);
  }
}
