// From a kubeconfig to a cluster connection: which file, which context, and what its cluster and user say.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { nearest } from '../../core/config/nearest.ts';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { type ClusterConnection, type CredentialSource, fixedCredentials } from './connection.ts';
import { execCredentials } from './exec-credentials.ts';
import { readExecSpec } from './exec-spec.ts';
import {
  emptyKubeconfig,
  type Kubeconfig,
  mergeKubeconfig,
  type NamedEntry,
  parseKubeconfig,
} from './kubeconfig-file.ts';
import { strings, text } from './json-read.ts';
import { tokenFileCredentials } from './token-file.ts';

export interface KubeconfigOptions {
  /** Path of the file; `KUBECONFIG` (several, joined), then `~/.kube/config`, when absent. */
  readonly file?: string;
  /** Name of the context; the file's current context when absent. */
  readonly context?: string;
  /** Environment for `KUBECONFIG`, `HOME` and exec plugins. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Wall clock in milliseconds, for credentials that expire. Default: `Date.now`. */
  readonly now?: () => number;
}

export interface LoadedKubeconfig {
  readonly connection: ClusterConnection;
  readonly context: string;
  readonly cluster: string;
  /** Namespace of the context, when it has one. */
  readonly namespace?: string;
}

/**
 * Reads the kubeconfig and resolves one context. Throws HoldfastError with code `Kubeconfig…`.
 * A token or certificate that the server refuses is read again: whoever runs for months must live through a rotation.
 */
export async function loadKubeconfig(options: KubeconfigOptions = {}): Promise<LoadedKubeconfig> {
  const loaded = await readContext(options);
  const { connection } = loaded;
  if (connection.credentials.renewable) return loaded;
  const again = async (): Promise<ClusterConnection> =>
    (await readContext({ ...options, context: loaded.context })).connection;
  return { ...loaded, connection: { ...connection, credentials: rereadCredentials(connection, again) } };
}

function rereadCredentials(first: ClusterConnection, again: () => Promise<ClusterConnection>): CredentialSource {
  let source = first.credentials;
  return {
    renewable: true,
    current: () => source.current(),
    renew: async (rejected) => {
      if (source.renewable) return await source.renew(rejected);
      const next = await again();
      // What proves our identity to another cluster is not sent to this one.
      if (next.server === first.server) source = next.credentials;
      return source.current() ?? (await source.renew());
    },
  };
}

async function readContext(options: KubeconfigOptions): Promise<LoadedKubeconfig> {
  const { config, files } = await readFiles(options);
  const contextName = options.context ?? config.currentContext;
  if (contextName === '') throw noContext(config, files);
  const context = named('context', config.contexts, contextName, files);
  const clusterName = text(context.value.cluster);
  const cluster = named('cluster', config.clusters, clusterName, files);
  const userName = text(context.value.user);
  const user = userName === '' ? undefined : named('user', config.users, userName, files);
  const namespace = text(context.value.namespace);
  return {
    connection: await connectionOf(cluster, user, options),
    context: contextName,
    cluster: clusterName,
    ...(namespace === '' ? {} : { namespace }),
  };
}

async function readFiles(options: KubeconfigOptions): Promise<{ config: Kubeconfig; files: readonly string[] }> {
  const env = options.env ?? process.env;
  const listed = (env.KUBECONFIG ?? '').split(path.delimiter).filter((entry) => entry !== '');
  const standard = path.join(env.HOME ?? homedir(), '.kube', 'config');
  const explicit = options.file !== undefined;
  const files = options.file !== undefined ? [options.file] : listed.length > 0 ? listed : [standard];
  let config = emptyKubeconfig;
  let found = 0;
  for (const file of files) {
    const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      // A file that KUBECONFIG lists may be missing, as long as another one is there: kubectl does the same.
      if (error.code === 'ENOENT' && !explicit) return undefined;
      throw missing([file], error.code ?? error.message, explicit);
    });
    if (content === undefined) continue;
    found++;
    config = mergeKubeconfig(config, parseKubeconfig(content, path.resolve(file)));
  }
  if (found === 0) throw missing(files, 'ENOENT', false);
  return { config, files };
}

function missing(files: readonly string[], reason: string, named: boolean): HoldfastError {
  return new HoldfastError({
    code: 'KubeconfigMissing',
    source: 'user',
    message: `No kubeconfig can be read at ${files.join(', ')}`,
    reason: reason === 'ENOENT' ? 'there is no such file' : reason,
    next: named
      ? 'Check --kubeconfig and the `file` of the target'
      : 'export KUBECONFIG=FILE, or give --kubeconfig FILE',
  });
}

function noContext(config: Kubeconfig, files: readonly string[]): HoldfastError {
  const names = [...config.contexts.keys()];
  return new HoldfastError({
    code: 'KubeconfigNoContext',
    source: 'user',
    message: `${files.join(', ')} has no current context, and none was named`,
    reason: names.length === 0 ? 'it has no contexts at all' : `its contexts: ${names.join(', ')}`,
    next: `kubectl config use-context ${names[0] ?? 'NAME'}`,
  });
}

