// How an operation goes from one phase to the next: cancelled, taken back, cleaned up, ended.
import { isObject } from '../../../core/json.ts';
import { scopeOver } from './compare.ts';
import type { Progress } from './progress.ts';
import type { Operation, OutputRecord, ResourceRecord, Work } from './records.ts';
import { resolve } from './resolve.ts';
import { shown } from './text.ts';
import { known, withStatus } from './world.ts';

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

export function failOperation(progress: Progress, failed: readonly Work[]): void {
  const names = failed.map((work) => work.logicalId).join(', ');
  const { kind, phase } = progress.operation;
  if (kind === 'delete')
    return end(progress, 'DELETE_FAILED', `The following resource(s) failed to delete: [${names}]. `);
  if (phase === 'rollback' && kind === 'create') {
    return end(progress, 'ROLLBACK_FAILED', `The following resource(s) failed to delete: [${names}]. `);
  }
  if (phase === 'rollback')
    return end(progress, 'UPDATE_ROLLBACK_FAILED', `The following resource(s) failed to update: [${names}]. `);
  if (phase !== 'forward') return finishPhase(progress);
  cancelOthers(progress, kind === 'create');
  if (kind === 'create') rollbackCreate(progress, names);
  else rollbackUpdate(progress, names);
}

export function finishPhase(progress: Progress): void {
  const { kind, phase } = progress.operation;
  if (kind === 'delete') return end(progress, 'DELETE_COMPLETE');
  if (phase === 'cleanup') return end(progress, 'UPDATE_COMPLETE');
  if (phase === 'rollback-cleanup') return end(progress, 'UPDATE_ROLLBACK_COMPLETE');
  if (phase === 'rollback' && kind === 'create') return end(progress, 'ROLLBACK_COMPLETE');
  if (phase === 'rollback') {
    const { resources, deployment, outputs } = progress.operation.before;
    progress.stack = {
      ...progress.stack,
      deployment,
      outputs,
      resources: { ...resources, ...pick(progress.stack.resources, Object.keys(resources)) },
    };
    return cleanup(progress, 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS', 'rollback-cleanup');
  }
  progress.stack = { ...progress.stack, outputs: outputs(progress) };
  if (kind === 'create') return end(progress, 'CREATE_COMPLETE');
  cleanup(progress, 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'cleanup');
}

function cancelOthers(progress: Progress, create: boolean): void {
  for (const work of progress.operation.work) {
    if (work.state !== 'started' && work.state !== 'initiated') continue;
    const resource = progress.stack.resources[work.logicalId] ?? progress.blueprint?.resources.get(work.logicalId);
    const isNew = work.action === 'create';
    if (resource !== undefined) {
      progress.emit(resource, isNew ? 'CREATE_FAILED' : 'UPDATE_FAILED', {
        reason: `Resource ${create || isNew ? 'creation' : 'update'} cancelled`,
      });
    }
    progress.set(work, { state: 'failed' });
  }
}

function rollbackCreate(progress: Progress, names: string): void {
  const reason = `The following resource(s) failed to create: [${names}]. `;
  if (progress.operation.disableRollback) return end(progress, 'CREATE_FAILED', reason);
  progress.stack = withStatus(
    progress.world,
    progress.stack,
    'ROLLBACK_IN_PROGRESS',
    `${reason}Rollback requested by user.`,
  );
  progress.operation = { ...progress.operation, phase: 'rollback', work: deletions(progress.stack.resources) };
}

function rollbackUpdate(progress: Progress, names: string): void {
  const reason = `The following resource(s) failed to update: [${names}]. `;
  if (progress.operation.disableRollback) return end(progress, 'UPDATE_FAILED', reason);
  const { before } = progress.operation;
  const touched = progress.operation.work.filter((work) => work.state !== 'pending');
  const made = touched.flatMap((work) => {
    const now = progress.stack.resources[work.logicalId];
    return now === undefined || now.physicalId === before.resources[work.logicalId]?.physicalId ? [] : [now];
  });
  const work: Work[] = touched
    .filter((one) => {
      const old = before.resources[one.logicalId];
      const now = progress.stack.resources[one.logicalId];
      return (
        old !== undefined &&
        (before.live[one.logicalId] !== undefined || now?.physicalId !== old.physicalId || now?.status !== old.status)
      );
    })
    .map((one) => ({ logicalId: one.logicalId, action: 'restore', state: 'pending', after: [] }));
  progress.stack = withStatus(progress.world, progress.stack, 'UPDATE_ROLLBACK_IN_PROGRESS', reason);
  progress.operation = { ...progress.operation, phase: 'rollback', work, leftovers: made };
}

function cleanup(progress: Progress, status: string, phase: Operation['phase']): void {
  const leftovers = progress.operation.leftovers;
  progress.stack = withStatus(progress.world, progress.stack, status);
  // Two resources may share a logical id here (the old and its replacement), so work is keyed by position.
  const work = leftovers.map((resource, index): Work => {
    return { logicalId: `${resource.logicalId}#${index}`, action: 'delete', state: 'pending', after: [], resource };
  });
  progress.operation = { ...progress.operation, phase, work };
}

function outputs(progress: Progress): readonly OutputRecord[] {
  const blueprint = progress.blueprint;
  if (blueprint === undefined) return [];
  const scope = scopeOver(blueprint, progress.world.place, (name) => known(progress.stack.resources[name]));
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

function end(progress: Progress, status: string, reason?: string): void {
  progress.stack = withStatus(progress.world, progress.stack, status, reason);
  const { operation: _done, ...rest } = progress.stack;
  progress.stack = status === 'DELETE_COMPLETE' ? { ...rest, deletedAt: progress.world.now() } : rest;
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
