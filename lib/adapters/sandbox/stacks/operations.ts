// Starting stack operations, and carrying them on. Each step is one transaction.
import type { ChangeSetRecord, Operation, StackRecord, Work } from './records.ts';
import { deletions } from './phases.ts';
import { Progress } from './progress.ts';
import { step } from './stepper.ts';
import { blueprintFor, withStatus, type World } from './world.ts';

const userInitiated = 'User Initiated';

/** Starts executing a change set. */
export function startExecution(
  world: World,
  stack: StackRecord,
  changeSet: ChangeSetRecord,
  options: { readonly token: string | undefined; readonly disableRollback: boolean },
): StackRecord {
  const blueprint = blueprintFor(world, stack, changeSet.deployment);
  const create = changeSet.type === 'CREATE';
  const work: Work[] = [...blueprint.resources.values()].map((plan) => ({
    logicalId: plan.logicalId,
    action: stack.resources[plan.logicalId]?.type === plan.type ? 'update' : 'create',
    state: 'pending',
    after: plan.dependsOn,
  }));
  const leftovers = Object.values(stack.resources).filter(
    (one) => blueprint.resources.get(one.logicalId)?.type !== one.type,
  );
  const operation: Operation = {
    kind: create ? 'create' : 'update',
    phase: 'forward',
    ...(options.token === undefined ? {} : { token: options.token }),
    disableRollback: options.disableRollback,
    revertDrift: changeSet.revertDrift,
    changeSetId: changeSet.id,
    due: world.now() + world.stepMs,
    deployment: changeSet.deployment,
    work,
    leftovers,
    before: { deployment: stack.deployment, resources: stack.resources, outputs: stack.outputs, live: {} },
  };
  const description = blueprint.description;
  const started: StackRecord = {
    ...stack,
    ...(description === undefined ? {} : { description }),
    ...(create ? {} : { updatedAt: world.now() }),
    deployment: changeSet.deployment,
    changeSetId: changeSet.id,
    disableRollback: options.disableRollback,
    operation,
  };
  return withStatus(world, started, create ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS', userInitiated);
}

/** Starts deleting a stack. */
export function startDelete(
  world: World,
  stack: StackRecord,
  options: { readonly token: string | undefined; readonly retain: readonly string[] },
): StackRecord {
  const kept = Object.fromEntries(Object.entries(stack.resources).filter(([name]) => !options.retain.includes(name)));
  const operation: Operation = {
    kind: 'delete',
    phase: 'forward',
    ...(options.token === undefined ? {} : { token: options.token }),
    disableRollback: false,
    revertDrift: false,
    due: world.now() + world.stepMs,
    deployment: stack.deployment,
    work: deletions(kept),
    leftovers: [],
    before: { deployment: stack.deployment, resources: stack.resources, outputs: stack.outputs, live: {} },
  };
  return withStatus(world, { ...stack, resources: kept, operation }, 'DELETE_IN_PROGRESS', userInitiated);
}

/** Carries a stack's operation one step further, and its change set with it. */
export function advanceStack(world: World, stack: StackRecord): void {
  const operation = stack.operation;
  if (operation === undefined) return;
  const progress = new Progress(world, stack, operation);
  step(progress);
  const ended = progress.stack.operation === undefined;
  world.db.put(
    'stack',
    ended
      ? progress.stack
      : { ...progress.stack, operation: { ...progress.operation, due: world.now() + world.stepMs } },
  );
  const changeSet = operation.changeSetId === undefined ? undefined : world.db.get('changeSet', operation.changeSetId);
  if (!ended || changeSet === undefined) return;
  const good = progress.stack.status === 'CREATE_COMPLETE' || progress.stack.status === 'UPDATE_COMPLETE';
  world.db.put('changeSet', { ...changeSet, executionStatus: good ? 'EXECUTE_COMPLETE' : 'EXECUTE_FAILED' });
}
