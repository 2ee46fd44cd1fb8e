// Changing live resources behind CloudFormation's back, which is how one tries drift.
import type { Json, JsonObject } from '../../../core/json.ts';
import { liveKey } from './database.ts';
import { invalid } from './protocol.ts';
import type { LiveResource } from './records.ts';
import { findStack } from './stacks.ts';
import { coerce, typeSpec } from './types.ts';
import { liveOf, type World } from './world.ts';

export interface LiveEdit {
  readonly stack: string;
  readonly logicalId: string;
  /** Property -> new value; null removes it. A dotted name reaches into maps: `Environment.Variables.STAGE`. */
  readonly properties?: Readonly<Record<string, Json>>;
  /** Removes the resource altogether. */
  readonly delete?: boolean;
}

function find(world: World, stackName: string, logicalId: string): LiveResource | undefined {
  const resource = findStack(world, stackName).resources[logicalId];
  return resource === undefined ? undefined : liveOf(world, resource);
}

function view(live: LiveResource): JsonObject {
  return { type: live.type, physicalId: live.physicalId, properties: live.properties, tags: live.tags };
}

/** A live resource as JSON, or undefined when there is none. */
export function liveView(world: World, stack: string, logicalId: string): JsonObject | undefined {
  const live = find(world, stack, logicalId);
  return live === undefined ? undefined : view(live);
}

function assign(value: Json | undefined, path: readonly string[], change: Json): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return change === null ? undefined : change;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    return items.map((item, index) => (String(index) === key ? (assign(item, rest, change) ?? null) : item));
  }
  const object = typeof value === 'object' && value !== null ? (value as JsonObject) : {};
  return Object.fromEntries(
    Object.entries({ ...object, [key]: assign(object[key], rest, change) }).filter(([, one]) => one !== undefined),
  );
}

/** Changes or removes a live resource. Throws `ValidationError` when there is none, or the type has no such property. */
export function editLive(world: World, edit: LiveEdit): JsonObject {
  const live = find(world, edit.stack, edit.logicalId);
  const spec = live === undefined ? undefined : typeSpec(live.type);
  if (live === undefined || spec === undefined) {
    throw invalid(`There is no live resource ${edit.logicalId} of stack ${edit.stack}`);
  }
  if (edit.delete === true) {
    world.db.remove('live', liveKey(live.type, live.physicalId));
    return { ...view(live), deleted: true };
  }
  let properties: JsonObject = live.properties;
  for (const [name, value] of Object.entries(edit.properties ?? {})) {
    const [first = '', ...rest] = name.split('.');
    const property = spec.properties[first];
    if (property === undefined) {
      throw invalid(`${live.type} has no property ${first}; it has ${Object.keys(spec.properties).join(', ')}`);
    }
    const next = assign(properties[first], rest, rest.length === 0 ? coerce(property, value) : value);
    const others = Object.entries(properties).filter(([key]) => key !== first);
    properties = Object.fromEntries(next === undefined ? others : [...others, [first, next]]);
  }
  const changed = { ...live, properties };
  world.db.put('live', changed);
  return view(changed);
}
