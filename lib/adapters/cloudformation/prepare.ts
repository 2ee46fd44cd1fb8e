// From what was seen of a stack to its plan: a change set with property values, made once and read when it is finished.
import { operationToken } from '../../core/cloudformation/ownership.ts';
import { type StackState, stackState } from '../../core/cloudformation/states.ts';
import type { Failure } from '../../core/errors.ts';
import type { Observation, Prepared, Step } from '../../core/plan/target.ts';
import type { StackView } from './views.ts';
import { stuckFailure } from './health.ts';
import { makeChangeSet } from './make-change-set.ts';
import type { StackLive } from './observe.ts';
import {
  accountOf,
  changeSetGapMs,
  type PrepareToken,
  type Preparing,
  waitToPrepare,
  wrongAccount,
} from './preparing.ts';
import { readPlan } from './read-plan.ts';
import { readToken } from './waits.ts';
import { namingOf, owns, type Naming, wantedOf } from './wanted.ts';

/** One look further on the way to a plan. */
export async function prepareStack(preparing: Preparing, token: string | undefined): Promise<Step<Prepared>> {
  const { context, request, client } = preparing;
  const saved = readToken('prepare', token) ?? { since: context.now(), stage: 'busy', attempt: 1 };
  const naming = namingOf(request, context);
  const stack = await client.stack(saved.stackId ?? naming.stack, context.signal);
  const state = stackState(stack?.status);
  const stop = await refusal(preparing, naming, stack, state);
  if (stop !== undefined) return { status: 'failed', cause: stop };
  if (state.phase === 'moving')
    return waitToPrepare(
      preparing,
      { ...saved, stage: 'busy' },
      `stack ${naming.stack} is ${state.status}; waiting for that to end`,
    );
  if (state.phase === 'never-created' && stack !== undefined) return await startOver(preparing, naming, stack, saved);
  const live = state.phase === 'absent' ? undefined : stack;
  const wanted = await wantedOf(request, live, context);
  const foreign = foreignRole(preparing, wanted.desired.stack.roleArn, live);
  if (foreign !== undefined) return { status: 'failed', cause: foreign };
  const heals = healsWith(preparing);
  const changeSet =
    saved.stage === 'change-set' && saved.changeSetId !== undefined
      ? await client.changeSet({ stack: saved.stackId ?? naming.stack, id: saved.changeSetId }, context.signal)
      : undefined;
  if (changeSet === undefined || changeSet.executionStatus === 'OBSOLETE') {
    return await makeChangeSet(preparing, { naming, wanted, state, saved, heals, lost: changeSet });
  }
  if (changeSet.status !== 'CREATE_COMPLETE' && changeSet.status !== 'FAILED') {
    return waitToPrepare(preparing, saved, `change set of stack ${naming.stack} is being made`, changeSetGapMs);
  }
  const planned = await readPlan(preparing, { naming, wanted, live, changeSet, heals });
  return 'code' in planned ? { status: 'failed', cause: planned } : { status: 'done', value: planned };
}

/** Drift items, when this plan puts back drift and nothing else. */
function healsWith({ observation }: Preparing): Observation['drift'] | undefined {
  const live = observation.live as StackLive | undefined;
  if (observation.drift.length === 0 || live?.foreignWrite === true || live?.stack === undefined) return undefined;
  return observation.drift;
}

/** Why nothing may be planned for this stack. */
async function refusal(
  preparing: Preparing,
  naming: Naming,
  stack: StackView | undefined,
  state: StackState,
): Promise<Failure | undefined> {
  const { account, context, request, client } = preparing;
  const wrong = account === undefined ? undefined : await otherAccount(preparing, stack);
  if (wrong !== undefined) return wrongAccount(naming.stack, wrong, account ?? '');
  if (stack === undefined || state.phase === 'absent') return undefined;
  const ownership = owns(stack, naming, context);
  if (ownership.kind === 'other' && !request.app.adoptFrom.includes(ownership.name)) {
    return {
      code: 'StackOwnedElsewhere',
      source: 'user',
      message: `Stack ${naming.stack} belongs to ${ownership.text}`,
      retryable: false,
      object: `stack ${naming.stack}`,
      next: `Give the stack another name, or take it over on purpose with adopt: {from: ${ownership.name}}`,
    };
  }
  const consent = request.prune?.confirmed === true && request.depth === 'apply';
  if (state.changeSet !== undefined || state.phase === 'moving' || (state.phase === 'never-created' && consent))
    return undefined;
  return stuckFailure(request.app.name, naming.stack, state, await client.events(stack.id, undefined, context.signal));
}

/** A service role of another account can never be passed to CloudFormation; said here instead of half-way. */
function foreignRole(
  { account, request }: Preparing,
  roleArn: string | undefined,
  live: StackView | undefined,
): Failure | undefined {
  const home = account ?? (live === undefined ? undefined : accountOf(live.id));
  const theirs = roleArn === undefined ? undefined : accountOf(roleArn);
  if (home === undefined || theirs === undefined || theirs === home) return undefined;
  return {
    code: 'StackRoleElsewhere',
    source: 'user',
    message: `The role ${roleArn ?? ''} is of account ${theirs}, but the stack is in ${home}`,
    retryable: false,
    object: request.app.name,
    next: 'Name a role of the same account in stack: {roleArn: …}',
  };
}

/** The account that the credentials or the stack are in, when it is not the one that the target names. */
async function otherAccount({ client, account }: Preparing, stack: StackView | undefined): Promise<string | undefined> {
  const seen = stack === undefined ? await client.account() : accountOf(stack.id);
  return seen === undefined || seen === account ? undefined : seen;
}

/** A stack that was never created is deleted, by a person's word, so that it can be created. */
async function startOver(
  preparing: Preparing,
  naming: Naming,
  stack: StackView,
  saved: PrepareToken,
): Promise<Step<Prepared>> {
  const { client, context } = preparing;
  context.guard();
  await client.deleteStack(
    stack.id,
    operationToken(naming.owner, `${context.runId}-delete`, context.hash),
    context.signal,
  );
  context.report(`stack ${naming.stack}: deleting what was never created`);
  return waitToPrepare(preparing, { ...saved, stage: 'deleting' }, `stack ${naming.stack} is being deleted`);
}
