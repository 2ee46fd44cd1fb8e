// What may be done with a stack in each of its states. A state that is not in the table is never taken for a good end.

/** How a stack stands. */
export type StackPhase =
  /** Nothing is there, or only an empty shell waiting for its first change set. */
  | 'absent'
  /** An operation is under way. */
  | 'moving'
  /** At rest as its template says. */
  | 'good'
  /** At rest as an earlier template says: the last update failed and was taken back. */
  | 'rolled-back'
  /** At rest half way: an operation failed and nothing was taken back. */
  | 'half-done'
  /** Its first deployment failed; CloudFormation can only delete it. */
  | 'never-created'
  /** Taking back an update failed; a person has to say how to go on. */
  | 'stuck'
  /** Deleting it failed. */
  | 'delete-failed'
  /** A state that this version does not know. */
  | 'unknown';

export interface StackState {
  readonly status: string;
  readonly phase: StackPhase;
  /** The type of the change set that is possible now; absent when none is. */
  readonly changeSet?: 'CREATE' | 'UPDATE';
  /** Whether drift detection is allowed. */
  readonly drift: boolean;
}

const table: Readonly<
  Record<string, { readonly phase: StackPhase; readonly changeSet?: 'CREATE' | 'UPDATE'; readonly drift?: true }>
> = {
  REVIEW_IN_PROGRESS: { phase: 'absent', changeSet: 'CREATE' },
  DELETE_COMPLETE: { phase: 'absent', changeSet: 'CREATE' },
  CREATE_COMPLETE: { phase: 'good', changeSet: 'UPDATE', drift: true },
  UPDATE_COMPLETE: { phase: 'good', changeSet: 'UPDATE', drift: true },
  IMPORT_COMPLETE: { phase: 'good', changeSet: 'UPDATE' },
  IMPORT_ROLLBACK_COMPLETE: { phase: 'rolled-back', changeSet: 'UPDATE' },
  UPDATE_ROLLBACK_COMPLETE: { phase: 'rolled-back', changeSet: 'UPDATE', drift: true },
  CREATE_FAILED: { phase: 'half-done', changeSet: 'UPDATE' },
  UPDATE_FAILED: { phase: 'half-done', changeSet: 'UPDATE' },
  ROLLBACK_COMPLETE: { phase: 'never-created' },
  ROLLBACK_FAILED: { phase: 'never-created' },
  UPDATE_ROLLBACK_FAILED: { phase: 'stuck', drift: true },
  IMPORT_ROLLBACK_FAILED: { phase: 'stuck' },
  DELETE_FAILED: { phase: 'delete-failed' },
};

/** The state behind a stack's status; undefined = there is no such stack. */
export function stackState(status: string | undefined): StackState {
  if (status === undefined) return { status: 'absent', phase: 'absent', changeSet: 'CREATE', drift: false };
  const row = Object.hasOwn(table, status) ? table[status] : undefined;
  if (row !== undefined) return { status, drift: false, ...row };
  return { status, phase: status.endsWith('_IN_PROGRESS') ? 'moving' : 'unknown', drift: false };
}

/** Whether a moving stack's outcome is known already: only leftovers are being removed. */
export function outcomeKnown(status: string): 'good' | 'rolled-back' | undefined {
  if (status === 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS') return 'good';
  return status === 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS' ? 'rolled-back' : undefined;
}

const noChangeReasons = ["The submitted information didn't contain changes.", 'No updates are to be performed.'];

/** Whether a failed change set failed only because there is nothing to do: plain templates and templates with transforms say it differently. */
export function isNoChange(status: string | undefined, reason: string | undefined): boolean {
  return status === 'FAILED' && noChangeReasons.some((text) => reason?.startsWith(text) === true);
}
