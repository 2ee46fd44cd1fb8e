// Writes lib/adapters/sandbox/cluster/kinds/schema.json: what a real kube-apiserver serves and how it merges lists, in a compact form.
//
//   node tools/gen-kube-schema.ts --kubeconfig FILE --go-modules "$(go env GOMODCACHE)/k8s.io"
//
// Types, list keys and defaults come from the server's /openapi/v3 and its discovery. What OpenAPI does not say is whether a Go field is
// written when it is empty (`omitempty`, pointer or not); that is read from the Go sources of the same version. Without it the sandbox would
// answer `replicas: 0` or `strategy: {}` where the real server does not.
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { HoldfastError } from '../lib/core/errors.ts';
import { goFields, type GoFields } from './go-fields.ts';

const OUTPUT = new URL('../lib/adapters/sandbox/cluster/kinds/schema.json', import.meta.url);

/** What the sandbox serves of each group version; `create` marks the kinds that are asked and not kept. */
const SERVED: Readonly<Record<string, readonly string[]>> = {
  v1: [
    'configmaps',
    'endpoints',
    'events',
    'limitranges',
    'namespaces',
    'nodes',
    'persistentvolumeclaims',
    'persistentvolumes',
    'pods',
    'replicationcontrollers',
    'resourcequotas',
    'secrets',
    'serviceaccounts',
    'services',
  ],
  'admissionregistration.k8s.io/v1': ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'],
  'apiextensions.k8s.io/v1': ['customresourcedefinitions'],
  'apiregistration.k8s.io/v1': ['apiservices'],
  'apps/v1': ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  'authentication.k8s.io/v1': ['selfsubjectreviews'],
  'authorization.k8s.io/v1': ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
  'autoscaling/v2': ['horizontalpodautoscalers'],
  'batch/v1': ['cronjobs', 'jobs'],
  'coordination.k8s.io/v1': ['leases'],
  'discovery.k8s.io/v1': ['endpointslices'],
  'networking.k8s.io/v1': ['ingressclasses', 'ingresses', 'networkpolicies'],
  'policy/v1': ['poddisruptionbudgets'],
  'rbac.authorization.k8s.io/v1': ['clusterrolebindings', 'clusterroles', 'rolebindings', 'roles'],
  'scheduling.k8s.io/v1': ['priorityclasses'],
  'storage.k8s.io/v1': ['storageclasses'],
};

const SUBRESOURCES = new Set(['status', 'scale']);

interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly $ref?: string;
  readonly allOf?: readonly { readonly $ref: string }[];
  readonly oneOf?: readonly unknown[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly additionalProperties?: OpenApiSchema | boolean;
  readonly items?: OpenApiSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-patch-strategy'?: string;
  readonly 'x-kubernetes-patch-merge-key'?: string;
  readonly 'x-kubernetes-group-version-kind'?: readonly {
    readonly group: string;
    readonly version: string;
    readonly kind: string;
  }[];
}

type Get = (path: string, accept?: string) => Promise<unknown>;
type Schemas = Readonly<Record<string, OpenApiSchema>>;

function stop(message: string): never {
  throw new HoldfastError({ code: 'SchemaGeneration', source: 'system', message });
}

/** GET of a path of the server that a kubeconfig names: CA, client certificate or token. */
function client(kubeconfig: string): Get {
  const config = parse(readFileSync(kubeconfig, 'utf8'));
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const user = config.users[0].user;
  const decoded = (text?: string) => (text === undefined ? undefined : Buffer.from(text, 'base64'));
  return (path, accept = 'application/json') =>
    new Promise((resolve, reject) => {
      const options = {
        ca: decoded(ca),
        cert: decoded(user['client-certificate-data']),
        key: decoded(user['client-key-data']),
        headers: { accept, ...(user.token === undefined ? {} : { authorization: `Bearer ${user.token}` }) },
      };
      const sent = request(new URL(path, server), options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString())));
      });
      sent.on('error', reject);
      sent.end();
    });
}

