// Reads from Go's API sources how each field behaves when it is empty. Only struct declarations and their json tags are looked at.
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * How a field is written: `*` pointer (only null is left out), `?` left out when empty, `!` always written, `~` struct left out when zero.
 * Keyed by its JSON name; asked with the full OpenAPI name of the struct.
 */
export type GoFields = (openApiName: string) => ReadonlyMap<string, string> | undefined;

interface Struct {
  readonly fields: Map<string, string>;
  readonly inlined: string[];
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
  const collect = (structs: Map<string, Struct>, name: string, into: Map<string, string>): void => {
    const struct = structs.get(name);
    for (const inlined of struct?.inlined ?? []) collect(structs, inlined, into);
    for (const [field, mark] of struct?.fields ?? []) into.set(field, mark);
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
    const fields = new Map<string, string>([
      ['apiVersion', '?'],
      ['kind', '?'],
    ]);
    collect(structs, name, fields);
    return fields;
  };
}

function parseStructs(source: string, into: Map<string, Struct>): void {
  for (const [, name = '', body = ''] of source.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const struct: Struct = { fields: new Map(), inlined: [] };
    for (const line of body.split('\n')) {
      const match = /^\t(?:(\w+)\s+)?(\S+)\s+`(?:[^`]*\s)?json:"([^"]*)"/.exec(line);
      if (match === null) continue;
      const [, , type = '', tag = ''] = match;
      const [json = '', ...options] = tag.split(',');
      if (options.includes('inline')) struct.inlined.push(type);
      else if (json !== '-') struct.fields.set(json, mark(type, options));
    }
    into.set(name, struct);
  }
}

function mark(type: string, options: readonly string[]): string {
  if (options.includes('omitzero')) return '~';
  if (type.startsWith('*')) return '*';
  return options.includes('omitempty') ? '?' : '!';
}
