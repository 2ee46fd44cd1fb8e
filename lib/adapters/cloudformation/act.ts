// Executing a change set and following it to its end, one look at a time.
import { outcomeKnown, stackState } from '../../core/cloudformation/states.ts';
import type { Failure } from '../../core/errors.ts';
import { subjectText } from '../../core/plan/model.ts';
import type {
  ActResult,
  InventoryEntry,
  ObserveRequest,
  Prepared,
  Step,
  TargetContext,
} from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';
import type { StackView } from './views.ts';
import { causeText } from './health.ts';
import type { StackExecution } from './preparing.ts';
import { nextWait, readToken, writeToken } from './waits.ts';
import { baselineOf, namingOf, withEntry } from './wanted.ts';

interface Acting {
  readonly client: StackClient;
  readonly request: ObserveRequest;
  readonly prepared: Prepared;
  readonly execution: StackExecution;
  readonly context: TargetContext;
}

/** How long an execution that was accepted may stay invisible. */
const startLimitMs = 60_000;

type StackEntry = InventoryEntry & { readonly id: { readonly stack: string } };

/** One look further in carrying out a prepared plan. */
export async function actOnStack(acting: Acting, token: string | undefined): Promise<Step<ActResult>> {
  const { execution, context } = acting;
  if (execution.kind !== 'change-set') return await keepEntry(acting);
  const saved = readToken('act', token);
  if (saved === undefined) return await start(acting);
  return await followOperation(acting, saved.token, saved.since, context.now());
}

function entryOf(acting: Acting, stack: StackView | undefined, done: boolean): StackEntry {
  const { request, execution, context, prepared } = acting;
  const old = namingOf(request, context).entry;
  const adopted = prepared.plan.changes.some((change) => change.action === 'adopt');
  const exists = execution.stackId !== undefined;
  const origin = old?.origin ?? (adopted || exists ? 'adopted' : 'created');
  const uid = stack?.id ?? execution.stackId;
  return {
    id: { stack: execution.stack },
    origin,
    ...(uid === undefined ? {} : { uid }),
    ...(done ? { digest: request.desiredDigest } : {}),
    ...(done && stack !== undefined ? { baseline: baselineOf(stack, context) } : {}),
  };
}

/** Nothing to execute: the stack is as wanted, or is taken over as it is. */
async function keepEntry(acting: Acting): Promise<Step<ActResult>> {
  const { client, execution, context, request, prepared } = acting;
  const stack = await client.stack(execution.stackId ?? execution.stack, context.signal);
  if (stack === undefined) return { status: 'failed', cause: changedMeanwhile(execution.stack, 'it is gone') };
  const inventory = withEntry(request, entryOf(acting, stack, true));
  if (execution.kind === 'adopt') context.report(`stack ${execution.stack} adopted`);
  const applied = execution.kind === 'adopt' ? prepared.plan.changes.length : 0;
  return { status: 'done', value: { inventory, applied, deleted: 0, failures: [] } };
}

function changedMeanwhile(stack: string, why: string): Failure {
  return {
    code: 'StackChanged',
    source: 'remote',
    message: `Stack ${stack} is not as it was planned: ${why}; planning again`,
    retryable: true,
    object: `stack ${stack}`,
  };
}

async function start(acting: Acting): Promise<Step<ActResult>> {
  const { client, execution, context, request } = acting;
  const { changeSetId = '', token = '' } = execution;
  const ref = { stack: execution.stackId ?? execution.stack, id: changeSetId };
  context.guard();
  // Before the first write the stack is in the inventory: whatever happens next, it is not forgotten.
  await context.saveInventory(withEntry(request, entryOf(acting, undefined, false)));
  context.guard();
  const started = await client.execute(ref, token, context.signal);
  const now = context.now();
  if (started.kind === 'started') return waiting(execution, token, now, now, 'starting');
  // A lost reply, or a second call after a crash: the change set tells whether it ran.
  const changeSet = await client.changeSet(ref, context.signal);
  const stack = await client.stack(ref.stack, context.signal);
  const ran = changeSet?.executionStatus.startsWith('EXECUTE_') === true || stack?.changeSetId === changeSetId;
  if (ran) return await followOperation(acting, token, now, now);
  return { status: 'failed', cause: changedMeanwhile(execution.stack, started.error.reason ?? started.name) };
}

