// Reads from Go's API sources how each field behaves when it is empty. Only struct declarations and their json tags are looked at.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * One field: how it is written when it is empty (`*` pointer: only null is left out, `?` left out when empty, `!` always written, `~` struct left
 * out when zero), and its protobuf number; an embedded struct is a message of its own there, so it takes a path of numbers.
 */
export interface GoField {
  readonly mark: string;
  readonly numbers: readonly string[];
}

/** The fields of a struct by their JSON names; asked with the full OpenAPI name. */
export type GoFields = (openApiName: string) => ReadonlyMap<string, GoField> | undefined;

interface Struct {
  readonly fields: Map<string, GoField>;
  readonly inlined: { readonly type: string; readonly numbers: readonly string[] }[];
}

const PACKAGES: readonly (readonly [prefix: string, module: string, folder: string])[] = [
  ['io.k8s.api.', 'api', ''],
  ['io.k8s.apimachinery.pkg.apis.', 'apimachinery', 'pkg/apis'],
  ['io.k8s.apiextensions-apiserver.pkg.apis.', 'apiextensions-apiserver', 'pkg/apis'],
  ['io.k8s.kube-aggregator.pkg.apis.', 'kube-aggregator', 'pkg/apis'],
];

/** Reads lazily, one package at a time. `modules` is the `k8s.io` directory of the Go module cache, `version` like `v0.36.3`. */
export function goFields(modules: string, version: string): GoFields {
  const packages = new Map<string, Map<string, Struct>>();
  const structsOf = (folder: string): Map<string, Struct> => {
    const known = packages.get(folder);
    if (known !== undefined) return known;
    const structs = new Map<string, Struct>();
    for (const file of globSync('types*.go', { cwd: folder }))
      parseStructs(readFileSync(path.join(folder, file), 'utf8'), structs);
    packages.set(folder, structs);
    return structs;
  };
  const collect = (
    structs: Map<string, Struct>,
    name: string,
    into: Map<string, GoField>,
    above: readonly string[],
  ): void => {
    const struct = structs.get(name);
    for (const { type, numbers } of struct?.inlined ?? []) collect(structs, type, into, [...above, ...numbers]);
    for (const [field, { mark, numbers }] of struct?.fields ?? [])
      into.set(field, { mark, numbers: [...above, ...numbers] });
  };
  return (openApiName) => {
    const found = PACKAGES.find(([prefix]) => openApiName.startsWith(prefix));
    if (found === undefined) return undefined;
    const [prefix, module, folder] = found;
    const parts = openApiName.slice(prefix.length).split('.');
    const name = parts.pop() ?? '';
    const structs = structsOf(path.join(modules, `${module}@${version}`, folder, ...parts));
    if (!structs.has(name)) return undefined;
    // Every object has these two, from an embedded struct of another package.
    const unnumbered = { mark: '?', numbers: [] };
    const fields = new Map<string, GoField>([
      ['apiVersion', unnumbered],
      ['kind', unnumbered],
    ]);
    collect(structs, name, fields, []);
    return fields;
  };
}

function parseStructs(source: string, into: Map<string, Struct>): void {
  for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const struct: Struct = { fields: new Map(), inlined: [] };
    for (const line of body.split('\n')) {
      const match = /^\t(?:(\w+)\s+)?(\S+)\s+`([^`]*)`/.exec(line);
      const tag = /json:"([^"]*)"/.exec(match?.[3] ?? '')?.[1];
      if (match === null || tag === undefined) continue;
      const type = match[2] ?? '';
      const number = /protobuf:"\w+,(\d+),/.exec(match[3] ?? '')?.[1];
      const numbers = number === undefined ? [] : [number];
      const [json = '', ...options] = tag.split(',');
      if (options.includes('inline')) struct.inlined.push({ type, numbers });
      else if (json !== '-') struct.fields.set(json, { mark: mark(type, options), numbers });
    }
    into.set(name, struct);
  }
}

function mark(type: string, options: readonly string[]): string {
  if (options.includes('omitzero')) return '~';
  if (type.startsWith('*')) return '*';
  return options.includes('omitempty') ? '?' : '!';
}
