// Differences between property values, and what the schema or the service says about them.
import { canonicalJson, isObject, type Json, type JsonObject } from '../../../core/json.ts';
import { isKnownLater } from './resolve.ts';
import type { PropertySpec, TypeSpec } from './types.ts';
import { shown } from './text.ts';

export interface Difference {
  /** JSON pointer below the properties: `/Tags/0/Value`. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Whether two values are the same to the service. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  return a === undefined || b === undefined ? a === b : canonicalJson(a) === canonicalJson(b);
}

/** Leaf differences. Lists are compared by position, as the real service does. */
export function differences(before: Json | undefined, after: Json | undefined, path = ''): readonly Difference[] {
  if (same(before, after)) return [];
  if (isObject(before) && isObject(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => differences(before[key], after[key], `${path}/${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) =>
      differences(before[index] as Json | undefined, after[index] as Json | undefined, `${path}/${index}`),
    ).flat();
  }
  return [{ path, before, after }];
}

function typeProblem(spec: PropertySpec, value: Json): string | undefined {
  if (isKnownLater(value)) return undefined;
  const fits: Readonly<Record<PropertySpec['type'], boolean>> = {
    any: true,
    string: typeof value === 'string',
    integer: typeof value === 'number' && Number.isInteger(value),
    boolean: typeof value === 'boolean',
    list: Array.isArray(value),
    map: isObject(value),
  };
  if (fits[spec.type]) return undefined;
  const wanted = spec.type === 'list' ? 'array' : spec.type === 'map' ? 'object' : spec.type;
  return `expected type: ${wanted}, found: ${Array.isArray(value) ? 'array' : typeof value}`;
}

/** What the schema refuses before anything runs: path and reason. */
export function schemaProblems(spec: TypeSpec, properties: JsonObject): readonly { path: string; reason: string }[] {
  const found: { path: string; reason: string }[] = [];
  for (const [name, value] of Object.entries(properties)) {
    const property = spec.properties[name];
    if (property === undefined) {
      found.push({ path: `/Properties/${name}`, reason: `Unsupported property [${name}]` });
      continue;
    }
    if (value === undefined) continue;
    const problem = typeProblem(property, value);
    if (problem !== undefined) found.push({ path: `/Properties/${name}`, reason: `#/${name}: ${problem}` });
    else if (property.oneOf !== undefined && !isKnownLater(value) && !property.oneOf.includes(shown(value))) {
      found.push({ path: `/Properties/${name}`, reason: `#/${name}: ${shown(value)} is not a valid enum value` });
    }
  }
  for (const [name, property] of Object.entries(spec.properties)) {
    if (property.required && properties[name] === undefined) {
      found.push({ path: '/Properties', reason: `required key [${name}] not found` });
    }
  }
  return found;
}

/** What the service itself refuses when the resource is created or updated, in the words of a resource handler. */
export function serviceRefusal(spec: TypeSpec, properties: JsonObject): string | undefined {
  for (const [name, property] of Object.entries(spec.properties)) {
    const value = properties[name];
    if (value === undefined) continue;
    if (property.range !== undefined && typeof value === 'number') {
      const [least, most] = property.range;
      if (value >= least && value <= most) continue;
      return handlerMessage(
        spec,
        `Value ${value} for parameter ${name} is invalid. Reason: Must be between ${least} and ${most}, if provided.`,
        'InvalidRequest',
      );
    }
    if (property.pattern !== undefined && typeof value === 'string' && !property.pattern.test(value)) {
      return handlerMessage(spec, `Invalid value '${value}' for parameter ${name}.`, 'InvalidRequest');
    }
  }
  return undefined;
}

/** The envelope of messages from resource handlers. */
export function handlerMessage(spec: TypeSpec, message: string, code: string): string {
  return `Resource handler returned message: "${message} (Service: ${spec.service}, Status Code: 400)" (HandlerErrorCode: ${code})`;
}
