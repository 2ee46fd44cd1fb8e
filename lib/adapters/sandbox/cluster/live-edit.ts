// Changing a live object by hand, as `kubectl edit`, `scale`, `set` and `delete` do: the way one tries drift. Works through the HTTP API and a
// kubeconfig, so the cluster may run in another process.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { parse } from 'yaml';
import { HoldfastError } from '../../../core/errors.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { isList, isMap, listAt, mapAt, textAt } from './json.ts';

/** Which object, as one types it: `deployment/web`, `deploy/web`, `configmaps/settings`. */
export interface LiveObject {
  /** Kind, plural, singular or short name, with or without group. */
  readonly kind: string;
  readonly name: string;
  /** Ignored for kinds without namespaces; `default` when absent. */
  readonly namespace?: string;
}

/** The field manager of an edit by hand, as kubectl writes it. */
const EDITOR = 'kubectl-edit';
const SCALER = 'kubectl';

/** Splits `deployment/web`. */
export function parseLiveObject(text: string, namespace?: string): LiveObject {
  const [kind = '', name = '', ...more] = text.split('/');
  if (kind === '' || name === '' || more.length > 0) {
    throw new HoldfastError({
      code: 'SandboxObjectName',
      source: 'user',
      message: `'${text}' does not name an object: write kind/name, for example deployment/web.`,
      object: text,
    });
  }
  return namespace === undefined ? { kind, name } : { kind, name, namespace };
}

/** The live object. */
export async function readLive(kubeconfigPath: string, object: LiveObject): Promise<JsonObject> {
  const { connection, path } = await locate(kubeconfigPath, object);
  return call(connection, { method: 'GET', path });
}

/** Merges a change into the live object (JSON merge patch: null removes), as manager `kubectl-edit`. */
export async function editLive(kubeconfigPath: string, object: LiveObject, change: JsonObject): Promise<JsonObject> {
  const { connection, path } = await locate(kubeconfigPath, object);
  const contentType = 'application/merge-patch+json';
  return call(connection, { method: 'PATCH', path: `${path}?fieldManager=${EDITOR}`, body: change, contentType });
}

/** Replaces the live object by an edited copy of it; refused when it was changed meanwhile. */
export async function replaceLive(kubeconfigPath: string, object: LiveObject, edited: JsonObject): Promise<JsonObject> {
  const { connection, path } = await locate(kubeconfigPath, object);
  return call(connection, { method: 'PUT', path: `${path}?fieldManager=${EDITOR}`, body: edited });
}

/**
 * Sets one field. The path is dotted, entries of lists are chosen by number or by a field: `spec.template.spec.containers[name=web].image`,
 * `data.greeting`, `spec.ports[0].port`. A key with dots is quoted: `metadata.annotations["a.b/c"]`. `undefined` removes the field.
 */
export async function setLive(
  kubeconfigPath: string,
  object: LiveObject,
  field: string,
  value: Json | undefined,
): Promise<JsonObject> {
  const { connection, path } = await locate(kubeconfigPath, object);
  const live = await call(connection, { method: 'GET', path });
  const changed = setAt(live, parseField(field), value, field);
  return call(connection, {
    method: 'PUT',
    path: `${path}?fieldManager=${EDITOR}`,
    body: isMap(changed) ? changed : {},
  });
}

/** Sets the number of replicas through the scale subresource, as `kubectl scale` does. */
export async function scaleLive(kubeconfigPath: string, object: LiveObject, replicas: number): Promise<JsonObject> {
  const { connection, path } = await locate(kubeconfigPath, object);
  const contentType = 'application/merge-patch+json';
  const body = { spec: { replicas } };
  return call(connection, { method: 'PATCH', path: `${path}/scale?fieldManager=${SCALER}`, body, contentType });
}

/** Deletes the live object, its dependents in the background. */
export async function deleteLive(kubeconfigPath: string, object: LiveObject): Promise<void> {
  const { connection, path } = await locate(kubeconfigPath, object);
  await call(connection, { method: 'DELETE', path, body: { propagationPolicy: 'Background' } });
}

type Step = string | number | { readonly key: string; readonly value: string };

function parseField(field: string): Step[] {
  const steps: Step[] = [];
  const pattern = /\.?(?:\["([^"]*)"\]|\[(\d+)\]|\[([^=\]]+)=([^\]]*)\]|([^.[\]]+))/gy;
  let end = 0;
  for (const match of field.matchAll(pattern)) {
    const [whole, quoted, index, key, value = '', name] = match;
    end = match.index + whole.length;
    if (index !== undefined) steps.push(Number(index));
    else if (key !== undefined) steps.push({ key, value });
    else steps.push(quoted ?? name ?? '');
  }
  if (end !== field.length || steps.length === 0) throw noSuchField(field);
  return steps;
}

