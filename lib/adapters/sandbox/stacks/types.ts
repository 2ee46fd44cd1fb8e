// The resource types of the sandbox: the rows of the table taken apart, and how values are stored.
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { rows } from './type-rows.ts';
import { shown } from './text.ts';

export interface PropertySpec {
  readonly type: 'string' | 'integer' | 'boolean' | 'list' | 'map' | 'any';
  readonly required: boolean;
  readonly recreation: 'Never' | 'Always' | 'Conditionally';
  readonly writeOnly: boolean;
  readonly oneOf?: readonly string[];
  /** The service, not the schema, refuses what is outside; so it fails when executed, not in validation. */
  readonly range?: readonly [number, number];
  readonly pattern?: RegExp;
}

export interface TypeSpec {
  readonly type: string;
  readonly properties: Readonly<Record<string, PropertySpec>>;
  /** Property that names the resource. */
  readonly nameProperty?: string;
  /** Name given when there is none; {stack}, {logical}, {hex8}, {hex17}, {RANDOM} are filled in. */
  readonly generatedName: string;
  /** Physical id, which is also what Ref answers. */
  readonly physicalId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether drift detection can look at it. */
  readonly drift: boolean;
  readonly taggable: boolean;
  /** Service name in messages. */
  readonly service: string;
}

function propertySpec(text: string): PropertySpec {
  const [type = 'any', ...words] = text.split(' ');
  const argument = (prefix: string): string | undefined =>
    words.find((word) => word.startsWith(`${prefix}:`))?.slice(prefix.length + 1);
  const range = argument('range')?.split('-').map(Number);
  const pattern = argument('pattern');
  const oneOf = argument('oneof')?.split(',');
  return {
    type: type as PropertySpec['type'],
    required: words.includes('required'),
    writeOnly: words.includes('writeonly'),
    recreation: words.includes('replace') ? 'Always' : words.includes('maybe') ? 'Conditionally' : 'Never',
    ...(oneOf === undefined ? {} : { oneOf }),
    ...(range === undefined ? {} : { range: [range[0] ?? 0, range[1] ?? 0] as const }),
    ...(pattern === undefined ? {} : { pattern: new RegExp(pattern) }),
  };
}

const table = new Map<string, TypeSpec>(
  Object.entries(rows).map(([type, row]) => [
    type,
    {
      type,
      properties: Object.fromEntries(Object.entries(row.properties).map(([name, text]) => [name, propertySpec(text)])),
      ...(row.name === undefined ? {} : { nameProperty: row.name }),
      generatedName: row.generated ?? '{stack}-{logical}-{RANDOM}',
      physicalId: row.id ?? '{name}',
      attributes: row.attributes ?? {},
      drift: row.drift ?? true,
      taggable: 'Tags' in row.properties,
      service: row.service,
    },
  ]),
);

/** The type's row, or undefined when the sandbox does not know it. */
export function typeSpec(type: string): TypeSpec | undefined {
  return table.get(type);
}

/** Names of all known types, sorted. */
export function knownTypes(): readonly string[] {
  return [...table.keys()].sort();
}

/** A template's value as the service stores it: CloudFormation's scalars are text until the schema says otherwise. */
export function coerce(spec: PropertySpec | undefined, value: Json): Json {
  if (spec === undefined || isObject(value) || Array.isArray(value)) return value;
  if (spec.type === 'string') return value === null ? '' : shown(value);
  if (spec.type === 'integer') return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (spec.type === 'boolean' && typeof value === 'string') {
    if (value.toLowerCase() === 'true') return true;
    if (value.toLowerCase() === 'false') return false;
  }
  return value;
}

/** All properties of a resource as the service stores them. */
export function coerceAll(spec: TypeSpec, properties: JsonObject): JsonObject {
  const entries = Object.entries(properties).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, coerce(spec.properties[name], value)] as const],
  );
  return Object.fromEntries(entries);
}
