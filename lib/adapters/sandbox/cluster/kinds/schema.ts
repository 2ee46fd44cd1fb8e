// Reads the generated table of types and links it into type nodes. See tools/gen-kube-schema.ts for the notation.
import { readFileSync } from 'node:fs';
import type { Json } from '../../../../core/json.ts';
import { DEDUCED, type FieldType, FREE_OBJECT, type ListType, type TypeNode } from '../fields/types.ts';
import type { Resource } from './resource.ts';

interface SchemaFile {
  readonly version: { readonly gitVersion: string; readonly major: string; readonly minor: string };
  readonly resources: readonly Resource[];
  readonly kinds: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const file: SchemaFile = JSON.parse(readFileSync(new URL('schema.json', import.meta.url), 'utf8'));
const nodes = new Map<string, TypeNode>();
const structs = new Set<string>();

/** The version of the server that the table was taken from. */
export const SERVER_VERSION = file.version;

/** The built-in resources, in the order of the server's discovery. */
export const BUILT_IN_RESOURCES: readonly Resource[] = file.resources;

/** The type of a built-in kind, `undefined` for custom resources. `apiVersion` as in an object: `v1`, `apps/v1`. */
export function builtInType(apiVersion: string, kind: string): TypeNode | undefined {
  const name = file.kinds[`${apiVersion}/${kind}`];
  return name === undefined ? undefined : nodes.get(name);
}

/** A named type of the table, e.g. `core.v1.PodTemplateSpec`. */
export function namedType(name: string): TypeNode {
  return nodes.get(name) ?? DEDUCED;
}

/** Base64 in JSON, bytes in protobuf. */
export const BYTES: TypeNode = { scalar: 'string' };

const SCALARS: Readonly<Record<string, TypeNode>> = {
  string: { scalar: 'string' },
  bytes: BYTES,
  number: { scalar: 'number' },
  boolean: { scalar: 'boolean' },
  scalar: { scalar: 'untyped' },
  any: DEDUCED,
  object: FREE_OBJECT,
};

function parseType(text: string): TypeNode {
  const known = SCALARS[text];
  if (known !== undefined) return known;
  if (text.startsWith('#')) return nodes.get(text.slice(1)) ?? DEDUCED;
  if (text.startsWith('atomic#')) {
    // The referred type may not be filled yet: read its fields when they are asked for.
    const referred = namedType(text.slice('atomic#'.length));
    const node: TypeNode = {
      name: text.slice('atomic#'.length),
      get map() {
        return referred.map === undefined ? undefined : { ...referred.map, atomic: true };
      },
    };
    return node;
  }
  const [, open = '', inside = '', rest = ''] = /^([[{])([^\]}]*)[\]}](.*)$/.exec(text) ?? [];
  const element = parseType(rest);
  if (open === '{') return { map: { atomic: inside === 'atomic', fields: new Map(), element } };
  return { list: parseList(inside, element) };
}

/** `[]`, `[set]`, `[map a,b]`, each with `merge` in front where a strategic merge patch merges too, `[merge atomic a]` where only it does. */
function parseList(inside: string, element: TypeNode): ListType {
  const words = inside.split(' ').filter((word) => word !== '');
  const merges = words[0] === 'merge';
  const [relationship = 'atomic', names = ''] = merges ? words.slice(1) : words;
  const keys = names === '' ? [] : names.split(',');
  const patch = merges ? (keys.length > 0 ? 'map' : 'set') : 'replace';
  const atomic = relationship === 'atomic';
  return { atomic, keys: atomic ? [] : keys, element, patch, patchKey: merges ? keys[0] : undefined };
}

function parseField(text: string): FieldType {
  const [numbered = '', filled] = text.slice(1).split(' = ');
  const [declared = '', numbers = ''] = numbered.split(/@(?=[\d.]+$)/);
  const presence = text.charAt(0);
  const type = parseType(declared);
  const written = presence !== '*' && presence !== '~';
  const isStruct = declared.startsWith('#') && structs.has(declared.slice(1));
  const zero = zeroOf(declared, presence);
  const fallback = presence === '!' && typeof zero !== 'object' ? zero : undefined;
  return {
    type,
    presence,
    numbers: numbers === '' ? [] : numbers.split('.').map(Number),
    default: filled === undefined ? fallback : JSON.parse(filled),
    isStruct: written && isStruct,
    zero,
  };
}

/** What Go writes for a field that was never set. */
function zeroOf(declared: string, presence: string): Json | undefined {
  if (presence === '*' || presence === '~') return undefined;
  if (declared === '#meta.v1.Time' || declared === '#meta.v1.MicroTime') return null;
  if (declared === '#api.resource.Quantity') return '0';
  if (presence === '?') return undefined;
  if (declared === 'string' || declared === 'scalar') return '';
  if (declared === 'bytes') return null;
  if (declared === 'number' || declared === '#util.intstr.IntOrString') return 0;
  if (declared === 'boolean') return false;
  return null;
}

function link(): void {
  for (const [name, declared] of Object.entries(file.types)) {
    nodes.set(name, typeof declared === 'string' ? { ...parseType(declared), name } : { name });
    if (typeof declared !== 'string') structs.add(name);
  }
  for (const [name, declared] of Object.entries(file.types)) {
    const node = nodes.get(name);
    if (node === undefined || typeof declared === 'string') continue;
    const fields = new Map<string, FieldType>();
    for (const [field, text] of Object.entries(declared)) if (field !== '@') fields.set(field, parseField(text));
    node.map = { atomic: declared['@'] === 'atomic', fields, element: fields.size === 0 ? DEDUCED : undefined };
  }
}

link();
