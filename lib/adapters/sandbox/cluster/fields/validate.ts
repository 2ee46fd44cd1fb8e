// Checks a value against its type and says every problem in the server's words.
import type { Json } from '../../../../core/json.ts';
import { isList, isMap } from '../json.ts';
import { entriesOf, entryElement, fieldTypeOf, formOf } from './atom.ts';
import { type Element, elementText, fieldElement } from './element.ts';
import type { ListType, MapType, ScalarType, TypeNode } from './types.ts';

/** A value that does not fit its type. `path` is empty for the object itself. */
export interface TypeProblem {
  readonly path: string;
  readonly message: string;
}

/** Everything that does not fit. An object being applied may not hold two list entries with one key; a stored one may. */
export function typeProblems(type: TypeNode, value: Json, options: { allowDuplicates: boolean }): TypeProblem[] {
  const problems: TypeProblem[] = [];
  visit({ problems, allowDuplicates: options.allowDuplicates }, type, value, '');
  return problems;
}

/** Problems as one text: one is `.path: message`, several are a list. */
export function problemsText(problems: readonly TypeProblem[]): string {
  const lines = problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return lines.length === 1 ? (lines[0] ?? '') : ['errors:', ...lines.map((line) => `  ${line}`)].join('\n');
}

interface Walk {
  readonly problems: TypeProblem[];
  readonly allowDuplicates: boolean;
}

function visit(walk: Walk, type: TypeNode, value: Json, path: string): void {
  const form = formOf(type, value);
  if (value === null) return;
  if (form === 'map' && type.map !== undefined) visitMap(walk, type.map, value, path);
  else if (form === 'list' && type.list !== undefined) visitList(walk, type.list, value, path);
  else if (type.scalar !== undefined) {
    const message = scalarProblem(type.scalar, value);
    if (message !== undefined) walk.problems.push({ path, message });
  }
}

function visitMap(walk: Walk, map: MapType, value: Json, path: string): void {
  if (!isMap(value)) {
    walk.problems.push({ path, message: `expected map, got ${wrapped(value)}` });
    return;
  }
  for (const [name, below] of entriesOf(value)) {
    const type = fieldTypeOf(map, name);
    const at = path + elementText(fieldElement(name));
    if (type === undefined) {
      walk.problems.push({ path: at, message: 'field not declared in schema' });
      return;
    }
    visit(walk, type, below, at);
  }
}

function visitList(walk: Walk, list: ListType, value: Json, path: string): void {
  if (!isList(value)) {
    walk.problems.push({ path, message: `expected list, got ${wrapped(value)}` });
    return;
  }
  const seen = new Set<Element>();
  for (const [index, entry] of value.entries()) {
    const element = list.atomic ? `i:${index}` : entryElement(list, entry);
    if (typeof element !== 'string') {
      walk.problems.push({ path, message: `element ${index}: ${element.problem}` });
      return;
    }
    if (seen.has(element) && !walk.allowDuplicates) {
      walk.problems.push({ path, message: `duplicate entries for key ${elementText(element)}` });
    }
    seen.add(element);
    visit(walk, list.element, entry, path + elementText(element));
  }
}

function scalarProblem(type: ScalarType, value: Json): string | undefined {
  switch (type) {
    case 'number':
      return typeof value === 'number' ? undefined : `expected numeric (int or float), got ${goType(value)}`;
    case 'string':
      return typeof value === 'string'
        ? undefined
        : `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `expected boolean, got ${wrapped(value)}`;
    case 'untyped':
      return isMap(value) || isList(value) ? `expected any scalar, got ${wrapped(value)}` : undefined;
  }
}

/** Go prints the wrapper of a value, not the value. Users of the real server see the same. */
function wrapped(value: Json): string {
  return `&{${goPlain(value)}}`;
}

function goType(value: Json): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return isList(value) ? '[]interface {}' : 'map[string]interface {}';
}

function goPlain(value: Json | undefined): string {
  if (value === null || value === undefined) return '<nil>';
  if (isList(value)) return `[${value.map(goPlain).join(' ')}]`;
  if (!isMap(value)) return String(value);
  return `map[${entriesOf(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, below]) => `${name}:${goPlain(below)}`)
    .join(' ')}]`;
}

function goSyntax(value: Json | undefined): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (isList(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isMap(value)) return JSON.stringify(value);
  return `map[string]interface {}{${entriesOf(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, below]) => `${JSON.stringify(name)}:${goSyntax(below)}`)
    .join(', ')}}`;
}
