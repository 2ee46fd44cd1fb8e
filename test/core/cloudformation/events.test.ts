// The root cause among the events of an operation.
import { describe, expect, test } from 'vitest';
import { failedResources, rootCause, type StackEventView } from '../../../lib/core/cloudformation/events.ts';

const stackId = 'arn:stack/s';
/** `LogicalId STATUS reason`, oldest first, as a person writes them; the service answers newest first. */
function events(token: string | undefined, ...lines: readonly string[]): readonly StackEventView[] {
  return lines
    .map((line): StackEventView => {
      const [LogicalResourceId = '', ResourceStatus = '', ...reason] = line.split(' ');
      return {
        StackId: stackId,
        LogicalResourceId,
        PhysicalResourceId: LogicalResourceId === 's' ? stackId : `id-${LogicalResourceId}`,
        ResourceType: LogicalResourceId === 's' ? 'AWS::CloudFormation::Stack' : 'AWS::SQS::Queue',
        ResourceStatus,
        ...(reason.length === 0 ? {} : { ResourceStatusReason: reason.join(' ') }),
        ...(token === undefined ? {} : { ClientRequestToken: token }),
      };
    })
    .toReversed();
}

const failedUpdate = [
  's UPDATE_IN_PROGRESS User Initiated',
  'A UPDATE_IN_PROGRESS',
  'B CREATE_IN_PROGRESS',
  'B CREATE_FAILED Resource creation cancelled',
  'A UPDATE_FAILED Access denied',
  'C UPDATE_FAILED Resource update cancelled',
  's UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [A, C].',
  'A UPDATE_COMPLETE',
  's UPDATE_ROLLBACK_COMPLETE',
];

describe('root cause', () => {
  test('is the failure that is not a consequence of another, even when it comes later', () => {
    expect(rootCause(events('t', ...failedUpdate), 't')).toEqual({
      logicalId: 'A',
      type: 'AWS::SQS::Queue',
      status: 'UPDATE_FAILED',
      reason: 'Access denied',
    });
  });

  test('is the first of several', () => {
    const two = ['s CREATE_IN_PROGRESS User Initiated', 'B CREATE_FAILED first', 'A CREATE_FAILED second'];
    expect(rootCause(events('t', ...two), 't')?.logicalId).toBe('B');
    expect(failedResources(events('t', ...two), 't')).toEqual(['B', 'A']);
  });

  test('belongs to the operation asked for: by token, or without one to the newest', () => {
    const earlier = events('old', 's CREATE_IN_PROGRESS User Initiated', 'Z CREATE_FAILED long ago');
    const all = [...events('new', ...failedUpdate), ...earlier];
    expect(rootCause(all, 'old')?.logicalId).toBe('Z');
    expect(rootCause(all, 'new')?.logicalId).toBe('A');
    expect(rootCause(all)?.logicalId).toBe('A');
    expect(rootCause(all, 'nobody')).toBeUndefined();
  });

  test('without a failed resource is what the stack says of itself', () => {
    const only = ['s UPDATE_IN_PROGRESS User Initiated', 's UPDATE_FAILED The role may not be assumed'];
    expect(rootCause(events('t', ...only), 't')?.reason).toBe('The role may not be assumed');
    expect(failedResources(events('t', ...only), 't')).toEqual([]);
  });

  test('when everything was cancelled is at least one of them', () => {
    expect(rootCause(events('t', 'A CREATE_FAILED Resource creation cancelled'), 't')?.logicalId).toBe('A');
  });
});
