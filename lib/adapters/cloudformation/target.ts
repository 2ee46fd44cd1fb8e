// The target port for CloudFormation stacks: looks, plans with change sets, executes them, follows them; waits hold nobody.
import { stackState } from '../../core/cloudformation/states.ts';
import { HoldfastError } from '../../core/errors.ts';
import type { HealthReport, ObserveRequest, Prepared, Step, Target, TargetContext } from '../../core/plan/target.ts';
import type { CredentialProvider } from '../aws/credentials.ts';
import { actOnStack } from './act.ts';
import { StackClient } from './client.ts';
import { healthOf } from './health.ts';
import { observeStacks } from './observe.ts';
import { prepareStack } from './prepare.ts';
import type { StackExecution } from './preparing.ts';
import { removeShell } from './shell.ts';
import { nextWait, readToken, writeToken } from './waits.ts';
import { namingOf } from './wanted.ts';

export interface CloudFormationTargetOptions {
  /** Name of the target in the configuration. */
  readonly name: string;
  readonly region: string;
  /** Another endpoint than the region's own. */
  readonly endpoint?: string;
  /** Twelve digits: nothing is written to any other account. */
  readonly account?: string;
  /** Credentials of the role that this target names, or of the caller; the SDK's default chain when absent. */
  readonly credentials?: CredentialProvider;
  /** The embedded stacks: static credentials, and no patience. */
  readonly sandbox?: boolean;
  /** Called for each request with the name of its call. */
  readonly onRequest?: (call: string) => void;
}

/** On AWS a detection takes seconds to minutes, and a look follows the sweep that asked for it; in the sandbox it takes nothing. */
const driftFreshMs = 10_000;

/** Opens a target. Nothing is asked before the first step. */
export function createCloudFormationTarget(options: CloudFormationTargetOptions): Target {
  const { region, endpoint, credentials, account, name, onRequest } = options;
  const sandbox = options.sandbox === true;
  const client = new StackClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(onRequest === undefined ? {} : { onRequest }),
    ...(sandbox ? { credentials: { accessKeyId: 'sandbox', secretAccessKey: 'sandbox' } } : {}),
    ...(credentials === undefined || sandbox ? {} : { credentials }),
  });
  const observing = {
    client,
    driftFreshMs: sandbox ? 0 : driftFreshMs,
    stayMs: sandbox ? 1_000 : 0,
    started: new Map<string, string>(),
  };
  return {
    kind: 'cloudformation',
    observe: (requests, context, token) => step(() => observeStacks(observing, requests, context, token)),
    prepare: (request, observation, context, token) =>
      step(() => prepareStack({ client, target: name, account, request, observation, context }, token)),
    act: (request, prepared, context, token) =>
      step(() => actOnStack({ client, request, prepared, execution: executionOf(prepared), context }, token)),
    follow: (request, context, token) => step(() => follow(client, request, context, token)),
    discard: async (prepared, context) => {
      const { changeSetId, stack, stackId, shell } = executionOf(prepared);
      if (changeSetId === undefined) return;
      const changeSet = { stack: stackId ?? stack, id: changeSetId };
      await removeShell(client, { changeSet, shell, ...(stackId === undefined ? {} : { stackId }) }, context);
    },
    requests: () => client.requests(),
    close: async () => client.close(),
  };
}

/** Failures of the user's world are answers; losing the lease and being stopped are thrown. */
async function step<T>(work: () => Promise<Step<T>>): Promise<Step<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code === 'LeaseLost' || error.code === 'Stopped') throw error;
    return { status: 'failed', cause: error.toFailure() };
  }
}

function executionOf(prepared: Prepared): StackExecution {
  const execution = prepared.execution as StackExecution;
  if (execution.v === 1) return execution;
  throw new HoldfastError({
    code: 'StateTooNew',
    source: 'system',
    message: 'The plan was prepared by another version',
    retryable: true,
  });
}

async function follow(
  client: StackClient,
  request: ObserveRequest,
  context: TargetContext,
  token: string | undefined,
): Promise<Step<HealthReport>> {
  const { stack: name } = namingOf(request, context);
  const stack = await client.stack(name, context.signal);
  const report = healthOf(name, stack);
  if (stackState(stack?.status).phase !== 'moving') return { status: 'done', value: report };
  const since = readToken('follow', token)?.since ?? context.now();
  const afterMs = nextWait(context.now() - since);
  return { status: 'wait', afterMs, token: writeToken('follow', { since }), note: report.message };
}
