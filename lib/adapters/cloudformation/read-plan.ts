// Reading a finished change set: the plan it stands for, or why the service could not make it.
import type { ChangeScope } from '../../core/cloudformation/change-set.ts';
import { operationToken } from '../../core/cloudformation/ownership.ts';
import { type StackPlan, stackPlan, type StackPlanInput } from '../../core/cloudformation/plan.ts';
import { isNoChange } from '../../core/cloudformation/states.ts';
import { pointerParts, safeText } from '../../core/cloudformation/values.ts';
import type { Failure } from '../../core/errors.ts';
import { canonicalJson } from '../../core/json.ts';
import type { Observation, Prepared } from '../../core/plan/target.ts';
import type { ChangeSetView, StackView } from './views.ts';
import type { Preparing, StackExecution } from './preparing.ts';
import { removeShell } from './shell.ts';
import { type Naming, owns, resourceCount, type Wanted } from './wanted.ts';

export interface Reading {
  readonly naming: Naming;
  readonly wanted: Wanted;
  readonly live: StackView | undefined;
  readonly changeSet: ChangeSetView;
  readonly heals: Observation['drift'] | undefined;
}

/** The plan of a finished change set. */
export async function readPlan(preparing: Preparing, reading: Reading): Promise<Prepared | Failure> {
  const { client, context } = preparing;
  const { changeSet, live } = reading;
  const noChange = isNoChange(changeSet.status, changeSet.reason);
  const shell = live === undefined;
  if (changeSet.status === 'FAILED' && !noChange) {
    const failure = await changeSetFailure(preparing, reading);
    await removeShell(client, { changeSet, shell }, context);
    return failure;
  }
  const planned = stackPlan(planInput(preparing, reading, noChange));
  // What is not executed is not left behind either.
  if (!planned.executes) await removeShell(client, { changeSet, shell: false }, context);
  return { plan: planned.plan, holds: planned.holds, execution: executionOf(preparing, reading, planned) };
}

function executionOf(preparing: Preparing, reading: Reading, planned: StackPlan): StackExecution {
  const { context } = preparing;
  const { naming, live, changeSet } = reading;
  const adopts = planned.plan.changes.some((change) => change.action === 'adopt');
  const name = changeSet.id.split('/')[1] ?? '';
  return {
    v: 1,
    kind: planned.executes ? 'change-set' : adopts ? 'adopt' : 'none',
    stack: naming.stack,
    ...(live === undefined ? {} : { stackId: live.id }),
    ...(planned.executes
      ? {
          changeSetId: changeSet.id,
          token: operationToken(naming.owner, `${context.runId}-${context.hash(name).slice(0, 8)}-run`, context.hash),
        }
      : {}),
    shell: live === undefined,
  };
}

function planInput(preparing: Preparing, reading: Reading, noChange: boolean): StackPlanInput {
  const { request, context, target } = preparing;
  const { naming, wanted, live, changeSet, heals } = reading;
  const { file } = wanted.desired.source;
  const scope: ChangeScope = {
    target,
    stack: naming.stack,
    hmac: context.hmac,
    hidden: context.hmac(canonicalJson(wanted.desired.stack.parameters)),
    untold: wanted.digest,
    source: (logicalId) => wanted.read.positionOf(['Resources', logicalId]),
  };
  return {
    app: request.app,
    revision: request.revision,
    stack: naming.stack,
    stackId: live?.id,
    source: { file },
    entries: noChange ? [] : changeSet.entries,
    noChange,
    resources: resourceCount(wanted.template),
    liveTags: live?.tags ?? {},
    wantedTags: wanted.tags,
    adopts: live !== undefined && owns(live, naming, context).kind !== 'ours',
    marksMayWait: live !== undefined && naming.entry?.origin !== 'created',
    ...(heals === undefined ? {} : { heals }),
    confirmed: request.prune?.confirmed === true,
    scope,
    hash: context.hash,
  };
}

/** Why a change set could not be made, with the places in the template where validation found something. */
async function changeSetFailure(preparing: Preparing, reading: Reading): Promise<Failure> {
  const { client, context } = preparing;
  const { naming, changeSet, wanted } = reading;
  const findings = await client.findings(changeSet, context.signal);
  const places = findings.map(({ path, reason }) => {
    const { file, line, column } = wanted.read.positionOf(pointerParts(path));
    return `${file}:${line}:${column} ${safeText(reason)}`;
  });
  const said = places.length > 0 ? places.join('; ') : safeText(changeSet.reason ?? 'no reason given');
  return {
    code: 'StackRefused',
    source: 'user',
    message: `CloudFormation refuses the template of stack ${naming.stack}: ${said}`,
    retryable: false,
    object: `stack ${naming.stack}`,
    ...(changeSet.reason === undefined ? {} : { reason: safeText(changeSet.reason) }),
    next: `holdfast plan ${preparing.request.app.name}`,
  };
}
