// The Kubernetes client: the verbs of the API over kept connections. It leaves objects as they are: no models, no lost fields.
import { isObject, type JsonObject } from '../../core/json.ts';
import type { KubeObject } from '../../core/kubernetes/object.ts';
import { readItems, readJson, readObject, readWarnings } from './answer.ts';
import { Caller, type ClientOptions } from './caller.ts';
import type { ClusterConnection } from './connection.ts';
import { discover, type DiscoveryAnswer } from './discovery.ts';
import { isKubeError, KubeApiError } from './errors.ts';
import { strings, text } from './json-read.ts';
import { collectionPath, objectPath, queryText } from './paths.ts';
import type * as kube from './types.ts';
import { watchEvents } from './watch.ts';

const patchTypes: Record<kube.PatchKind, string> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** What is an answer of discovery, not a refusal: not modified, not served, and a group whose own server is dead. */
function discoveryAnswers(path: string): readonly number[] {
  const isRoot = path.indexOf('/', 1) < 0;
  return isRoot ? [304, 404] : [404, 503];
}

const metadataListAccept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';

/** A client for one cluster and one identity. Nothing is sent before the first call. */
export function createKubeClient(connection: ClusterConnection, options: ClientOptions = {}): kube.KubeClient {
  return new HttpKubeClient(new Caller(connection, options));
}

class HttpKubeClient implements kube.KubeClient {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  get server(): string {
    return this.#caller.server;
  }

  async apply(resource: kube.ApiResource, object: KubeObject, options: kube.ApplyOptions): Promise<kube.ApplyResult> {
    const { uid, resourceVersion } = options;
    const ref = refOf(resource, object);
    const preconditions = uid !== undefined || resourceVersion !== undefined;
    const sent = preconditions
      ? {
          ...object,
          metadata: { ...object.metadata, ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
        }
      : object;
    const query = queryText({
      fieldManager: options.manager,
      force: options.force === true ? 'true' : 'false',
      fieldValidation: options.fieldValidation ?? 'Strict',
      dryRun: options.dryRun === true ? 'All' : undefined,
    });
    const reply = await this.#caller.call(
      {
        verb: options.dryRun === true ? 'dry-run' : 'apply',
        method: 'PATCH',
        path: objectPath(ref) + query,
        contentType: 'application/apply-patch+yaml',
        body: JSON.stringify(sent),
        safe: true,
        ...ref,
      },
      options,
    );
    return { object: readObject(reply, ref), created: reply.status === 201, warnings: readWarnings(reply) };
  }

