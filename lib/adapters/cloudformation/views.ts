// What the target reads of the service's answers.
import type { Stack } from '@aws-sdk/client-cloudformation';
import type { ResourceChangeView } from '../../core/cloudformation/change-set.ts';

/** A stack as the target looks at it. */
export interface StackView {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly reason?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, string>>;
  /** Id of the change set that was executed last. */
  readonly changeSetId?: string;
  /** When the stack itself was last written; of a new stack when it was made. */
  readonly writtenAt: number;
  /** When drift detection last ended. */
  readonly driftCheckedAt?: number;
  /** What it found then. */
  readonly drifted: boolean;
}

/** A change set and whose it is: rights are given by stack, and its own id does not tell it. */
export interface ChangeSetRef {
  /** Name or id of the stack. */
  readonly stack: string;
  /** Id or name of the change set. */
  readonly id: string;
}

export interface ChangeSetView extends ChangeSetRef {
  readonly status: string;
  readonly reason?: string;
  readonly executionStatus: string;
  readonly entries: readonly ResourceChangeView[];
}

export interface CreateChangeSetRequest {
  readonly stack: string;
  readonly name: string;
  readonly type: 'CREATE' | 'UPDATE';
  readonly body: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly roleArn?: string;
  readonly revertDrift: boolean;
  readonly description: string;
}

/** One thing that validation before deployment refuses. */
export interface ValidationFinding {
  /** JSON pointer into the template. */
  readonly path: string;
  readonly reason: string;
}

/** A stack of an answer. */
export function stackView(stack: Stack): StackView {
  const { StackId, StackName, StackStatus, StackStatusReason, ChangeSetId, CreationTime, LastUpdatedTime } = stack;
  const written = LastUpdatedTime ?? CreationTime;
  const checked = stack.DriftInformation?.LastCheckTimestamp;
  return {
    id: StackId ?? '',
    name: StackName ?? '',
    status: StackStatus ?? '',
    ...(StackStatusReason === undefined || StackStatusReason === '' ? {} : { reason: StackStatusReason }),
    tags: Object.fromEntries((stack.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? ''])),
    parameters: Object.fromEntries(
      (stack.Parameters ?? []).map((one) => [one.ParameterKey ?? '', one.ParameterValue ?? '']),
    ),
    ...(ChangeSetId === undefined ? {} : { changeSetId: ChangeSetId }),
    writtenAt: written?.getTime() ?? 0,
    ...(checked === undefined ? {} : { driftCheckedAt: checked.getTime() }),
    drifted: stack.DriftInformation?.StackDriftStatus === 'DRIFTED',
  };
}
