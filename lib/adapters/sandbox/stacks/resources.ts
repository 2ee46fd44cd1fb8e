// Creating, updating and deleting one resource inside an operation: what becomes live, and what is refused.
import { isObject, type Json, type JsonObject } from '../../../core/json.ts';
import type { Blueprint, ResourcePlan } from './blueprint.ts';
import { resolvedProperties, scopeOver } from './compare.ts';
import { liveKey } from './database.ts';
import { newPhysicalId } from './naming.ts';
import { handlerMessage, same, serviceRefusal } from './properties.ts';
import type { ResourceRecord, StackRecord, WorkAction } from './records.ts';
import { typeSpec, type TypeSpec } from './types.ts';
import { known, liveOf, type World } from './world.ts';
import { shown } from './text.ts';

/** What a resource's metadata tells the sandbox to do wrong, for trying out failures. */
export interface Mischief {
  readonly fail: boolean;
  readonly reason: string;
  readonly slowMs: number;
}

/** Reads `Metadata: {Sandbox: {Fail: create|update|delete|rollback, Reason: text, SlowMs: n}}`. */
export function mischief(metadata: Json | undefined, action: WorkAction): Mischief {
  const section = isObject(metadata) && isObject(metadata['Sandbox']) ? metadata['Sandbox'] : {};
  const wanted = section['Fail'];
  const names = Array.isArray(wanted) ? wanted.map((one: Json) => shown(one)) : [shown(wanted)];
  const reason = section['Reason'];
  const slow = Number(section['SlowMs'] ?? 0);
  return {
    fail: names.includes(action === 'restore' ? 'rollback' : action),
    reason: typeof reason === 'string' ? reason : 'The sandbox was told to fail here',
    slowMs: Number.isFinite(slow) ? slow : 0,
  };
}

/** The properties of a resource with what is known now. */
export function propertiesNow(world: World, stack: StackRecord, plan: ResourcePlan, blueprint: Blueprint): JsonObject {
  return resolvedProperties(
    plan,
    scopeOver(blueprint, world.place, (name) => known(stack.resources[name])),
  );
}

export type Outcome =
  | { readonly ok: true; readonly resource: ResourceRecord }
  | { readonly ok: false; readonly reason: string };

function recordOf(
  plan: ResourcePlan,
  rest: Pick<ResourceRecord, 'physicalId' | 'status' | 'at' | 'properties'>,
): ResourceRecord {
  return {
    logicalId: plan.logicalId,
    type: plan.type,
    dependsOn: plan.dependsOn,
    ...rest,
    ...(plan.metadata === undefined ? {} : { metadata: plan.metadata }),
    ...(plan.deletionPolicy === undefined ? {} : { deletionPolicy: plan.deletionPolicy }),
  };
}

/** Makes a new live resource. */
export function createLive(
  world: World,
  stack: StackRecord,
  plan: ResourcePlan,
  want: { readonly properties: JsonObject; readonly tags: Readonly<Record<string, string>>; readonly status: string },
): Outcome {
  const spec = typeSpec(plan.type);
  if (spec === undefined) return { ok: false, reason: `Unrecognized resource type ${plan.type}` };
  const told = mischief(plan.metadata, 'create');
  const refusal = told.fail ? told.reason : serviceRefusal(spec, want.properties);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const naming = {
    place: world.place,
    stackName: stack.name,
    logicalId: plan.logicalId,
    properties: want.properties,
    taken: world.db.list('live').flatMap((one) => (one.type === plan.type ? [one.physicalId] : [])),
  };
  const physicalId = newPhysicalId(spec, naming);
  if (world.db.get('live', liveKey(plan.type, physicalId)) !== undefined) {
    return { ok: false, reason: `${physicalId} already exists (HandlerErrorCode: AlreadyExists)` };
  }
  world.db.put('live', {
    type: plan.type,
    physicalId,
    stackId: stack.id,
    logicalId: plan.logicalId,
    properties: want.properties,
    tags: spec.taggable ? want.tags : {},
  });
  const at = world.now();
  return { ok: true, resource: recordOf(plan, { physicalId, status: want.status, at, properties: want.properties }) };
}

/** Whether an update has anything to do for a resource, and whether it must be replaced. */
export function updateNeed(
  spec: TypeSpec,
  old: ResourceRecord,
  plan: ResourcePlan,
  want: {
    readonly properties: JsonObject;
    readonly live: JsonObject | undefined;
    readonly tagsChanged: boolean;
    readonly revertDrift: boolean;
  },
): 'none' | 'update' | 'replace' {
  let need: 'none' | 'update' = 'none';
  if (!same(old.metadata, plan.metadata) || (spec.taggable && want.tagsChanged)) need = 'update';
  for (const name of new Set([...Object.keys(old.properties), ...Object.keys(want.properties)])) {
    const property = spec.properties[name];
    const deployed = old.properties[name];
    const drifted =
      want.revertDrift && spec.drift && property?.writeOnly !== true && !same(want.live?.[name], deployed);
    const actual = drifted ? want.live?.[name] : deployed;
    if (same(actual, want.properties[name])) continue;
    if (property?.recreation === 'Always') return 'replace';
    need = 'update';
  }
  return need;
}

/** Carries the new properties over to the live resource; what drifted stays unless `revertDrift`. */
export function updateLive(
  world: World,
  old: ResourceRecord,
  plan: ResourcePlan,
  want: {
    readonly properties: JsonObject;
    readonly tags: Readonly<Record<string, string>>;
    readonly revertDrift: boolean;
  },
): Outcome {
  const spec = typeSpec(plan.type);
  const live = liveOf(world, old);
  const told = mischief(plan.metadata, 'update');
  if (told.fail) return { ok: false, reason: told.reason };
  if (spec === undefined || live === undefined) {
    return {
      ok: false,
      reason:
        spec === undefined
          ? 'unknown type'
          : handlerMessage(spec, `Resource ${old.physicalId} does not exist.`, 'NotFound'),
    };
  }
  const refusal = serviceRefusal(spec, want.properties);
  if (refusal !== undefined) return { ok: false, reason: refusal };
  const properties: Record<string, Json | undefined> = { ...live.properties };
  for (const name of new Set([...Object.keys(old.properties), ...Object.keys(want.properties)])) {
    if (!want.revertDrift && same(old.properties[name], want.properties[name])) continue;
    properties[name] = want.properties[name];
  }
  world.db.put('live', { ...live, properties, tags: spec.taggable ? want.tags : live.tags });
  const at = world.now();
  return {
    ok: true,
    resource: recordOf(plan, {
      physicalId: old.physicalId,
      status: 'UPDATE_COMPLETE',
      at,
      properties: want.properties,
    }),
  };
}