/** `io.k8s.api.apps.v1.Deployment` as `apps.v1.Deployment`. */
function shortName(full: string): string {
  return full
    .replace(
      /^io\.k8s\.(api|apimachinery\.pkg\.apis|apiextensions-apiserver\.pkg\.apis|kube-aggregator\.pkg\.apis)\./,
      '',
    )
    .replace(/^io\.k8s\.apimachinery\.pkg\./, '');
}

function refOf(schema: OpenApiSchema): string | undefined {
  const ref = schema.$ref ?? (schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined);
  return ref?.slice(ref.lastIndexOf('/') + 1);
}

/** The list relationship in brackets: `[]` atomic, `[set]`, `[map a,b]`; `merge` in front when a strategic merge patch merges it too. */
function listPrefix(schema: OpenApiSchema): string {
  const strategy = schema['x-kubernetes-patch-strategy']?.split(',').includes('merge') ? 'merge ' : '';
  const mergeKey = schema['x-kubernetes-patch-merge-key'];
  const type = schema['x-kubernetes-list-type'];
  if (type === 'set') return `[${strategy}set]`;
  if (type === 'map') {
    const keys = schema['x-kubernetes-list-map-keys'] ?? [];
    if (mergeKey !== undefined && mergeKey !== keys[0])
      stop(`patch merge key ${mergeKey} is not the first of ${keys.join()}`);
    return `[${strategy}map ${keys.join(',')}]`;
  }
  if (type === undefined && strategy !== '') return mergeKey === undefined ? '[merge set]' : `[merge map ${mergeKey}]`;
  // Atomic for server-side apply and still merged by a strategic merge patch: both are said.
  if (strategy !== '') return mergeKey === undefined ? '[merge atomic]' : `[merge atomic ${mergeKey}]`;
  return '[]';
}

function typeText(schema: OpenApiSchema): string {
  const ref = refOf(schema);
  if (ref !== undefined) return `${schema['x-kubernetes-map-type'] === 'atomic' ? 'atomic' : ''}#${shortName(ref)}`;
  switch (schema.type) {
    case 'string':
      if (schema.format === 'byte') return 'bytes';
      return schema.format === undefined ? 'string' : 'scalar';
    case 'integer':
    case 'number':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'array':
      return `${listPrefix(schema)}${schema.items === undefined ? 'any' : typeText(schema.items)}`;
    case 'object': {
      if (schema.properties !== undefined) stop('a struct without a name');
      const values = schema.additionalProperties;
      if (typeof values !== 'object') return 'object';
      return `${schema['x-kubernetes-map-type'] === 'atomic' ? '{atomic}' : '{}'}${typeText(values)}`;
    }
    default:
      return 'any';
  }
}

/** One struct: field name to `<presence><type>@<protobuf number>`, with ` = default` where the server fills one in. */
function structText(name: string, schema: OpenApiSchema, go: GoFields): Record<string, string> {
  const fields: Record<string, string> = {};
  if (schema['x-kubernetes-map-type'] === 'atomic') fields['@'] = 'atomic';
  const presence = go(name);
  for (const [field, member] of Object.entries(schema.properties ?? {})) {
    const isStruct = refOf(member) !== undefined && typeof member.default === 'object';
    const { mark, numbers } = presence?.get(field) ?? { mark: isStruct ? '!' : '?', numbers: [] };
    const number = numbers.length === 0 ? '' : `@${numbers.join('.')}`;
    const value = member.default;
    const filled = typeof value === 'object' || value === undefined || value === '' || value === 0 || value === false;
    fields[field] = `${mark}${typeText(member)}${number}${filled ? '' : ` = ${JSON.stringify(value)}`}`;
  }
  return fields;
}

/** Only the types that the served kinds reach. */
function reachable(schemas: Schemas, roots: readonly string[]): string[] {
  const seen = new Set<string>();
  const visit = (schema: OpenApiSchema): void => {
    const ref = refOf(schema);
    if (ref !== undefined) return add(ref);
    for (const member of Object.values(schema.properties ?? {})) visit(member);
    if (typeof schema.additionalProperties === 'object') visit(schema.additionalProperties);
    if (schema.items !== undefined) visit(schema.items);
  };
  const add = (name: string): void => {
    const schema = schemas[name];
    if (seen.has(name) || schema === undefined) return;
    seen.add(name);
    visit(schema);
  };
  roots.forEach(add);
  return [...seen].sort();
}

interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind: { readonly kind: string };
  readonly scope: string;
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly { readonly subresource: string; readonly verbs: readonly string[] }[];
}
interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly { readonly version: string; readonly resources: readonly DiscoveredResource[] }[];
  }[];
}

interface ServedResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** The discovery documents, cut down to what is served, in the server's order. */
async function resources(get: Get): Promise<ServedResource[]> {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const found: ServedResource[] = [];
  for (const path of ['/api', '/apis']) {
    const discovery = (await get(path, accept)) as Discovery;
    for (const item of discovery.items) {
      const group = item.metadata.name ?? '';
      for (const { version, resources } of item.versions) {
        const wanted = SERVED[group === '' ? version : `${group}/${version}`] ?? [];
        for (const one of resources.filter(({ resource }) => wanted.includes(resource))) {
          const subresources = one.subresources
            ?.map((each) => each.subresource)
            .filter((name) => SUBRESOURCES.has(name));
          found.push({
            group,
            version,
            resource: one.resource,
            kind: one.responseKind.kind,
            singular: one.singularResource,
            namespaced: one.scope === 'Namespaced',
            verbs: one.verbs,
            ...(one.shortNames === undefined ? {} : { shortNames: one.shortNames }),
            ...(one.categories === undefined ? {} : { categories: one.categories }),
            ...(subresources === undefined || subresources.length === 0 ? {} : { subresources }),
          });
        }
      }
    }
  }
  const wanted = Object.values(SERVED).flat().length;
  if (found.length !== wanted) stop(`${found.length} of ${wanted} resources found`);
  return found;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { kubeconfig: { type: 'string' }, 'go-modules': { type: 'string' } } });
  if (values.kubeconfig === undefined || values['go-modules'] === undefined) {
    return stop('usage: gen-kube-schema.ts --kubeconfig FILE --go-modules DIRECTORY');
  }
  const get = client(values.kubeconfig);
  const { gitVersion, major, minor } = (await get('/version')) as Record<'gitVersion' | 'major' | 'minor', string>;
  const schemas: Record<string, OpenApiSchema> = {};
  for (const groupVersion of [...Object.keys(SERVED), 'autoscaling/v1']) {
    const path = groupVersion.includes('/') ? `apis/${groupVersion}` : `api/${groupVersion}`;
    const document = (await get(`/openapi/v3/${path}`)) as { components: { schemas: Schemas } };
    Object.assign(schemas, document.components.schemas);
  }
  const served = await resources(get);
  const kinds: Record<string, string> = {};
  const roots = ['io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'];
  const keys = new Set([
    ...served.map(({ group, version, kind }) => `${group}/${version}/${kind}`),
    'autoscaling/v1/Scale',
  ]);
  for (const [name, schema] of Object.entries(schemas)) {
    for (const { group, version, kind } of schema['x-kubernetes-group-version-kind'] ?? []) {
      if (!keys.has(`${group}/${version}/${kind}`) || schema.properties?.['metadata'] === undefined) continue;
      kinds[`${group === '' ? version : `${group}/${version}`}/${kind}`] = shortName(name);
      roots.push(name);
    }
  }
  const go = goFields(values['go-modules'], gitVersion.replace(/^v1\./, 'v0.'));
  const types: Record<string, unknown> = {};
  for (const name of reachable(schemas, roots)) {
    const schema = schemas[name];
    if (schema !== undefined)
      types[shortName(name)] = schema.properties === undefined ? typeText(schema) : structText(name, schema, go);
  }
  const lines = (record: Record<string, unknown>) =>
    Object.entries(record)
      .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  const text = `{\n"version": ${JSON.stringify({ gitVersion, major, minor })},\n"resources": [\n${served
    .map((resource) => `  ${JSON.stringify(resource)}`)
    .join(',\n')}\n],\n"kinds": {\n${lines(kinds)}\n},\n"types": {\n${lines(types)}\n}\n}\n`;
  writeFileSync(OUTPUT, text);
  process.stderr.write(`${served.length} resources, ${Object.keys(types).length} types, ${text.length} bytes\n`);
}

await main();
