// Removing what a plan that is not executed leaves behind.
import type { TargetContext } from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';
import type { ChangeSetRef } from './views.ts';

/** Removes a change set and, when nothing else is in it, the empty stack that it made. */
export async function removeShell(
  client: StackClient,
  left: { readonly changeSet: ChangeSetRef; readonly stackId?: string; readonly shell: boolean },
  context: TargetContext,
): Promise<void> {
  const { changeSet, shell } = left;
  const stackId = left.stackId ?? (shell ? (await client.changeSetIds(changeSet, context.signal))?.stackId : undefined);
  await client.deleteChangeSet(changeSet, context.signal);
  if (!shell || stackId === undefined) return;
  const stack = await client.stack(stackId, context.signal);
  if (stack?.status !== 'REVIEW_IN_PROGRESS' || (await client.hasChangeSets(stackId, context.signal))) return;
  await client.deleteStack(stackId, `discard-${context.hash(changeSet.id).slice(0, 32)}`, context.signal);
}
