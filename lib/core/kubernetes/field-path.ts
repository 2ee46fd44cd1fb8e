// Field paths as the API server writes them in conflicts: `.spec.containers[name="web"].image`, `.metadata.finalizers[="x"]`.
import { canonicalJson, isObject, type Json, type JsonObject } from '../json.ts';
import type { KubeObject } from './object.ts';

/** The same path as people read it: no leading dot, keys without quotes. */
export function displayPath(path: string): string {
  const plain = path.replace(/([[,][^[\]=,]*)="((?:[^"\\]|\\.)*)"/g, '$1=$2');
  return plain.startsWith('.') ? plain.slice(1) : plain;
}

type Visit = (parent: Json, key: string | number) => Json | undefined;

/** Whether a list item is the one that `[a="b",c=1]` names. */
function matchesKey(item: Json, selector: string): boolean {
  if (selector.startsWith('=')) return canonicalJson(item) === selector.slice(1);
  if (!isObject(item)) return false;
  let rest = selector;
  while (rest !== '') {
    const name = rest.slice(0, rest.indexOf('='));
    const wanted = `${name}=${canonicalJson(item[name])}`;
    if (name === '' || !rest.startsWith(wanted)) return false;
    rest = rest.slice(wanted.length).replace(/^,/, '');
  }
  return true;
}

/** Ends of selectors: a `]` inside a quoted value does not count. */
function selectorEnd(path: string): number {
  let quoted = false;
  for (let index = 1; index < path.length; index += 1) {
    if (path[index] === '\\') index += 1;
    else if (path[index] === '"') quoted = !quoted;
    else if (path[index] === ']' && !quoted) return index;
  }
  return -1;
}

/**
 * Finds what a path names and calls `visit` with its parent. Names may hold dots (`.metadata.labels.app.kubernetes.io/name`), so
 * the object decides where a name ends. Answers what `visit` answers, put back into copies of the parents.
 */
function edit(value: Json, path: string, visit: Visit): Json | undefined {
  if (path.startsWith('[')) {
    const end = selectorEnd(path);
    if (end < 0 || !Array.isArray(value)) return undefined;
    const items = value as readonly Json[];
    const selector = path.slice(1, end);
    const number = /^\d+$/.test(selector) ? Number(selector) : -1;
    const index = number >= 0 ? number : items.findIndex((item) => matchesKey(item, selector));
    const item = items[index];
    if (item === undefined) return undefined;
    const rest = path.slice(end + 1);
    if (rest === '') return visit(items, index);
    const inner = edit(item, rest, visit);
    return inner === undefined ? undefined : items.map((other, at) => (at === index ? inner : other));
  }
  if (!path.startsWith('.') || !isObject(value)) return undefined;
  const below = path.slice(1);
  const names = Object.keys(value).filter((name) => below.startsWith(name));
  for (const name of names.sort((a, b) => b.length - a.length)) {
    const rest = below.slice(name.length);
    if (rest === '') return visit(value, name);
    if (!rest.startsWith('.') && !rest.startsWith('[')) continue;
    const inner = edit(value[name] ?? null, rest, visit);
    if (inner !== undefined) return { ...value, [name]: inner };
  }
  return undefined;
}

function without(parent: Json, key: string | number): Json {
  if (Array.isArray(parent)) return (parent as readonly Json[]).filter((_, index) => index !== key);
  const { [String(key)]: _, ...rest } = parent as JsonObject;
  return rest;
}

/** The object without the fields that these paths name. Paths that it does not have change nothing. */
export function stripPaths(object: KubeObject, paths: readonly string[]): KubeObject {
  let result: Json = object;
  for (const path of paths) result = edit(result, path, without) ?? result;
  return result as KubeObject;
}

/** The value at a path; undefined when there is none. A leading dot may be missing, as in the causes of a refusal. */
export function valueAt(object: KubeObject, path: string): Json | undefined {
  let found: Json | undefined;
  edit(object, path.startsWith('.') || path.startsWith('[') ? path : `.${path}`, (parent, key) => {
    found = Array.isArray(parent) ? (parent as readonly Json[])[Number(key)] : (parent as JsonObject)[String(key)];
    return parent;
  });
  return found;
}
