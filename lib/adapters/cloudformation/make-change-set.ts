// Making a change set: asked for once per intent under one name, found again when the reply was lost.
import { operationToken } from '../../core/cloudformation/ownership.ts';
import type { StackState } from '../../core/cloudformation/states.ts';
import { type Failure, HoldfastError } from '../../core/errors.ts';
import type { Observation, ObserveRequest, Prepared, Step } from '../../core/plan/target.ts';
import type { StackClient } from './client.ts';
import type { ChangeSetView } from './views.ts';
import { errorName } from './errors.ts';
import {
  accountOf,
  changeSetGapMs,
  type PrepareToken,
  type Preparing,
  waitToPrepare,
  wrongAccount,
} from './preparing.ts';
import { removeShell } from './shell.ts';
import type { Naming, Wanted } from './wanted.ts';

/** How often a change set is made anew within one run when it is lost or overtaken. */
const maxAttempts = 3;

export interface Making {
  readonly naming: Naming;
  readonly wanted: Wanted;
  readonly state: StackState;
  readonly saved: PrepareToken;
  readonly heals: Observation['drift'] | undefined;
  /** The change set that was overtaken by another update. */
  readonly lost: ChangeSetView | undefined;
}

/** Asks for a change set, and waits for it. */
export async function makeChangeSet(preparing: Preparing, making: Making): Promise<Step<Prepared>> {
  const { client, context, request, account } = preparing;
  const { naming, wanted, saved, state, heals, lost } = making;
  const again = saved.stage === 'change-set';
  const attempt = again ? saved.attempt + 1 : saved.attempt;
  if (attempt > maxAttempts) return { status: 'failed', cause: overtaken(naming.stack) };
  context.guard();
  if (lost !== undefined) await client.deleteChangeSet(lost, context.signal);
  const mode = heals === undefined ? 'plan' : 'heal';
  const operation = `${context.runId}-${wanted.digest.slice(0, 16)}-${mode}${attempt === 1 ? '' : `-${attempt}`}`;
  const name = operationToken(naming.owner, operation, context.hash);
  const { parameters, capabilities, roleArn } = wanted.desired.stack;
  const type = state.changeSet ?? 'UPDATE';
  const made = await create(preparing, naming.stack, {
    stack: naming.stack,
    name,
    type,
    body: wanted.body,
    parameters,
    tags: wanted.tags,
    capabilities,
    ...(roleArn === undefined ? {} : { roleArn }),
    revertDrift: heals !== undefined,
    description: `holdfast ${request.app.name} ${request.revision.slice(0, 12)}`,
  });
  if (account !== undefined && accountOf(made.stackId) !== account) {
    const changeSet = { stack: made.stackId, id: made.id };
    await removeShell(client, { changeSet, stackId: made.stackId, shell: type === 'CREATE' }, context);
    return { status: 'failed', cause: wrongAccount(naming.stack, accountOf(made.stackId) ?? '?', account) };
  }
  const next: PrepareToken = {
    since: context.now(),
    stage: 'change-set',
    changeSetId: made.id,
    stackId: made.stackId,
    attempt,
  };
  return waitToPrepare(preparing, next, `change set of stack ${naming.stack} is being made`, changeSetGapMs);
}

function overtaken(stack: string): Failure {
  return {
    code: 'StackBusy',
    source: 'remote',
    message: `Stack ${stack} is changed by somebody else all the time: change sets are overtaken before they can be read`,
    retryable: true,
    object: `stack ${stack}`,
  };
}

/** Makes the change set; one of this name that a lost reply left behind is found and followed. */
async function create(
  preparing: Preparing,
  stack: string,
  request: Parameters<StackClient['createChangeSet']>[0],
): Promise<{ readonly id: string; readonly stackId: string }> {
  const { client, context } = preparing;
  try {
    return await client.createChangeSet(request, context.signal);
  } catch (error) {
    const name = error instanceof HoldfastError ? errorName(error.cause) : '';
    if (name === 'TokenAlreadyExists' || name === 'AlreadyExists') {
      const found = await client.changeSetIds({ stack, id: request.name }, context.signal);
      if (found !== undefined) return found;
    }
    if (!(error instanceof HoldfastError) || error.code !== 'StackRefused') throw error;
    throw refusedTemplate(error, name, preparing.request, stack);
  }
}

function refusedTemplate(error: HoldfastError, name: string, request: ObserveRequest, stack: string): HoldfastError {
  const said = (error.reason ?? '').replace(/^CreateChangeSet: /, '');
  // Somebody started an update between our look and our call.
  const busy = /is in \S+_IN_PROGRESS state/.test(said);
  const capability = /Requires capabilities ?: ?\[([A-Z_, ]+)\]/.exec(said)?.[1];
  const base = { object: `stack ${stack}`, reason: said, cause: error.cause };
  if (busy) {
    return new HoldfastError({
      ...base,
      code: 'StackBusy',
      source: 'remote',
      message: `Stack ${stack} is being changed by somebody else`,
      retryable: true,
    });
  }
  if (name === 'InsufficientCapabilities') {
    return new HoldfastError({
      ...base,
      code: 'StackCapabilities',
      source: 'user',
      message: `The template of stack ${stack} makes IAM resources, which has to be allowed`,
      next: `In holdfast.yaml: stack: {capabilities: [${capability ?? 'CAPABILITY_IAM'}]} of ${request.app.name}`,
    });
  }
  return new HoldfastError({
    ...base,
    code: 'StackRefused',
    source: 'user',
    message: `CloudFormation refuses the template of stack ${stack}: ${said}`,
  });
}
