// What every part of the sandbox works with: the database, the place, the clock, and the writing of events.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../core/json.ts';
import { type Blueprint, blueprint } from './blueprint.ts';
import type { Known } from './compare.ts';
import { type Database, liveKey } from './database.ts';
import type { Place } from './naming.ts';
import { invalid } from './protocol.ts';
import type { Deployment, LiveResource, ResourceRecord, StackRecord } from './records.ts';
import { typeSpec } from './types.ts';

export interface World {
  readonly db: Database;
  readonly place: Place;
  readonly now: () => number;
  /** Milliseconds between two steps of anything asynchronous. */
  readonly stepMs: number;
}

/** The ARN-like id of a new stack or change set. */
export function newId(world: World, kind: 'stack' | 'changeSet', name: string): string {
  const { region, account } = world.place;
  const partition = region.startsWith('cn-') ? 'aws-cn' : 'aws';
  return `arn:${partition}:cloudformation:${region}:${account}:${kind}/${name}/${randomUUID()}`;
}

/** The template of a deployment made ready for a stack. */
export function blueprintFor(world: World, stack: StackRecord, deployment: Deployment): Blueprint {
  return blueprint(deployment, {
    place: world.place,
    stack,
    importValue: (name) => {
      for (const other of world.db.list('stack')) {
        if (other.status === 'DELETE_COMPLETE') continue;
        const output = other.outputs.find((one) => one.exportName === name);
        if (output !== undefined) return output.value;
      }
      throw invalid(`No export named ${name} found.`);
    },
  });
}

export interface ResourceEvent {
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly properties?: JsonObject | undefined;
}

/** Writes an event of a stack's resource; `token` is the one the operation was started with. */
export function emit(world: World, stack: StackRecord, event: ResourceEvent, token?: string): void {
  const { reason, properties, ...rest } = event;
  const at = world.now();
  world.db.addEvent({
    ...rest,
    id:
      event.type === 'AWS::CloudFormation::Stack'
        ? randomUUID()
        : `${event.logicalId}-${event.status}-${randomUUID().slice(0, 13)}`,
    stackId: stack.id,
    stackName: stack.name,
    at,
    ...(reason === undefined ? {} : { reason }),
    ...(properties === undefined ? {} : { properties }),
    ...(token === undefined ? {} : { token }),
  });
}

/** The stack with a new status, and the event that says so. */
export function withStatus(world: World, stack: StackRecord, status: string, reason?: string): StackRecord {
  const { reason: _old, ...rest } = stack;
  const next: StackRecord = { ...rest, status, ...(reason === undefined ? {} : { reason }) };
  const token = stack.operation?.token;
  emit(
    world,
    next,
    { logicalId: stack.name, physicalId: stack.id, type: 'AWS::CloudFormation::Stack', status, reason },
    token,
  );
  return next;
}

/** The live resource behind a stack's resource. */
export function liveOf(world: World, resource: ResourceRecord): LiveResource | undefined {
  return world.db.get('live', liveKey(resource.type, resource.physicalId));
}

/** A stack's resource as references see it. */
export function known(resource: ResourceRecord | undefined): Known | undefined {
  const spec = resource === undefined ? undefined : typeSpec(resource.type);
  if (resource === undefined || spec === undefined || resource.physicalId === '') return undefined;
  return { physicalId: resource.physicalId, spec, properties: resource.properties };
}
