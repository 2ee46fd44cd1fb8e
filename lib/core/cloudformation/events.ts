// Which resource made an operation fail: the first failure that is not a consequence of another.

/** What is read of a stack event. Fields as the service names them. */
export interface StackEventView {
  readonly EventId?: string | undefined;
  readonly LogicalResourceId?: string | undefined;
  readonly PhysicalResourceId?: string | undefined;
  readonly ResourceType?: string | undefined;
  readonly ResourceStatus?: string | undefined;
  readonly ResourceStatusReason?: string | undefined;
  readonly ClientRequestToken?: string | undefined;
  readonly StackId?: string | undefined;
}

export interface RootCause {
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

const consequence = /^Resource (?:creation|update|deletion) cancel+ed/i;

function isFailure(event: StackEventView): boolean {
  return event.ResourceStatus?.endsWith('_FAILED') === true;
}

/** Whether an event speaks of the stack as a whole, whose reason only repeats which resources failed. */
function isStackItself(event: StackEventView): boolean {
  return event.PhysicalResourceId !== undefined && event.PhysicalResourceId === event.StackId;
}

/** Events of the newest operation, newest first: those with its token, or all down to where it began. */
export function ofOperation(
  newestFirst: readonly StackEventView[],
  token: string | undefined,
): readonly StackEventView[] {
  if (token !== undefined) return newestFirst.filter((event) => event.ClientRequestToken === token);
  const begin = newestFirst.findIndex(
    (event) =>
      isStackItself(event) &&
      event.ResourceStatusReason === 'User Initiated' &&
      event.ResourceStatus !== 'REVIEW_IN_PROGRESS',
  );
  return begin < 0 ? newestFirst : newestFirst.slice(0, begin + 1);
}

/** The root cause among the events of one operation (newest first), or undefined when no resource failed. */
export function rootCause(newestFirst: readonly StackEventView[], token?: string): RootCause | undefined {
  const failures = ofOperation(newestFirst, token).filter(isFailure).toReversed();
  const own = failures.filter((event) => !isStackItself(event));
  const first = own.find((event) => !consequence.test(event.ResourceStatusReason ?? '')) ?? own[0] ?? failures[0];
  if (first === undefined) return undefined;
  return {
    logicalId: first.LogicalResourceId ?? '',
    type: first.ResourceType ?? '',
    status: first.ResourceStatus ?? '',
    reason: first.ResourceStatusReason ?? 'no reason given',
  };
}

/** Logical ids of every resource that failed in an operation, each once, first failure first. */
export function failedResources(newestFirst: readonly StackEventView[], token?: string): readonly string[] {
  const failed = ofOperation(newestFirst, token)
    .filter((event) => isFailure(event) && !isStackItself(event))
    .map((event) => event.LogicalResourceId ?? '');
  return [...new Set(failed.toReversed())];
}
