// Removing what a plan that is not executed leaves behind.
import type { TargetContext } from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';

/** Removes a change set and, when nothing else is in it, the empty stack that it made. */
export async function removeShell(
  client: StackClient,
  left: { readonly changeSetId: string; readonly stackId?: string; readonly shell: boolean },
  context: TargetContext,
): Promise<void> {
  const stackId = left.stackId ?? (left.shell ? await shellOf(client, left.changeSetId, context) : undefined);
  await client.deleteChangeSet(left.changeSetId, context.signal);
  if (!left.shell || stackId === undefined) return;
  const stack = await client.stack(stackId, context.signal);
  if (stack?.status !== 'REVIEW_IN_PROGRESS' || (await client.hasChangeSets(stackId, context.signal))) return;
  await client.deleteStack(stackId, `discard-${context.hash(left.changeSetId).slice(0, 32)}`, context.signal);
}

async function shellOf(client: StackClient, changeSetId: string, context: TargetContext): Promise<string | undefined> {
  const named = await client.changeSetNamed(undefined, changeSetId, context.signal);
  return named?.stackId;
}
