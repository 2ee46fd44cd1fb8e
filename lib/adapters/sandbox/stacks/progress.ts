// The stack and its operation while one step is worked out: copies that the step replaces, and the events it writes.
import type { JsonObject } from '../../../core/json.ts';
import type { Blueprint } from './blueprint.ts';
import type { Operation, ResourceRecord, StackRecord, Work } from './records.ts';
import { blueprintFor, emit, type World } from './world.ts';

export class Progress {
  readonly world: World;
  readonly blueprint: Blueprint | undefined;
  stack: StackRecord;
  operation: Operation;

  constructor(world: World, stack: StackRecord, operation: Operation) {
    this.world = world;
    this.stack = stack;
    this.operation = operation;
    this.blueprint = operation.kind === 'delete' ? undefined : blueprintFor(world, stack, operation.deployment);
  }

  set(work: Work, change: Partial<Work>): void {
    const next = { ...work, ...change };
    this.operation = {
      ...this.operation,
      work: this.operation.work.map((one) => (one.logicalId === work.logicalId ? next : one)),
    };
  }

  setResource(resource: ResourceRecord): void {
    this.stack = { ...this.stack, resources: { ...this.stack.resources, [resource.logicalId]: resource } };
  }

  emit(
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
    emit(this.world, this.stack, event, this.operation.token);
  }

  skip(work: Work): boolean {
    this.set(work, { state: 'done' });
    return true;
  }

  forget(resource: ResourceRecord): void {
    if (this.stack.resources[resource.logicalId]?.physicalId !== resource.physicalId) return;
    const rest = Object.entries(this.stack.resources).filter(([name]) => name !== resource.logicalId);
    this.stack = { ...this.stack, resources: Object.fromEntries(rest) };
  }
}