function named(
  what: 'context' | 'cluster' | 'user',
  entries: ReadonlyMap<string, NamedEntry>,
  name: string,
  files: readonly string[],
): NamedEntry {
  const entry = entries.get(name);
  if (entry !== undefined) return entry;
  const names = [...entries.keys()];
  const near = nearest(name, names);
  const known = names.length === 0 ? `it has no ${what}s` : `its ${what}s: ${names.join(', ')}`;
  throw new HoldfastError({
    code: what === 'context' ? 'KubeconfigUnknownContext' : 'KubeconfigInvalid',
    source: 'user',
    message: `${files.join(', ')} has no ${what} '${name}'`,
    reason: near === undefined ? known : `did you mean '${near}'? (${known})`,
    next: 'kubectl config get-contexts',
  });
}

async function connectionOf(
  cluster: NamedEntry,
  user: NamedEntry | undefined,
  options: KubeconfigOptions,
): Promise<ClusterConnection> {
  const { value } = cluster;
  const server = text(value.server);
  const url = URL.parse(server);
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid(cluster, `server '${server}' is not an http(s) URL`);
  }
  if (text(value['proxy-url']) !== '') throw invalid(cluster, 'proxy-url is not supported');
  const ca = await pem(cluster, 'certificate-authority');
  const serverName = text(value['tls-server-name']);
  const headers = user === undefined ? {} : impersonation(user);
  return {
    server: server.replace(/\/+$/, ''),
    ...(ca === undefined ? {} : { ca }),
    ...(serverName === '' ? {} : { serverName }),
    ...(value['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    credentials: await credentialsOf(cluster, user, options),
  };
}

async function credentialsOf(
  cluster: NamedEntry,
  user: NamedEntry | undefined,
  options: KubeconfigOptions,
): Promise<CredentialSource> {
  if (user === undefined) return fixedCredentials({});
  const { value } = user;
  if (isObject(value['auth-provider'])) {
    throw invalid(user, 'auth-provider was removed from Kubernetes; use an exec plugin');
  }
  const tls = { cert: await pem(user, 'client-certificate'), key: await pem(user, 'client-key') };
  const certificate = tls.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key };
  const tokenFile = text(value.tokenFile);
  const token = text(value.token);
  const username = text(value.username);
  const now = options.now ?? Date.now;
  // The same precedence as kubectl: a file beats a token, anything fixed beats a plugin.
  if (tokenFile !== '') return tokenFileCredentials({ file: relativeTo(user, tokenFile), certificate, now });
  if (token !== '') return fixedCredentials({ authorization: `Bearer ${token}`, ...certificate });
  if (username !== '') {
    const basic = Buffer.from(`${username}:${text(value.password)}`).toString('base64');
    return fixedCredentials({ authorization: `Basic ${basic}`, ...certificate });
  }
  if (isObject(value.exec)) {
    const spec = readExecSpec(value.exec, user.file);
    const env = options.env ?? process.env;
    return execCredentials({ spec, cluster: await clusterInfo(cluster), certificate, env, now });
  }
  return fixedCredentials(certificate);
}

/** What an exec plugin may learn about the cluster: the entry with files read in, and its own piece of configuration. */
async function clusterInfo(cluster: NamedEntry): Promise<JsonObject> {
  const { extensions, 'certificate-authority': _file, ...rest } = cluster.value;
  const list = Array.isArray(extensions) ? extensions.filter(isObject) : [];
  const config = list.find((extension) => extension.name === 'client.authentication.k8s.io/exec')?.extension;
  const ca = await pem(cluster, 'certificate-authority');
  return {
    ...rest,
    ...(ca === undefined ? {} : { 'certificate-authority-data': ca.toString('base64') }),
    ...(config === undefined ? {} : { config }),
  };
}

/** `<key>-data` (base64) or the file that `<key>` names. */
async function pem(entry: NamedEntry, key: string): Promise<Buffer | undefined> {
  const data = text(entry.value[`${key}-data`]);
  const file = text(entry.value[key]);
  if (data === '' && file === '') return undefined;
  const where = data === '' ? relativeTo(entry, file) : `${key}-data`;
  const content =
    data === ''
      ? await readFile(where).catch((error: NodeJS.ErrnoException) => {
          throw invalid(entry, `${key} ${where} cannot be read (${error.code ?? error.message})`);
        })
      : Buffer.from(data, 'base64');
  if (!content.includes('-----BEGIN ')) throw invalid(entry, `${where} holds no PEM`);
  return content;
}

function relativeTo(entry: NamedEntry, file: string): string {
  return path.resolve(path.dirname(entry.file), file);
}

function impersonation({ value }: NamedEntry): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (text(value.as) !== '') headers['Impersonate-User'] = text(value.as);
  if (text(value['as-uid']) !== '') headers['Impersonate-Uid'] = text(value['as-uid']);
  const groups = strings(value['as-groups']);
  if (groups.length > 0) headers['Impersonate-Group'] = groups;
  const extra = isObject(value['as-user-extra']) ? value['as-user-extra'] : {};
  for (const [key, values] of Object.entries(extra)) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = strings(values);
  }
  return headers;
}

function invalid(entry: NamedEntry, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'KubeconfigInvalid',
    source: 'user',
    message: `${entry.file}: ${entry.what} '${entry.name}' cannot be used: ${reason}`,
    object: entry.file,
    reason,
    next: 'kubectl config view',
  });
}