function setAt(
  target: Json | undefined,
  steps: readonly Step[],
  value: Json | undefined,
  field: string,
): Json | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (typeof step === 'string') {
    const source = target ?? {};
    if (!isMap(source)) throw noSuchField(field);
    const { [step]: before, ...others } = source;
    const after = setAt(before, rest, value, field);
    return after === undefined ? others : { ...source, [step]: after };
  }
  const list = isList(target) ? target : [];
  const index =
    typeof step === 'number'
      ? step
      : list.findIndex((entry) => isMap(entry) && JSON.stringify(entry[step.key])?.replaceAll('"', '') === step.value);
  if (index < 0 || index >= list.length) throw noSuchField(field);
  const after = setAt(list[index], rest, value, field);
  return after === undefined ? list.toSpliced(index, 1) : list.with(index, after);
}

function noSuchField(field: string): HoldfastError {
  return new HoldfastError({
    code: 'SandboxFieldPath',
    source: 'user',
    message: `The object has no place for the field '${field}'.`,
    object: field,
    next: 'Write it like spec.template.spec.containers[name=web].image',
  });
}

interface Connection {
  readonly server: string;
  readonly ca: Buffer;
  readonly token: string;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: JsonObject;
  readonly contentType?: string;
  readonly accept?: string;
}

/** Finds the resource by any of its names, as kubectl does. */
async function locate(kubeconfigPath: string, object: LiveObject): Promise<{ connection: Connection; path: string }> {
  const connection = connect(kubeconfigPath);
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  for (const root of ['/api', '/apis']) {
    const discovery = await call(connection, { method: 'GET', path: root, accept });
    for (const item of listAt(discovery, 'items')) {
      const group = textAt(item, 'metadata', 'name') ?? '';
      for (const version of listAt(item, 'versions')) {
        const found = listAt(version, 'resources').find((resource) => isNamed(resource, group, object.kind));
        if (found === undefined) continue;
        const versionName = textAt(version, 'version') ?? '';
        const base = group === '' ? `/api/${versionName}` : `/apis/${group}/${versionName}`;
        const place =
          textAt(found, 'scope') === 'Namespaced'
            ? `/namespaces/${encodeURIComponent(object.namespace ?? 'default')}`
            : '';
        return {
          connection,
          path: `${base}${place}/${textAt(found, 'resource') ?? ''}/${encodeURIComponent(object.name)}`,
        };
      }
    }
  }
  throw new HoldfastError({
    code: 'SandboxUnknownKind',
    source: 'user',
    message: `The sandbox cluster serves nothing called '${object.kind}'.`,
    object: `${object.kind}/${object.name}`,
  });
}

function isNamed(resource: Json, group: string, wanted: string): boolean {
  const name = wanted.toLowerCase();
  const names = [
    textAt(resource, 'resource'),
    textAt(resource, 'singularResource'),
    textAt(resource, 'responseKind', 'kind')?.toLowerCase(),
    ...listAt(resource, 'shortNames'),
  ].filter((one) => typeof one === 'string');
  return names.some((one) => one === name || `${one}.${group}` === name);
}

function connect(kubeconfigPath: string): Connection {
  let config: Json;
  try {
    config = parse(readFileSync(kubeconfigPath, 'utf8'));
  } catch (cause) {
    throw notRunning(kubeconfigPath, cause);
  }
  const cluster = mapAt(listAt(config, 'clusters')[0], 'cluster');
  return {
    server: textAt(cluster, 'server') ?? '',
    ca: Buffer.from(textAt(cluster, 'certificate-authority-data') ?? '', 'base64'),
    token: textAt(listAt(config, 'users')[0], 'user', 'token') ?? '',
  };
}

function notRunning(kubeconfigPath: string, cause: unknown): HoldfastError {
  return new HoldfastError({
    code: 'SandboxNotRunning',
    source: 'user',
    message: 'The sandbox cluster of this data directory is not running.',
    object: kubeconfigPath,
    next: 'holdfast up',
    cause,
  });
}

function call(connection: Connection, { method, path, body, contentType, accept }: Call): Promise<JsonObject> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string | number> = {
    accept: accept ?? 'application/json',
    authorization: `Bearer ${connection.token}`,
    'user-agent': 'holdfast-sandbox',
    ...(text === undefined
      ? {}
      : { 'content-type': contentType ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, connection.server), { method, headers, ca: connection.ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString();
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(answer));
        else reject(refused(response.statusCode ?? 500, answer, path));
      });
    });
    sent.on('error', (cause) => reject(notRunning(connection.server, cause)));
    sent.end(text);
  });
}

function refused(status: number, answer: string, path: string): HoldfastError {
  let reason = answer.trim();
  try {
    reason = textAt(JSON.parse(answer), 'message') ?? reason;
  } catch {
    // A few answers are plain text, and say what they say.
  }
  return new HoldfastError({
    code: 'SandboxRefused',
    source: 'user',
    message: `The sandbox cluster refused the change (${status}).`,
    object: path.split('?')[0] ?? path,
    reason,
  });
}
