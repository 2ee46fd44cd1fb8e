// Which stack states allow what, and that an unknown one never counts as done.
import * as fc from 'fast-check';
import { StackStatus } from '@aws-sdk/client-cloudformation';
import { expect, test } from 'vitest';
import { isNoChange, outcomeKnown, stackState } from '../../../lib/core/cloudformation/states.ts';

test('every state that the service has', () => {
  const text = ['(none)', ...Object.values(StackStatus).sort()]
    .map((status) => {
      const state = stackState(status === '(none)' ? undefined : status);
      return `${status}: ${state.phase}, ${state.changeSet ?? 'no change set'}${state.drift ? ', drift' : ''}`;
    })
    .join('\n');
  expect(text).toMatchInlineSnapshot(`
    "(none): absent, CREATE
    CREATE_COMPLETE: good, UPDATE, drift
    CREATE_FAILED: half-done, UPDATE
    CREATE_IN_PROGRESS: moving, no change set
    DELETE_COMPLETE: absent, CREATE
    DELETE_FAILED: delete-failed, no change set
    DELETE_IN_PROGRESS: moving, no change set
    IMPORT_COMPLETE: good, UPDATE
    IMPORT_IN_PROGRESS: moving, no change set
    IMPORT_ROLLBACK_COMPLETE: rolled-back, UPDATE
    IMPORT_ROLLBACK_FAILED: stuck, no change set
    IMPORT_ROLLBACK_IN_PROGRESS: moving, no change set
    REVIEW_IN_PROGRESS: absent, CREATE
    ROLLBACK_COMPLETE: never-created, no change set
    ROLLBACK_FAILED: never-created, no change set
    ROLLBACK_IN_PROGRESS: moving, no change set
    UPDATE_COMPLETE: good, UPDATE, drift
    UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: moving, no change set
    UPDATE_FAILED: half-done, UPDATE
    UPDATE_IN_PROGRESS: moving, no change set
    UPDATE_ROLLBACK_COMPLETE: rolled-back, UPDATE, drift
    UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: moving, no change set
    UPDATE_ROLLBACK_FAILED: stuck, no change set, drift
    UPDATE_ROLLBACK_IN_PROGRESS: moving, no change set"
  `);
});

test('a state nobody has heard of is never good', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'B', '_', 'COMPLETE', 'FAILED') }), (status) => {
      const { phase, changeSet, drift } = stackState(`NEW_${status}`);
      expect([phase, changeSet, drift]).toEqual([
        status.endsWith('_IN_PROGRESS') ? 'moving' : 'unknown',
        undefined,
        false,
      ]);
    }),
  );
  expect(stackState('TURNING_AROUND_IN_PROGRESS').phase).toBe('moving');
});

test('cleaning up means that the outcome is known', () => {
  expect(outcomeKnown('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')).toBe('good');
  expect(outcomeKnown('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS')).toBe('rolled-back');
  expect(outcomeKnown('UPDATE_IN_PROGRESS')).toBeUndefined();
});

test.each([
  [
    'FAILED',
    "The submitted information didn't contain changes. Submit different information to create a change set.",
    true,
  ],
  ['FAILED', 'No updates are to be performed.', true],
  ['FAILED', 'No export named x found', false],
  ['CREATE_COMPLETE', 'No updates are to be performed.', false],
  ['FAILED', undefined, false],
])('no change: %s %s', (status, reason, expected) => {
  expect(isNoChange(status, reason)).toBe(expected);
});
