// Path elements in the form that managedFields uses: `f:name`, `k:{"name":"web"}`, `v:"x"`, `i:0`. The encoded text is the element.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isList, isMap } from '../json.ts';

/** An encoded path element. */
export type Element = string;

/** The element of a field of an object. */
export function fieldElement(name: string): Element {
  return `f:${name}`;
}

/** The element of a list entry that is known by some of its fields. Fields are sorted by name, so that equal keys have equal text. */
export function keyElement(key: JsonObject): Element {
  const sorted: Record<string, Json | undefined> = {};
  for (const name of Object.keys(key).sort()) sorted[name] = key[name];
  return `k:${JSON.stringify(sorted)}`;
}

/** The element of an entry of a set of scalars. */
export function valueElement(value: Json): Element {
  return `v:${JSON.stringify(value)}`;
}

/** The name in a field element, `undefined` for the other kinds. */
export function fieldName(element: Element): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** The element as it is written in conflicts and schema errors: `.spec`, `[name="web"]`, `[="x"]`, `[0]`. */
export function elementText(element: Element): string {
  const rest = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${rest}`;
    case 'k': {
      const key: JsonObject = JSON.parse(rest);
      return `[${Object.entries(key)
        .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
        .join(',')}]`;
    }
    case 'v':
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}

const ORDER = 'fkvi';

/** The server's order of elements: fields, keys, values, indexes; numbers by value, text by code unit. */
export function compareElements(a: Element, b: Element): number {
  if (a === b) return 0;
  const kind = ORDER.indexOf(a.charAt(0)) - ORDER.indexOf(b.charAt(0));
  if (kind !== 0) return kind;
  switch (a[0]) {
    case 'k':
      return compareKeys(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
    case 'v':
      return compareValues(JSON.parse(a.slice(2)), JSON.parse(b.slice(2)));
    case 'i':
      return Number(a.slice(2)) - Number(b.slice(2));
    default:
      return a < b ? -1 : 1;
  }
}

function compareKeys(a: JsonObject, b: JsonObject): number {
  const left = Object.entries(a);
  const right = Object.entries(b);
  for (const [index, [name, value]] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (name !== other[0]) return name < other[0] ? -1 : 1;
    const order = compareValues(value ?? null, other[1] ?? null);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function compareValues(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  return rank(a) - rank(b);
}

function rank(value: Json): number {
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return 1;
  if (typeof value === 'boolean') return 2;
  if (isList(value)) return 3;
  return isMap(value) ? 4 : 5;
}
