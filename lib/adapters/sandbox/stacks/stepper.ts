// One step of a stack's operation: from the stored stack to the next one and its events.
import { HoldfastError } from '../../../core/errors.ts';
import { isObject, type JsonObject } from '../../../core/json.ts';
import type { Blueprint } from './blueprint.ts';
import { scopeOver } from './compare.ts';
import { liveKey } from './database.ts';
import { createLive, mischief, propertiesNow, updateLive, updateNeed } from './resources.ts';
import { same } from './properties.ts';
import type { Operation, OutputRecord, ResourceRecord, StackRecord, Work } from './records.ts';
import { resolve } from './resolve.ts';
import { typeSpec } from './types.ts';
import { blueprintFor, emit, known, liveOf, withStatus, type World } from './world.ts';
import { shown } from './text.ts';

/** Work that deletes resources, each after those that need it. */
export function deletions(resources: Readonly<Record<string, ResourceRecord>>): readonly Work[] {
  const all = Object.values(resources);
  return all.map((resource) => ({
    logicalId: resource.logicalId,
    action: 'delete',
    state: 'pending',
    after: all.filter((one) => one.dependsOn.includes(resource.logicalId)).map((one) => one.logicalId),
    resource,
  }));
}

/** One step of one stack's operation, working on copies. */
export class Stepper {
  readonly #world: World;
  stack: StackRecord;
  operation: Operation;
  readonly #blueprint: Blueprint | undefined;

  constructor(world: World, stack: StackRecord, operation: Operation) {
    this.#world = world;
    this.stack = stack;
    this.operation = operation;
    this.#blueprint = operation.kind === 'delete' ? undefined : blueprintFor(world, stack, operation.deployment);
  }

  step(): void {
    // What was started before this step is carried on; what it makes possible is started in the same step.
    for (const work of this.operation.work) {
      if (work.state === 'initiated' || work.state === 'started') this.#carryOn(work);
    }
    if (!this.operation.work.some((work) => work.state === 'failed')) this.#startPending();
    const failed = this.operation.work.filter((work) => work.state === 'failed');
    const busy = this.operation.work.some((work) => work.state === 'initiated' || work.state === 'started');
    if (failed.length > 0) this.#fail(failed);
    else if (!busy && this.operation.work.every((work) => work.state === 'done')) this.#finish();
  }

  #startPending(): void {
    for (let again = true; again; ) {
      again = false;
      const done = new Set(this.operation.work.filter((work) => work.state === 'done').map((work) => work.logicalId));
      const waitedFor = new Set(this.operation.work.map((work) => work.logicalId));
      for (const work of this.operation.work) {
        const ready = work.after.every((name) => done.has(name) || !waitedFor.has(name));
        if (work.state !== 'pending' || !ready) continue;
        // A resource with nothing to do is done at once, which may free others in this very step.
        if (this.#start(work)) again = true;
      }
    }
  }

