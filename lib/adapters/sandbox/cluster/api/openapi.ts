// As much OpenAPI as kubectl needs to see that the server validates fields itself. The schema itself is not published.
import type { Catalog } from '../kinds/catalog.ts';
import { apiVersionOf, type Resource } from '../kinds/resource.ts';
import { unknownPath } from './status.ts';

/** `/openapi/v3` and the documents it names. */
export function openApi(catalog: Catalog, path: string): object {
  if (path === '/openapi/v3') {
    const paths: Record<string, object> = {};
    for (const { name } of groupVersions(catalog)) {
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${catalog.digest}` };
    }
    return { paths };
  }
  const found = groupVersions(catalog).find(({ name }) => path === `/openapi/v3/${name}`);
  if (found === undefined) throw unknownPath();
  const paths = Object.fromEntries(
    found.resources.map((resource) => [objectPath(found.name, resource), operations(resource)]),
  );
  return {
    openapi: '3.0.0',
    info: { title: 'Holdfast sandbox cluster', version: 'unversioned' },
    paths,
    components: { schemas: {} },
  };
}

function groupVersions(
  catalog: Catalog,
): readonly { readonly name: string; readonly resources: readonly Resource[] }[] {
  const groups = new Map<string, Resource[]>();
  for (const resource of catalog.resources) {
    const name = `${resource.group === '' ? 'api' : 'apis'}/${apiVersionOf(resource)}`;
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [resource]);
    else known.push(resource);
  }
  return [...groups].map(([name, resources]) => ({ name, resources }));
}

function objectPath(name: string, { resource, namespaced }: Resource): string {
  return `/${name}/${namespaced ? 'namespaces/{namespace}/' : ''}${resource}/{name}`;
}

function operations({ group, version, kind }: Resource): object {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
    name,
    in: 'query',
    schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
  }));
  const kinds = { 'x-kubernetes-group-version-kind': { group, version, kind } };
  return {
    patch: { parameters, responses: {}, ...kinds, 'x-kubernetes-action': 'patch' },
    put: { parameters: parameters.slice(0, 3), responses: {}, ...kinds, 'x-kubernetes-action': 'put' },
  };
}
