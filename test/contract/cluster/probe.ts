// What a case of the cluster contract gets: the client, a namespace of its own, and shorthands.
import { lookupKind } from '../../../lib/adapters/kube/discovery.ts';
import { isKubeError, type KubeApiError } from '../../../lib/adapters/kube/errors.ts';
import type {
  ApiDirectory,
  ApiResource,
  ApplyOptions,
  KubeClient,
  ObjectRef,
} from '../../../lib/adapters/kube/types.ts';
import type { Json, JsonObject } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';

/** One promise of a cluster. `name` is what a list of deviations names. */
export interface ContractCase {
  readonly name: string;
  readonly run: (probe: ClusterProbe) => Promise<void>;
}

interface ManagedFieldsEntry extends JsonObject {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly time: string;
  readonly fieldsType: string;
  readonly fieldsV1: JsonObject;
}

export class ClusterProbe {
  readonly client: KubeClient;
  readonly namespace: string;
  #directory: ApiDirectory;

  constructor(client: KubeClient, directory: ApiDirectory, namespace: string) {
    this.client = client;
    this.namespace = namespace;
    this.#directory = directory;
  }

  get directory(): ApiDirectory {
    return this.#directory;
  }

  /** Asks the cluster again what it serves. */
  async rediscover(): Promise<ApiDirectory> {
    this.#directory = await this.client.discover(this.#directory);
    return this.#directory;
  }

  resource(apiVersion: string, kind: string): ApiResource {
    const found = lookupKind(this.#directory, apiVersion, kind);
    if (found.state !== 'found') throw new Error(`${apiVersion} ${kind} is ${found.state}`);
    return found.resource;
  }

  ref(object: KubeObject): ObjectRef {
    const { name = '', namespace = '' } = object.metadata;
    return { resource: this.resource(object.apiVersion, object.kind), namespace, name };
  }

  /** Server-side apply, by manager `m1` unless said otherwise. */
  async apply(object: KubeObject, options: Partial<ApplyOptions> = {}): Promise<KubeObject> {
    const resource = this.resource(object.apiVersion, object.kind);
    return (await this.client.apply(resource, object, { manager: 'm1', ...options })).object;
  }

  get(object: KubeObject): Promise<KubeObject | undefined> {
    return this.client.get(this.ref(object));
  }

  /** The object, which must be there. */
  async live(object: KubeObject): Promise<KubeObject> {
    const live = await this.get(object);
    if (live === undefined) throw new Error(`${object.kind}/${object.metadata.name} is not there`);
    return live;
  }

  /** Changes an object as a person does with `kubectl edit`. */
  edit(object: KubeObject, patch: JsonObject, manager = 'kubectl-edit'): Promise<KubeObject> {
    return this.client.patch(this.ref(object), 'merge', patch, { manager });
  }

  configMap(name: string, data: JsonObject = { k: 'v' }, metadata: JsonObject = {}): KubeObject {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: this.namespace, ...metadata }, data };
  }

  /** A Deployment that selects `app: <name>`; `pod` and `spec` are merged over a minimal one. */
  deployment(
    name: string,
    containers: readonly JsonObject[] = [{ name: 'web', image: 'web:1' }],
    spec: JsonObject = {},
  ): KubeObject {
    const labels = { app: name };
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: this.namespace },
      spec: {
        replicas: 0,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
        ...spec,
      },
    };
  }
}

/** The error that a call ends with; fails when it does not. */
export async function refusalOf(call: Promise<unknown>): Promise<KubeApiError> {
  try {
    await call;
  } catch (error) {
    if (isKubeError(error)) return error;
    throw error;
  }
  throw new Error('the cluster accepted what it should refuse');
}

/** The ownership records of an object, as they come. */
export function managedFields(object: KubeObject): readonly ManagedFieldsEntry[] {
  return (object.metadata.managedFields ?? []) as unknown as readonly ManagedFieldsEntry[];
}

/** The record of one manager. */
export function managedBy(object: KubeObject, manager: string): ManagedFieldsEntry | undefined {
  return managedFields(object).find((entry) => entry.manager === manager);
}

/** A value inside an object: keys and list indexes. */
export function at(value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined {
  return path.reduce<Json | undefined>(
    (inner, key) => (inner as Record<string | number, Json> | undefined)?.[key],
    value,
  );
}

/** Containers of a workload's Pod template. */
export function containersOf(object: KubeObject): readonly JsonObject[] {
  return at(object, 'spec', 'template', 'spec', 'containers') as readonly JsonObject[];
}
