// Managed fields: which paths an application owns, the live values at exactly those paths, and the baseline made from both.
import { canonicalJson, type Hmac, isObject, type Json, type JsonObject } from '../json.ts';
import type { KubeObject } from './object.ts';

/** One entry of `metadata.managedFields`. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  readonly time?: string;
  readonly fieldsV1: JsonObject;
}

/** The entries of an object that can be read. */
export function managedEntries(live: KubeObject): readonly ManagedEntry[] {
  const list = live.metadata['managedFields'];
  if (!Array.isArray(list)) return [];
  const entries: ManagedEntry[] = [];
  for (const item of list as readonly Json[]) {
    if (!isObject(item) || !isObject(item['fieldsV1']) || typeof item['manager'] !== 'string') continue;
    entries.push(item as unknown as ManagedEntry);
  }
  return entries;
}

/** The server-side-apply entry of a manager on the object itself (not on a subresource). */
export function managedEntry(live: KubeObject, manager: string): ManagedEntry | undefined {
  return managedEntries(live).find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && !entry.subresource,
  );
}

// A step of a path: `f:name`, `k:{"name":"web"}`, `v:"x"`, `i:0`. Parsing keys costs more than walking, and objects
// of one kind share them, so parsed keys are kept by their text.
interface Step {
  readonly kind: 'field' | 'key' | 'value' | 'index';
  readonly name: string;
  readonly fields: readonly (readonly [string, Json])[];
  readonly value: Json;
  /** As the API server writes it in conflicts: `.name`, `[name="web"]`, `[="x"]`, `[0]`. */
  readonly text: string;
}

const steps = new Map<string, Step>();
const maxSteps = 20_000;

function parseStep(key: string): Step {
  const rest = key.slice(2);
  const blank = { name: '', fields: [], value: null };
  if (key.startsWith('f:')) return { ...blank, kind: 'field', name: rest, text: `.${rest}` };
  if (key.startsWith('k:')) {
    const parsed = JSON.parse(rest) as JsonObject;
    const fields = Object.keys(parsed)
      .sort()
      .map((name) => [name, parsed[name] ?? null] as const);
    const text = fields.map(([name, value]) => `${name}=${canonicalJson(value)}`).join(',');
    return { ...blank, kind: 'key', fields, text: `[${text}]` };
  }
  if (key.startsWith('v:')) {
    const value = JSON.parse(rest) as Json;
    return { ...blank, kind: 'value', value, text: `[=${canonicalJson(value)}]` };
  }
  return { ...blank, kind: 'index', name: rest, text: `[${rest}]` };
}

function stepOf(key: string): Step {
  const known = steps.get(key);
  if (known !== undefined) return known;
  if (steps.size >= maxSteps) steps.clear();
  const step = parseStep(key);
  steps.set(key, step);
  return step;
}

function sameJson(a: Json | undefined, b: Json): boolean {
  return a === b || (typeof b === 'object' && canonicalJson(a) === canonicalJson(b));
}

/** The value one step below; undefined when there is none. */
function below(value: Json | undefined, step: Step): Json | undefined {
  if (step.kind === 'field') {
    return isObject(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
  }
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly Json[];
  if (step.kind === 'index') return list[Number(step.name)];
  if (step.kind === 'value') return list.find((item) => sameJson(item, step.value));
  return list.find((item) => isObject(item) && step.fields.every(([name, wanted]) => sameJson(item[name], wanted)));
}

function isLeaf(node: JsonObject): boolean {
  for (const _ in node) return false;
  return true;
}

// One pass that writes path and value together: this runs for every object of every check.
function writeValues(node: JsonObject, value: Json | undefined): string {
  let out = '';
  for (const key in node) {
    if (key === '.') {
      out += value === undefined ? '.0' : '.1';
      continue;
    }
    const child = node[key];
    const at = below(value, stepOf(key));
    if (!isObject(child) || isLeaf(child)) out += `${key}=${at === undefined ? '' : canonicalJson(at)};`;
    else out += `${key}{${writeValues(child, at)}}`;
  }
  return out;
}

/** Paths and live values of one entry as text. Holds values that may be secret: only ever give it to an HMAC. */
export function managedText(live: KubeObject, entry: ManagedEntry): string {
  return `${entry.apiVersion}\n${writeValues(entry.fieldsV1, live)}`;
}

const baselineVersion = 'b1:';

/**
 * Baseline of a live object for a manager: HMAC of its paths and their live values. Equal baselines mean that nothing
 * we own has changed. Undefined when the manager owns nothing, or when the object was read in another version than it
 * was applied in (paths of one version say nothing about values of another).
 */
export function baselineOf(live: KubeObject, manager: string, hmac: Hmac): string | undefined {
  const entry = managedEntry(live, manager);
  if (entry === undefined || entry.apiVersion !== live.apiVersion) return undefined;
  return baselineVersion + hmac(`baseline 1\n${managedText(live, entry)}`).slice(0, 32);
}

/** Every owned path, written as the API server writes them in conflicts: `.spec.containers[name="web"].image`. */
export function pathsOf(fields: JsonObject, prefix = ''): readonly string[] {
  const paths: string[] = [];
  for (const key of Object.keys(fields)) {
    if (key === '.') {
      paths.push(prefix);
      continue;
    }
    const child = fields[key];
    const path = prefix + stepOf(key).text;
    if (!isObject(child) || isLeaf(child)) paths.push(path);
    else for (const inner of pathsOf(child, path)) paths.push(inner);
  }
  return paths;
}

/** Whether two sets of owned paths are the same. */
export function samePaths(a: JsonObject, b: JsonObject): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

// 32 bits per path are enough to tell "ours once" from "never ours": a wrong hit needs a collision inside one object.
function pathHash(path: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < path.length; index += 1) {
    hash = Math.imul(hash ^ path.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Short form of a set of owned paths, 8 characters each: kept in the inventory, so that a conflict can be told from drift. */
export function ownedPaths(live: KubeObject, manager: string): string {
  const entry = managedEntry(live, manager);
  return entry === undefined ? '' : pathsOf(entry.fieldsV1).map(pathHash).join('');
}

/** Whether a path (in the server's spelling) is in a set made by `ownedPaths`. */
export function ownsPath(owned: string, path: string): boolean {
  const wanted = pathHash(path);
  for (let at = 0; at < owned.length; at += 8) {
    if (owned.startsWith(wanted, at)) return true;
  }
  return false;
}

/** `fields` without what `taken` owns as well; undefined when nothing is left. */
export function subtractFields(fields: JsonObject, taken: JsonObject): JsonObject | undefined {
  if (isLeaf(fields)) return undefined;
  const left: Record<string, Json> = {};
  for (const key of Object.keys(fields)) {
    const mine = fields[key];
    const theirs = taken[key];
    // A leaf of theirs is the node itself, written `{}` instead of `{".":{}}`.
    if (theirs === undefined && !(key === '.' && isLeaf(taken))) left[key] = mine ?? {};
    else if (isObject(mine) && isObject(theirs)) {
      const rest = subtractFields(mine, theirs);
      if (rest !== undefined) left[key] = rest;
    }
  }
  return isLeaf(left) ? undefined : left;
}
