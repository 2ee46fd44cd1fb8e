// One resource's part of an operation: starting it, carrying it out, and what becomes of it when it fails.
import { HoldfastError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/json.ts';
import { liveKey } from './database.ts';
import type { Progress } from './progress.ts';
import { same } from './properties.ts';
import type { ResourceRecord, Work } from './records.ts';
import { createLive, mischief, propertiesNow, updateLive, updateNeed } from './resources.ts';
import { typeSpec } from './types.ts';
import { liveOf } from './world.ts';

/** True when the work is done without anything to do. */
export function startWork(progress: Progress, work: Work): boolean {
  if (work.action === 'delete') return startDelete(progress, work);
  if (work.action === 'restore') {
    const current = progress.stack.resources[work.logicalId];
    if (current !== undefined) progress.emit(current, 'UPDATE_IN_PROGRESS');
    progress.set(work, { state: 'started' });
    return false;
  }
  const plan = progress.blueprint?.resources.get(work.logicalId);
  if (plan === undefined) return progress.skip(work);
  const old = progress.stack.resources[work.logicalId];
  const until = progress.world.now() + mischief(plan.metadata, work.action).slowMs;
  if (work.action === 'update' && old !== undefined) {
    const need = needOrTry(progress, work, old);
    if (need === 'none') {
      progress.setResource({ ...old, dependsOn: plan.dependsOn });
      return progress.skip(work);
    }
    progress.emit(old, 'UPDATE_IN_PROGRESS');
    if (need === 'replace') {
      const reason = 'Requested update requires the creation of a new physical resource; hence creating one.';
      progress.emit(old, 'UPDATE_IN_PROGRESS', { reason });
    }
    progress.setResource({ ...old, status: 'UPDATE_IN_PROGRESS', at: progress.world.now() });
  } else {
    progress.emit(plan, 'CREATE_IN_PROGRESS');
  }
  progress.set(work, { state: 'started', until });
  return false;
}

/** A name that leads nowhere (an export that is gone) fails the resource, not the sandbox. */
export function carryOn(progress: Progress, work: Work): void {
  if (work.until !== undefined && progress.world.now() < work.until) return;
  try {
    carryOut(progress, work);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    failResource(progress, work, error.message);
  }
}

/** What cannot be told yet is tried; carrying it out says why it fails. */
function needOrTry(progress: Progress, work: Work, old: ResourceRecord): 'none' | 'update' | 'replace' {
  try {
    return need(progress, work, old);
  } catch (error) {
    if (error instanceof HoldfastError) return 'update';
    throw error;
  }
}

function need(progress: Progress, work: Work, old: ResourceRecord): 'none' | 'update' | 'replace' {
  const plan = progress.blueprint?.resources.get(work.logicalId);
  const spec = typeSpec(old.type);
  if (plan === undefined || spec === undefined || progress.blueprint === undefined) return 'none';
  const live = liveOf(progress.world, old)?.properties;
  if (progress.operation.revertDrift && live === undefined && spec.drift) return 'replace';
  return updateNeed(spec, old, plan, {
    properties: propertiesNow(progress.world, progress.stack, plan, progress.blueprint),
    live,
    tagsChanged: !same(progress.operation.before.deployment.tags, progress.operation.deployment.tags),
    revertDrift: progress.operation.revertDrift,
  });
}

function failResource(progress: Progress, work: Work, reason: string): void {
  const resource = progress.stack.resources[work.logicalId] ?? progress.blueprint?.resources.get(work.logicalId);
  if (resource !== undefined)
    progress.emit(resource, work.action === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED', { reason });
  progress.set(work, { state: 'failed' });
}

function carryOut(progress: Progress, work: Work): void {
  if (work.action === 'delete') finishDelete(progress, work);
  else if (work.action === 'restore') restore(progress, work);
  else if (work.action === 'create' || work.state === 'initiated') create(progress, work);
  else update(progress, work);
}

function create(progress: Progress, work: Work): void {
  const plan = progress.blueprint?.resources.get(work.logicalId);
  const verb = work.action === 'create' ? 'CREATE' : 'UPDATE';
  if (plan === undefined || progress.blueprint === undefined) return;
  if (work.state === 'initiated') {
    const resource = progress.stack.resources[work.logicalId];
    if (resource === undefined) return;
    progress.setResource({ ...resource, status: `${verb}_COMPLETE`, at: progress.world.now() });
    progress.emit(resource, `${verb}_COMPLETE`);
    progress.set(work, { state: 'done' });
    return;
  }
  const properties = propertiesNow(progress.world, progress.stack, plan, progress.blueprint);
  const tags = progress.operation.deployment.tags;
  const made = createLive(progress.world, progress.stack, plan, { properties, tags, status: `${verb}_IN_PROGRESS` });
  if (!made.ok) {
    progress.emit(plan, `${verb}_FAILED`, { reason: made.reason, properties });
    progress.set(work, { state: 'failed' });
    return;
  }
  progress.setResource(made.resource);
  progress.emit(made.resource, `${verb}_IN_PROGRESS`, { reason: 'Resource creation Initiated', properties });
  progress.set(work, { state: 'initiated' });
}

function update(progress: Progress, work: Work): void {
  const plan = progress.blueprint?.resources.get(work.logicalId);
  const old = progress.operation.before.resources[work.logicalId];
  if (plan === undefined || old === undefined || progress.blueprint === undefined) return;
  const properties = propertiesNow(progress.world, progress.stack, plan, progress.blueprint);
  const live = liveOf(progress.world, old);
  if (need(progress, work, old) === 'replace') {
    const told = mischief(plan.metadata, 'update');
    const sameName = live === undefined ? undefined : fixedName(old, properties);
    if (told.fail || sameName !== undefined) {
      const reason = told.fail
        ? told.reason
        : `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${sameName} and update the stack again.`;
      failUpdate(progress, work, old, reason);
      return;
    }
    progress.operation = { ...progress.operation, leftovers: [...progress.operation.leftovers, old] };
    create(progress, work);
    return;
  }
  const before = {
    ...progress.operation.before,
    live: { ...progress.operation.before.live, [work.logicalId]: live?.properties ?? {} },
  };
  progress.operation = { ...progress.operation, before };
  const { tags } = progress.operation.deployment;
  const result = updateLive(progress.world, old, plan, {
    properties,
    tags,
    revertDrift: progress.operation.revertDrift,
  });
  if (!result.ok) {
    failUpdate(progress, work, old, result.reason);
    return;
  }
  progress.setResource(result.resource);
  progress.emit(result.resource, 'UPDATE_COMPLETE', { properties });
  progress.set(work, { state: 'done' });
}

function failUpdate(progress: Progress, work: Work, old: ResourceRecord, reason: string): void {
  progress.setResource({ ...old, status: 'UPDATE_FAILED', reason, at: progress.world.now() });
  progress.emit(old, 'UPDATE_FAILED', { reason });
  progress.set(work, { state: 'failed' });
}

function startDelete(progress: Progress, work: Work): boolean {
  const resource = work.resource;
  if (resource === undefined) return progress.skip(work);
  const policy = resource.deletionPolicy;
  if (policy === 'Retain' || (policy === 'RetainExceptOnCreate' && progress.operation.kind !== 'create')) {
    progress.emit(resource, 'DELETE_SKIPPED');
    progress.forget(resource);
    return progress.skip(work);
  }
  progress.emit(resource, 'DELETE_IN_PROGRESS');
  progress.set(work, { state: 'started', until: progress.world.now() + mischief(resource.metadata, 'delete').slowMs });
  return false;
}

function finishDelete(progress: Progress, work: Work): void {
  const resource = work.resource;
  if (resource === undefined) return;
  const told = mischief(resource.metadata, 'delete');
  if (told.fail) {
    progress.emit(resource, 'DELETE_FAILED', { reason: told.reason });
    progress.set(work, { state: 'failed' });
    return;
  }
  progress.world.db.remove('live', liveKey(resource.type, resource.physicalId));
  progress.emit(resource, 'DELETE_COMPLETE');
  progress.forget(resource);
  progress.set(work, { state: 'done' });
}

function restore(progress: Progress, work: Work): void {
  const old = progress.operation.before.resources[work.logicalId];
  const current = progress.stack.resources[work.logicalId];
  if (old === undefined) return;
  const told = mischief(old.metadata, 'restore');
  if (told.fail) {
    failUpdate(progress, work, old, told.reason);
    return;
  }
  const live = liveOf(progress.world, old);
  const before = progress.operation.before.live[work.logicalId];
  if (live !== undefined && before !== undefined && current?.physicalId === old.physicalId) {
    progress.world.db.put('live', { ...live, properties: before, tags: progress.operation.before.deployment.tags });
  }
  progress.setResource({ ...old, status: 'UPDATE_COMPLETE', at: progress.world.now() });
  progress.emit(old, 'UPDATE_COMPLETE');
  progress.set(work, { state: 'done' });
}

/** The name that a replacement would have to share with the resource it replaces. */
function fixedName(old: ResourceRecord, properties: JsonObject): string | undefined {
  const nameProperty = typeSpec(old.type)?.nameProperty;
  if (nameProperty === undefined) return undefined;
  const name = properties[nameProperty];
  return typeof name === 'string' && name === old.properties[nameProperty] ? name : undefined;
}
