// What a stack's state says about its health, and what to tell a person about a state in which nothing can be done.
import { failedResources, rootCause, type StackEventView } from '../../core/cloudformation/events.ts';
import { stackType } from '../../core/cloudformation/plan.ts';
import { type StackState, stackState } from '../../core/cloudformation/states.ts';
import { safeText } from '../../core/cloudformation/values.ts';
import type { Failure } from '../../core/errors.ts';
import type { Health, HealthReport } from '../../core/plan/target.ts';
import type { StackView } from './views.ts';

const healths: Readonly<Record<StackState['phase'], Health>> = {
  absent: 'Missing',
  moving: 'Progressing',
  good: 'Healthy',
  // What runs is the last good state, whole.
  'rolled-back': 'Healthy',
  'half-done': 'Degraded',
  'never-created': 'Degraded',
  stuck: 'Degraded',
  'delete-failed': 'Degraded',
  unknown: 'Unknown',
};

/** Health of a stack. `note` is added to the message. */
export function healthOf(name: string, stack: StackView | undefined, note?: string): HealthReport {
  const state = stackState(stack?.status);
  const health = healths[state.phase];
  const reason = health === 'Degraded' && stack?.reason !== undefined ? ` (${safeText(stack.reason)})` : '';
  const taken = state.phase === 'rolled-back' ? ', the last update was taken back' : '';
  const message = `stack ${name}: ${state.phase === 'absent' ? 'not there' : state.status}${taken}${reason}${note === undefined ? '' : `; ${note}`}`;
  const subject = { kind: 'resource', stack: name, logicalId: name, type: stackType } as const;
  return { health, message, objects: [{ subject, health, message }] };
}

/** The text of a root cause: `Queue (AWS::SQS::Queue): Invalid value …`. */
export function causeText(events: readonly StackEventView[], token?: string): string | undefined {
  const cause = rootCause(events, token);
  return cause === undefined
    ? undefined
    : `${cause.logicalId} (${cause.type}): ${safeText(cause.reason).replace(/\.\s*$/, '')}`;
}

/** Why nothing can be planned for a stack in its present state, and what a person can do. */
export function stuckFailure(app: string, name: string, state: StackState, events: readonly StackEventView[]): Failure {
  const object = `stack ${name}`;
  const cause = causeText(events);
  const reason = cause === undefined ? {} : { reason: cause };
  const base = { source: 'user', retryable: false, object, ...reason } as const;
  switch (state.phase) {
    case 'never-created':
      return {
        ...base,
        code: 'StackNeverCreated',
        message: `The first deployment of stack ${name} failed and was taken back (${state.status}); CloudFormation can only delete it and start again`,
        next: `holdfast sync ${app} --prune   (deletes the stack that was never created, then creates it)`,
      };
    case 'stuck': {
      const failed = failedResources(events).join(', ');
      return {
        ...base,
        code: 'StackStuck',
        message: `Taking back the last update of stack ${name} failed (${state.status})${failed === '' ? '' : ` at ${failed}`}; nothing can be changed before a person says how to go on`,
        next: `aws cloudformation continue-update-rollback --stack-name ${name}   (--resources-to-skip only for what may differ from the template)`,
      };
    }
    case 'delete-failed':
      return {
        ...base,
        code: 'StackDeleteFailed',
        message: `Stack ${name} could not be deleted completely (${state.status})`,
        next: `aws cloudformation delete-stack --stack-name ${name} --retain-resources …`,
      };
    default:
      return {
        ...base,
        code: 'StackStateUnknown',
        message: `Stack ${name} is in state ${state.status}, in which this version does nothing`,
        next: `aws cloudformation describe-stacks --stack-name ${name}`,
      };
  }
}
