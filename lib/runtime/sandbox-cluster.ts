// Changing the embedded cluster by hand, as a person with kubectl would: over its API, as another field manager.
import { createKubeClient } from '../adapters/kube/client.ts';
import { loadKubeconfig } from '../adapters/kube/kubeconfig.ts';
import type { ApiResource, KubeClient, ObjectRef } from '../adapters/kube/types.ts';
import { nearest } from '../core/config/nearest.ts';
import { HoldfastError } from '../core/errors.ts';
import { isObject, type Json, type JsonObject } from '../core/json.ts';
import type { KubeObject } from '../core/kubernetes/object.ts';

/** The field manager of changes by hand: what `kubectl edit` calls itself. */
const manager = 'kubectl-edit';
const shortNames: Readonly<Record<string, string>> = {
  deploy: 'deployments',
  svc: 'services',
  cm: 'configmaps',
  ns: 'namespaces',
  po: 'pods',
  sa: 'serviceaccounts',
  sts: 'statefulsets',
  ds: 'daemonsets',
  ing: 'ingresses',
  crd: 'customresourcedefinitions',
  pvc: 'persistentvolumeclaims',
  cj: 'cronjobs',
};

/** `deployment/web` in a namespace. */
export interface Subject {
  readonly kind: string;
  readonly name?: string;
  readonly namespace: string;
}

/** One change: a dotted path with list indexes or `[name=x]`, and the new value; undefined removes. */
export interface Assignment {
  readonly path: readonly string[];
  readonly value: Json | undefined;
}

/** A hand on the embedded cluster. Close it at the end. */
export interface SandboxHand {
  get(subject: Subject): Promise<readonly KubeObject[]>;
  edit(subject: Subject, changes: readonly Assignment[]): Promise<KubeObject>;
  remove(subject: Subject): Promise<boolean>;
  close(): void;
}

/** Opens the cluster behind a kubeconfig. */
export async function openHand(kubeconfig: string): Promise<SandboxHand> {
  const { connection } = await loadKubeconfig({ file: kubeconfig });
  const client = createKubeClient(connection);
  return {
    get: async (subject) => await read(client, subject),
    edit: async (subject, changes) => {
      const ref = await refOf(client, subject);
      const live = await client.get(ref);
      if (live === undefined) throw missing(subject);
      const patches = changes.map((change) => patchOf(live, change));
      return await client.patch(ref, 'json', patches, { manager });
    },
    remove: async (subject) => (await client.delete(await refOf(client, subject))) !== 'absent',
    close: () => client.close(),
  };
}

async function read(client: KubeClient, subject: Subject): Promise<readonly KubeObject[]> {
  const resource = await resourceOf(client, subject.kind);
  if (subject.name !== undefined) {
    const object = await client.get({
      resource,
      namespace: resource.namespaced ? subject.namespace : '',
      name: subject.name,
    });
    if (object === undefined) throw missing(subject);
    return [object];
  }
  const objects: KubeObject[] = [];
  for await (const page of client.list(resource))
    objects.push(
      ...page.items.map((item) => ({
        ...item,
        apiVersion: item.apiVersion ?? versionOf(resource),
        kind: item.kind ?? resource.kind,
      })),
    );
  return objects;
}

function versionOf(resource: ApiResource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

async function refOf(client: KubeClient, subject: Subject): Promise<ObjectRef> {
  const resource = await resourceOf(client, subject.kind);
  return { resource, namespace: resource.namespaced ? subject.namespace : '', name: subject.name ?? '' };
}

async function resourceOf(client: KubeClient, given: string): Promise<ApiResource> {
  const wanted = given.toLowerCase();
  const plural = shortNames[wanted] ?? wanted;
  const { resources } = await client.discover();
  const found = resources.find((one) => one.plural === plural || one.kind.toLowerCase() === wanted);
  if (found !== undefined) return found;
  const near = nearest(
    wanted,
    resources.map((one) => one.kind.toLowerCase()),
  );
  throw new HoldfastError({
    code: 'KindUnknown',
    source: 'user',
    message: `The embedded cluster has no kind ${JSON.stringify(given)}${near === undefined ? '' : `; did you mean "${near}"?`}`,
  });
}

function missing(subject: Subject): HoldfastError {
  const where = subject.namespace === '' ? '' : ` in namespace ${subject.namespace}`;
  return new HoldfastError({
    code: 'ObjectMissing',
    source: 'user',
    message: `There is no ${subject.kind}/${subject.name ?? ''}${where}`,
    next: `holdfast sandbox get ${subject.kind}`,
  });
}

/** A JSON patch for one assignment; parents that are missing are made. */
function patchOf(live: KubeObject, change: Assignment): JsonObject {
  const pointer: string[] = [];
  let value: Json | undefined = live;
  for (const [index, part] of change.path.entries()) {
    if (!isObject(value) && !Array.isArray(value)) {
      const rest = change.path
        .slice(index)
        .reduceRight<Json | undefined>((inner, key) => ({ [key]: inner }), change.value);
      return { op: 'add', path: pointerText(pointer), value: rest ?? null };
    }
    const key: string = Array.isArray(value) ? indexIn(value, part) : part;
    pointer.push(key);
    value = Array.isArray(value) ? (value as readonly Json[])[Number(key)] : value[key];
  }
  if (change.value === undefined) return { op: 'remove', path: pointerText(pointer) };
  return { op: 'add', path: pointerText(pointer), value: change.value };
}

function pointerText(parts: readonly string[]): string {
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** An index as it is written, or the item whose key has the value of `key=value`. */
function indexIn(list: readonly Json[], part: string): string {
  const [key, wanted] = part.split('=');
  if (wanted === undefined) return part;
  const index = list.findIndex((item) => isObject(item) && item[key ?? ''] === wanted);
  if (index >= 0) return String(index);
  throw new HoldfastError({ code: 'PathMissing', source: 'user', message: `No item of the list has ${part}` });
}

/** `spec.replicas=5`, `spec.template.spec.containers[name=web].image=x`, `data.key-` (removes). Values are JSON where they parse as such. */
export function parseAssignment(text: string): Assignment {
  const removes = text.endsWith('-') && !text.includes('=');
  const split = /^((?:[^=[\]]|\[[^\]]*\])+)=(.*)$/s.exec(text);
  const left = removes ? text.slice(0, -1) : split?.[1];
  if (left === undefined)
    throw new HoldfastError({
      code: 'Usage',
      source: 'user',
      message: `${JSON.stringify(text)} is not a change`,
      next: 'Write PATH=VALUE, for example spec.replicas=5, or PATH- to remove',
    });
  const path = left.split(/\.(?![^[]*\])/).flatMap((part) => part.split(/\[|\]/).filter((piece) => piece !== ''));
  return { path, value: removes ? undefined : parseValue(split?.[2] ?? '') };
}

function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
