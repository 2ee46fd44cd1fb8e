// The text of kubeconfig files: parsed, and several merged into one as kubectl does.
import { LineCounter, parseDocument } from 'yaml';
import { HoldfastError } from '../../core/errors.ts';
import { isObject, type JsonObject } from '../../core/json.ts';
import { text } from './json-read.ts';

/** A cluster, user or context, and the file that holds it: paths in it are relative to that file. */
export interface NamedEntry {
  readonly what: 'context' | 'cluster' | 'user';
  readonly name: string;
  readonly file: string;
  readonly value: JsonObject;
}

export interface Kubeconfig {
  readonly currentContext: string;
  readonly contexts: ReadonlyMap<string, NamedEntry>;
  readonly clusters: ReadonlyMap<string, NamedEntry>;
  readonly users: ReadonlyMap<string, NamedEntry>;
}

export const emptyKubeconfig: Kubeconfig = {
  currentContext: '',
  contexts: new Map(),
  clusters: new Map(),
  users: new Map(),
};

/** One file. Throws `KubeconfigInvalid`; the message quotes nothing of the file, because it holds secrets. */
export function parseKubeconfig(content: string, file: string): Kubeconfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter, prettyErrors: false, logLevel: 'silent' });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    throw invalid(file, `${file}:${line}:${col}`, `not YAML (${error.code})`);
  }
  const root: unknown = document.toJS();
  // An empty file is an empty kubeconfig: tools create one before they write to it.
  if (root === null || root === undefined) return emptyKubeconfig;
  if (!isObject(root)) throw invalid(file, file, 'not a mapping');
  return {
    currentContext: text(root['current-context']),
    contexts: entries(root.contexts, 'context', file),
    clusters: entries(root.clusters, 'cluster', file),
    users: entries(root.users, 'user', file),
  };
}

/** Of two entries with one name, and of two current contexts, the first file's counts. */
export function mergeKubeconfig(first: Kubeconfig, second: Kubeconfig): Kubeconfig {
  return {
    currentContext: first.currentContext === '' ? second.currentContext : first.currentContext,
    contexts: new Map([...second.contexts, ...first.contexts]),
    clusters: new Map([...second.clusters, ...first.clusters]),
    users: new Map([...second.users, ...first.users]),
  };
}

function entries(list: unknown, what: NamedEntry['what'], file: string): Map<string, NamedEntry> {
  const found = new Map<string, NamedEntry>();
  if (list === null || list === undefined) return found;
  if (!Array.isArray(list)) throw invalid(file, file, `${what}s is not a list`);
  for (const item of list as unknown[]) {
    if (!isObject(item)) continue;
    const name = text(item.name);
    const value = isObject(item[what]) ? item[what] : {};
    // Like kubectl: the first of two with one name counts.
    if (name !== '' && !found.has(name)) found.set(name, { what, name, file, value });
  }
  return found;
}

function invalid(file: string, where: string, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'KubeconfigInvalid',
    source: 'user',
    message: `${where}: this is no kubeconfig: ${reason}`,
    object: file,
    reason,
    next: 'kubectl config view',
  });
}