  async create(resource: kube.ApiResource, object: KubeObject, options: kube.CreateOptions): Promise<KubeObject> {
    const ref = refOf(resource, object);
    const query = queryText({ fieldManager: options.manager, dryRun: options.dryRun === true ? 'All' : undefined });
    const reply = await this.#caller.call(
      {
        verb: options.dryRun === true ? 'dry-run' : 'create',
        method: 'POST',
        path: collectionPath(resource, ref.namespace) + query,
        body: JSON.stringify(object),
        // A lost answer cannot be told from a refusal: the second try would be AlreadyExists.
        safe: false,
        ...ref,
      },
      options,
    );
    return readObject(reply, ref);
  }

  async patch(
    ref: kube.ObjectRef,
    kind: kube.PatchKind,
    body: JsonObject | readonly JsonObject[],
    options: kube.PatchOptions,
  ): Promise<KubeObject> {
    const query = queryText({ fieldManager: options.manager, dryRun: options.dryRun === true ? 'All' : undefined });
    const subresource = options.subresource === undefined ? '' : `/${options.subresource}`;
    const reply = await this.#caller.call(
      {
        verb: options.dryRun === true ? 'dry-run' : 'patch',
        method: 'PATCH',
        path: objectPath(ref) + subresource + query,
        contentType: patchTypes[kind],
        body: JSON.stringify(body),
        // A JSON patch may add to a list each time.
        safe: kind !== 'json',
        ...ref,
      },
      options,
    );
    return readObject(reply, ref);
  }

  async get(ref: kube.ObjectRef, options: kube.CallOptions = {}): Promise<KubeObject | undefined> {
    try {
      const path = objectPath(ref);
      return readObject(
        await this.#caller.call({ verb: 'get', method: 'GET', path, safe: true, ...ref }, options),
        ref,
      );
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async *list(resource: kube.ApiResource, options: kube.ListOptions = {}): AsyncGenerator<kube.ListPage, void> {
    const { namespace = '', labelSelector, fieldSelector, metadataOnly = false } = options;
    const subject = { resource, namespace };
    const path = collectionPath(resource, namespace);
    const accept = metadataOnly ? { accept: metadataListAccept } : {};
    let next: string | undefined;
    do {
      const query = queryText({ labelSelector, fieldSelector, limit: options.pageSize ?? 500, continue: next });
      const reply = await this.#caller.call(
        { verb: 'list', method: 'GET', path: path + query, safe: true, gzip: true, ...accept, ...subject },
        options,
      );
      const body = readJson(reply, path);
      const metadata = isObject(body.metadata) ? body.metadata : {};
      next = typeof metadata.continue === 'string' && metadata.continue !== '' ? metadata.continue : undefined;
      yield {
        items: readItems(body, { resource, metadataOnly, about: path }),
        resourceVersion: text(metadata.resourceVersion),
      };
    } while (next !== undefined);
  }

  async delete(ref: kube.ObjectRef, options: kube.DeleteOptions = {}): Promise<kube.DeleteResult> {
    const { uid, resourceVersion } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagation ?? 'Background',
      ...(uid === undefined && resourceVersion === undefined ? {} : { preconditions: { uid, resourceVersion } }),
      ...(options.dryRun === true ? { dryRun: ['All'] } : {}),
    };
    try {
      const reply = await this.#caller.call(
        { verb: 'delete', method: 'DELETE', path: objectPath(ref), body: JSON.stringify(body), safe: true, ...ref },
        options,
      );
      const answer = readJson(reply, ref.name);
      const deleting = isObject(answer.metadata) && answer.metadata.deletionTimestamp !== undefined;
      return answer.kind !== 'Status' && deleting ? 'deleting' : 'deleted';
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return 'absent';
      throw error;
    }
  }

  watch(resource: kube.ApiResource, options: kube.WatchOptions = {}): AsyncGenerator<kube.WatchEvent, void> {
    return watchEvents(this.#caller, resource, options);
  }

  async selfSubjectRules(namespace: string, options: kube.CallOptions = {}): Promise<kube.AccessRules> {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
    const body = JSON.stringify(review);
    const reply = await this.#caller.call({ verb: 'rules', method: 'POST', path, body, safe: true }, options);
    const { status } = readJson(reply, path);
    const rules = isObject(status) && Array.isArray(status.resourceRules) ? status.resourceRules.filter(isObject) : [];
    return {
      rules: rules.map((rule) => ({
        verbs: strings(rule.verbs),
        groups: strings(rule.apiGroups),
        resources: strings(rule.resources),
        names: strings(rule.resourceNames),
      })),
      incomplete: !isObject(status) || status.incomplete === true,
    };
  }

  discover(previous?: kube.ApiDirectory, options: kube.CallOptions = {}): Promise<kube.ApiDirectory> {
    const get = async (path: string, accept: string, etag: string | undefined): Promise<DiscoveryAnswer> => {
      const reply = await this.#caller.call(
        {
          verb: 'discovery',
          method: 'GET',
          path,
          accept,
          safe: true,
          gzip: true,
          answers: discoveryAnswers(path),
          ...(etag === undefined ? {} : { etag }),
        },
        options,
      );
      const { status } = reply;
      if (status === 304 || status === 404 || status === 503) return { status };
      const { etag: now } = reply.headers;
      return { status: 200, body: readJson(reply, path), ...(now === undefined ? {} : { etag: now }) };
    };
    return discover(get, previous);
  }

  async version(options: kube.CallOptions = {}): Promise<kube.ServerVersion> {
    const reply = await this.#caller.call({ verb: 'discovery', method: 'GET', path: '/version', safe: true }, options);
    const body = readJson(reply, '/version');
    return { gitVersion: text(body.gitVersion), major: text(body.major), minor: text(body.minor) };
  }

  counts(): kube.RequestCounts {
    return this.#caller.counts();
  }

  close(): void {
    this.#caller.close();
  }
}

/** Where an object goes. One without a name, or without the namespace that its kind needs, would reach another URL. */
function refOf(resource: kube.ApiResource, object: KubeObject): kube.ObjectRef {
  const { name = '', namespace = '' } = object.metadata;
  if (name !== '' && (namespace !== '' || !resource.namespaced)) return { resource, namespace, name };
  const what = name === '' ? 'name' : 'namespace';
  const message = `${object.kind}/${name}: the object has no ${what}`;
  throw new KubeApiError({ code: 'BadRequest', source: 'user', status: 0, retryable: false, message });
}