  #set(work: Work, change: Partial<Work>): void {
    const next = { ...work, ...change };
    this.operation = {
      ...this.operation,
      work: this.operation.work.map((one) => (one.logicalId === work.logicalId ? next : one)),
    };
  }

  #setResource(resource: ResourceRecord): void {
    this.stack = { ...this.stack, resources: { ...this.stack.resources, [resource.logicalId]: resource } };
  }

  #emit(
    resource: { readonly logicalId: string; readonly type: string; readonly physicalId?: string },
    status: string,
    more: { readonly reason?: string; readonly properties?: JsonObject } = {},
  ): void {
    const event = {
      logicalId: resource.logicalId,
      type: resource.type,
      physicalId: resource.physicalId ?? '',
      status,
      ...more,
    };
    emit(this.#world, this.stack, event, this.operation.token);
  }

  /** True when the work is done without anything to do. */
  #start(work: Work): boolean {
    if (work.action === 'delete') return this.#startDelete(work);
    if (work.action === 'restore') {
      const current = this.stack.resources[work.logicalId];
      if (current !== undefined) this.#emit(current, 'UPDATE_IN_PROGRESS');
      this.#set(work, { state: 'started' });
      return false;
    }
    const plan = this.#blueprint?.resources.get(work.logicalId);
    if (plan === undefined) return this.#skip(work);
    const old = this.stack.resources[work.logicalId];
    const until = this.#world.now() + mischief(plan.metadata, work.action).slowMs;
    if (work.action === 'update' && old !== undefined) {
      const need = this.#needOrTry(work, old);
      if (need === 'none') {
        this.#setResource({ ...old, dependsOn: plan.dependsOn });
        return this.#skip(work);
      }
      this.#emit(old, 'UPDATE_IN_PROGRESS');
      if (need === 'replace') {
        const reason = 'Requested update requires the creation of a new physical resource; hence creating one.';
        this.#emit(old, 'UPDATE_IN_PROGRESS', { reason });
      }
      this.#setResource({ ...old, status: 'UPDATE_IN_PROGRESS', at: this.#world.now() });
    } else {
      this.#emit(plan, 'CREATE_IN_PROGRESS');
    }
    this.#set(work, { state: 'started', until });
    return false;
  }

  #skip(work: Work): boolean {
    this.#set(work, { state: 'done' });
    return true;
  }

  /** What cannot be told yet is tried; carrying it out says why it fails. */
  #needOrTry(work: Work, old: ResourceRecord): 'none' | 'update' | 'replace' {
    try {
      return this.#need(work, old);
    } catch (error) {
      if (error instanceof HoldfastError) return 'update';
      throw error;
    }
  }

  #need(work: Work, old: ResourceRecord): 'none' | 'update' | 'replace' {
    const plan = this.#blueprint?.resources.get(work.logicalId);
    const spec = typeSpec(old.type);
    if (plan === undefined || spec === undefined || this.#blueprint === undefined) return 'none';
    const live = liveOf(this.#world, old)?.properties;
    if (this.operation.revertDrift && live === undefined && spec.drift) return 'replace';
    return updateNeed(spec, old, plan, {
      properties: propertiesNow(this.#world, this.stack, plan, this.#blueprint),
      live,
      tagsChanged: !same(this.operation.before.deployment.tags, this.operation.deployment.tags),
      revertDrift: this.operation.revertDrift,
    });
  }

  /** A name that leads nowhere (an export that is gone) fails the resource, not the sandbox. */
  #carryOn(work: Work): void {
    if (work.until !== undefined && this.#world.now() < work.until) return;
    try {
      this.#carryOut(work);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      this.#failResource(work, error.message);
    }
  }

  #failResource(work: Work, reason: string): void {
    const resource = this.stack.resources[work.logicalId] ?? this.#blueprint?.resources.get(work.logicalId);
    if (resource !== undefined)
      this.#emit(resource, work.action === 'create' ? 'CREATE_FAILED' : 'UPDATE_FAILED', { reason });
    this.#set(work, { state: 'failed' });
  }

  #carryOut(work: Work): void {
    if (work.action === 'delete') this.#finishDelete(work);
    else if (work.action === 'restore') this.#restore(work);
    else if (work.action === 'create' || work.state === 'initiated') this.#create(work);
    else this.#update(work);
  }

  #create(work: Work): void {
    const plan = this.#blueprint?.resources.get(work.logicalId);
    const verb = work.action === 'create' ? 'CREATE' : 'UPDATE';
    if (plan === undefined || this.#blueprint === undefined) return;
    if (work.state === 'initiated') {
      const resource = this.stack.resources[work.logicalId];
      if (resource === undefined) return;
      this.#setResource({ ...resource, status: `${verb}_COMPLETE`, at: this.#world.now() });
      this.#emit(resource, `${verb}_COMPLETE`);
      this.#set(work, { state: 'done' });
      return;
    }
    const properties = propertiesNow(this.#world, this.stack, plan, this.#blueprint);
    const tags = this.operation.deployment.tags;
    const made = createLive(this.#world, this.stack, plan, { properties, tags, status: `${verb}_IN_PROGRESS` });
    if (!made.ok) {
      this.#emit(plan, `${verb}_FAILED`, { reason: made.reason, properties });
      this.#set(work, { state: 'failed' });
      return;
    }
    this.#setResource(made.resource);
    this.#emit(made.resource, `${verb}_IN_PROGRESS`, { reason: 'Resource creation Initiated', properties });
    this.#set(work, { state: 'initiated' });
  }

  #update(work: Work): void {
    const plan = this.#blueprint?.resources.get(work.logicalId);
    const old = this.operation.before.resources[work.logicalId];
    if (plan === undefined || old === undefined || this.#blueprint === undefined) return;
    const properties = propertiesNow(this.#world, this.stack, plan, this.#blueprint);
    const live = liveOf(this.#world, old);
    if (this.#need(work, old) === 'replace') {
      const told = mischief(plan.metadata, 'update');
      const sameName = live === undefined ? undefined : fixedName(old, properties);
      if (told.fail || sameName !== undefined) {
        const reason = told.fail
          ? told.reason
          : `CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename ${sameName} and update the stack again.`;
        this.#failUpdate(work, old, reason);
        return;
      }
      this.operation = { ...this.operation, leftovers: [...this.operation.leftovers, old] };
      this.#create(work);
      return;
    }
    const before = {
      ...this.operation.before,
      live: { ...this.operation.before.live, [work.logicalId]: live?.properties ?? {} },
    };
    this.operation = { ...this.operation, before };
    const { tags } = this.operation.deployment;
    const result = updateLive(this.#world, old, plan, { properties, tags, revertDrift: this.operation.revertDrift });
    if (!result.ok) {
      this.#failUpdate(work, old, result.reason);
      return;
    }
    this.#setResource(result.resource);
    this.#emit(result.resource, 'UPDATE_COMPLETE', { properties });
    this.#set(work, { state: 'done' });
  }

  #failUpdate(work: Work, old: ResourceRecord, reason: string): void {
    this.#setResource({ ...old, status: 'UPDATE_FAILED', reason, at: this.#world.now() });
    this.#emit(old, 'UPDATE_FAILED', { reason });
    this.#set(work, { state: 'failed' });
  }

  #startDelete(work: Work): boolean {
    const resource = work.resource;
    if (resource === undefined) return this.#skip(work);
    const policy = resource.deletionPolicy;
    if (policy === 'Retain' || (policy === 'RetainExceptOnCreate' && this.operation.kind !== 'create')) {
      this.#emit(resource, 'DELETE_SKIPPED');
      this.#forget(resource);
      return this.#skip(work);
    }
    this.#emit(resource, 'DELETE_IN_PROGRESS');
    this.#set(work, { state: 'started', until: this.#world.now() + mischief(resource.metadata, 'delete').slowMs });
    return false;
  }

  #forget(resource: ResourceRecord): void {
    if (this.stack.resources[resource.logicalId]?.physicalId !== resource.physicalId) return;
    const rest = Object.entries(this.stack.resources).filter(([name]) => name !== resource.logicalId);
    this.stack = { ...this.stack, resources: Object.fromEntries(rest) };
  }

  #finishDelete(work: Work): void {
    const resource = work.resource;
    if (resource === undefined) return;
    const told = mischief(resource.metadata, 'delete');
    if (told.fail) {
      this.#emit(resource, 'DELETE_FAILED', { reason: told.reason });
      this.#set(work, { state: 'failed' });
      return;
    }
    this.#world.db.remove('live', liveKey(resource.type, resource.physicalId));
    this.#emit(resource, 'DELETE_COMPLETE');
    this.#forget(resource);
    this.#set(work, { state: 'done' });
  }

  #restore(work: Work): void {
    const old = this.operation.before.resources[work.logicalId];
    const current = this.stack.resources[work.logicalId];
    if (old === undefined) return;
    const told = mischief(old.metadata, 'restore');
    if (told.fail) {
      this.#failUpdate(work, old, told.reason);
      return;
    }
    const live = liveOf(this.#world, old);
    const before = this.operation.before.live[work.logicalId];
    if (live !== undefined && before !== undefined && current?.physicalId === old.physicalId) {
      this.#world.db.put('live', { ...live, properties: before, tags: this.operation.before.deployment.tags });
    }
    this.#setResource({ ...old, status: 'UPDATE_COMPLETE', at: this.#world.now() });
    this.#emit(old, 'UPDATE_COMPLETE');
    this.#set(work, { state: 'done' });
  }

  #fail(failed: readonly Work[]): void {
    const names = failed.map((work) => work.logicalId).join(', ');
    const { kind, phase } = this.operation;
    if (kind === 'delete')
      return this.#end('DELETE_FAILED', `The following resource(s) failed to delete: [${names}]. `);
    if (phase === 'rollback' && kind === 'create') {
      return this.#end('ROLLBACK_FAILED', `The following resource(s) failed to delete: [${names}]. `);
    }
    if (phase === 'rollback')
      return this.#end('UPDATE_ROLLBACK_FAILED', `The following resource(s) failed to update: [${names}]. `);
    if (phase !== 'forward') return this.#finish();
    this.#cancelOthers(kind === 'create');
    if (kind === 'create') this.#rollbackCreate(names);
    else this.#rollbackUpdate(names);
  }

  #cancelOthers(create: boolean): void {
    for (const work of this.operation.work) {
      if (work.state !== 'started' && work.state !== 'initiated') continue;
      const resource = this.stack.resources[work.logicalId] ?? this.#blueprint?.resources.get(work.logicalId);
      const isNew = work.action === 'create';
      if (resource !== undefined) {
        this.#emit(resource, isNew ? 'CREATE_FAILED' : 'UPDATE_FAILED', {
          reason: `Resource ${create || isNew ? 'creation' : 'update'} cancelled`,
        });
      }
      this.#set(work, { state: 'failed' });
    }
  }

  #rollbackCreate(names: string): void {
    const reason = `The following resource(s) failed to create: [${names}]. `;
    if (this.operation.disableRollback) return this.#end('CREATE_FAILED', reason);
    this.stack = withStatus(this.#world, this.stack, 'ROLLBACK_IN_PROGRESS', `${reason}Rollback requested by user.`);
    this.operation = { ...this.operation, phase: 'rollback', work: deletions(this.stack.resources) };
  }

  #rollbackUpdate(names: string): void {
    const reason = `The following resource(s) failed to update: [${names}]. `;
    if (this.operation.disableRollback) return this.#end('UPDATE_FAILED', reason);
    const { before } = this.operation;
    const touched = this.operation.work.filter((work) => work.state !== 'pending');
    const made = touched.flatMap((work) => {
      const now = this.stack.resources[work.logicalId];
      return now === undefined || now.physicalId === before.resources[work.logicalId]?.physicalId ? [] : [now];
    });
    const work: Work[] = touched
      .filter((one) => {
        const old = before.resources[one.logicalId];
        const now = this.stack.resources[one.logicalId];
        return (
          old !== undefined &&
          (before.live[one.logicalId] !== undefined || now?.physicalId !== old.physicalId || now?.status !== old.status)
        );
      })
      .map((one) => ({ logicalId: one.logicalId, action: 'restore', state: 'pending', after: [] }));
    this.stack = withStatus(this.#world, this.stack, 'UPDATE_ROLLBACK_IN_PROGRESS', reason);
    this.operation = { ...this.operation, phase: 'rollback', work, leftovers: made };
  }

  #cleanup(status: string, phase: Operation['phase']): void {
    const leftovers = this.operation.leftovers;
    this.stack = withStatus(this.#world, this.stack, status);
    // Two resources may share a logical id here (the old and its replacement), so work is keyed by position.
    const work = leftovers.map((resource, index): Work => {
      return { logicalId: `${resource.logicalId}#${index}`, action: 'delete', state: 'pending', after: [], resource };
    });
    this.operation = { ...this.operation, phase, work };
  }

  #finish(): void {
    const { kind, phase } = this.operation;
    if (kind === 'delete') return this.#end('DELETE_COMPLETE');
    if (phase === 'cleanup') return this.#end('UPDATE_COMPLETE');
    if (phase === 'rollback-cleanup') return this.#end('UPDATE_ROLLBACK_COMPLETE');
    if (phase === 'rollback' && kind === 'create') return this.#end('ROLLBACK_COMPLETE');
    if (phase === 'rollback') {
      const { resources, deployment, outputs } = this.operation.before;
      this.stack = {
        ...this.stack,
        deployment,
        outputs,
        resources: { ...resources, ...pick(this.stack.resources, Object.keys(resources)) },
      };
      return this.#cleanup('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'rollback-cleanup');
    }
    this.stack = { ...this.stack, outputs: this.#outputs() };
    if (kind === 'create') return this.#end('CREATE_COMPLETE');
    this.#cleanup('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'cleanup');
  }

  #outputs(): readonly OutputRecord[] {
    const blueprint = this.#blueprint;
    if (blueprint === undefined) return [];
    const scope = scopeOver(blueprint, this.#world.place, (name) => known(this.stack.resources[name]));
    return Object.entries(blueprint.outputs).flatMap(([key, declaration]) => {
      if (!isObject(declaration)) return [];
      const value = resolve(declaration['Value'], scope);
      const exported = isObject(declaration['Export']) ? resolve(declaration['Export']['Name'], scope) : undefined;
      const description = declaration['Description'];
      return [
        {
          key,
          value: shown(value ?? ''),
          ...(typeof description === 'string' ? { description } : {}),
          ...(exported === undefined ? {} : { exportName: shown(exported) }),
        },
      ];
    });
  }

  #end(status: string, reason?: string): void {
    this.stack = withStatus(this.#world, this.stack, status, reason);
    const { operation: _done, ...rest } = this.stack;
    this.stack = status === 'DELETE_COMPLETE' ? { ...rest, deletedAt: this.#world.now() } : rest;
  }
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}

/** The name that a replacement would have to share with the resource it replaces. */
function fixedName(old: ResourceRecord, properties: JsonObject): string | undefined {
  const nameProperty = typeSpec(old.type)?.nameProperty;
  if (nameProperty === undefined) return undefined;
  const name = properties[nameProperty];
  return typeof name === 'string' && name === old.properties[nameProperty] ? name : undefined;
}