function waiting(execution: StackExecution, token: string, since: number, now: number, status: string): Step<never> {
  return {
    status: 'wait',
    afterMs: nextWait(now - since),
    token: writeToken('act', { since, token }),
    note: `stack ${execution.stack}: ${status}`,
  };
}

async function followOperation(acting: Acting, token: string, since: number, now: number): Promise<Step<ActResult>> {
  const { client, execution, context } = acting;
  const stack = await client.stack(execution.stackId ?? execution.stack, context.signal);
  if (stack === undefined) return { status: 'failed', cause: changedMeanwhile(execution.stack, 'it is gone') };
  const state = stackState(stack.status);
  if (outcomeKnown(stack.status) === 'good') return finished(acting, stack);
  if (state.phase === 'moving') return waiting(execution, token, since, now, stack.status);
  // Right after the call the old state may still be shown; so may the shell of a new stack.
  if (!(await hasEnded(acting, stack, token))) {
    if (now - since < startLimitMs) return waiting(execution, token, since, now, stack.status);
    return { status: 'failed', cause: changedMeanwhile(execution.stack, 'the execution did not begin') };
  }
  if (state.phase === 'good') return finished(acting, stack);
  const events = await client.events(stack.id, token, context.signal);
  return { status: 'failed', cause: failureOf(acting, stack, causeText(events, token)) };
}

/** Whether a stack at rest rests after our operation: it names our change set, or its newest event with our token tells this very state. */
async function hasEnded(acting: Acting, stack: StackView, token: string): Promise<boolean> {
  const { client, execution, context } = acting;
  if (stackState(stack.status).phase === 'absent') return false;
  if (stack.changeSetId === execution.changeSetId) return true;
  const events = await client.events(stack.id, token, context.signal);
  const newest = events.find((event) => event.ClientRequestToken === token && event.PhysicalResourceId === stack.id);
  // Another status than the one just read means that one of the two answers is old.
  return newest?.ResourceStatus === stack.status;
}

function finished(acting: Acting, stack: StackView): Step<ActResult> {
  const { request, prepared, context } = acting;
  const { changes } = prepared.plan;
  const past: Readonly<Record<string, string>> = {
    create: 'created',
    update: 'updated',
    replace: 'replaced',
    delete: 'deleted',
    adopt: 'adopted',
  };
  for (const change of changes) context.report(`${subjectText(change.subject)} ${past[change.action] ?? 'unchanged'}`);
  const deleted = changes.filter((change) => change.action === 'delete').length;
  const inventory = withEntry(request, entryOf(acting, stack, true));
  return { status: 'done', value: { inventory, applied: changes.length - deleted, deleted, failures: [] } };
}

/** What failed, with the root cause's own words; never tried again with the same inputs. */
function failureOf(acting: Acting, stack: StackView, cause: string | undefined): Failure {
  const { execution, request } = acting;
  const state = stackState(stack.status);
  const why = cause ?? stack.reason ?? 'no reason given';
  const object = `stack ${execution.stack}`;
  const base = { source: 'user', retryable: false, object, reason: why } as const;
  if (state.phase === 'rolled-back') {
    const message = `The update of stack ${execution.stack} failed at ${why}; it was taken back to the last good state (${stack.status})`;
    return { ...base, code: 'StackUpdateFailed', message, next: `holdfast plan ${request.app.name}` };
  }
  if (state.phase === 'never-created') {
    const message = `Creating stack ${execution.stack} failed at ${why}; it was taken back (${stack.status}) and can only be deleted now`;
    return { ...base, code: 'StackCreateFailed', message, next: `holdfast sync ${request.app.name} --prune` };
  }
  const message = `The operation on stack ${execution.stack} ended in ${stack.status} at ${why}`;
  return {
    ...base,
    code: 'StackOperationFailed',
    message,
    next: `aws cloudformation describe-stack-events --stack-name ${execution.stack}`,
  };
}
