// Change sets: making them, working out what they say, executing and deleting them.
import { HoldfastError } from '../../../core/errors.ts';
import { canonicalJson, isObject, type JsonObject } from '../../../core/json.ts';
import { transformsOf, parseBody } from './blueprint.ts';
import { compare } from './compare.ts';
import { startExecution } from './operations.ts';
import { same } from './properties.ts';
import { type Call, invalid, refusal } from './protocol.ts';
import type { ChangeSetRecord, Deployment, StackRecord } from './records.ts';
import { findStack, maskedParameters } from './stacks.ts';
import { blueprintFor, liveOf, newId, withStatus, type World } from './world.ts';

const settled = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_FAILED',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
];
const noChanges =
  "The submitted information didn't contain changes. Submit different information to create a change set.";
const noUpdates = 'No updates are to be performed.';
const earlyValidation =
  'The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. ' +
  'To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.';

function deploymentOf(call: Call, previous: Deployment | undefined): Deployment {
  const body = call.flag('UsePreviousTemplate') === true ? previous?.body : call.text('TemplateBody');
  if (body === undefined) {
    const url = call.text('TemplateURL');
    throw invalid(
      url === undefined
        ? 'Either Template URL or Template Body must be specified.'
        : 'The sandbox reads no template by URL',
    );
  }
  const parameters: Record<string, string> = {};
  for (const one of call.records('Parameters') ?? []) {
    const key = one['ParameterKey'] ?? '';
    const value = one['UsePreviousValue'] === 'true' ? previous?.parameters[key] : one['ParameterValue'];
    if (value !== undefined) parameters[key] = value;
  }
  const tags = call.records('Tags')?.map((one) => [one['Key'] ?? '', one['Value'] ?? ''] as const);
  const roleArn = call.text('RoleARN') ?? previous?.roleArn;
  return {
    body,
    parameters,
    tags: tags === undefined ? (previous?.tags ?? {}) : Object.fromEntries(tags),
    capabilities: call.list('Capabilities') ?? [],
    ...(roleArn === undefined ? {} : { roleArn }),
  };
}

function stackFor(world: World, name: string, type: 'CREATE' | 'UPDATE', changeSetName: string): StackRecord {
  const stack = name.startsWith('arn:') ? world.db.get('stack', name) : world.db.stackNamed(name);
  if (type === 'UPDATE') {
    if (stack === undefined || stack.status === 'REVIEW_IN_PROGRESS') throw invalid(`Stack [${name}] does not exist`);
    if (!settled.includes(stack.status)) {
      throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
    }
    return stack;
  }
  if (stack !== undefined) {
    if (stack.status === 'REVIEW_IN_PROGRESS') return stack;
    throw invalid(`Stack [${name}] already exists and cannot be created again with the changeSet [${changeSetName}].`);
  }
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  return {
    id: newId(world, 'stack', name),
    name,
    status: 'REVIEW_IN_PROGRESS',
    createdAt: world.now(),
    deployment: { body: '', parameters: {}, tags: {}, capabilities: [] },
    resources: {},
    outputs: [],
    disableRollback: false,
    tokens: {},
  };
}

/** The attribute in which a repeated request differs from the change set it made, if any. */
function mismatch(old: ChangeSetRecord, deployment: Deployment, clientToken: string | undefined): string | undefined {
  if (old.clientToken !== clientToken) return 'ClientToken';
  if (old.deployment.body !== deployment.body) return 'Template';
  if (!same(old.deployment.parameters, deployment.parameters)) return 'Parameters';
  if (!same(old.deployment.tags, deployment.tags)) return 'Tags';
  return same(old.deployment.capabilities, deployment.capabilities) ? undefined : 'Capabilities';
}

/** `CreateChangeSet`. */
export function createChangeSet(world: World, call: Call): JsonObject {
  const name = call.required('ChangeSetName');
  if (!/^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(name)) {
    throw invalid(
      `1 validation error detected: Value '${name}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  const type = call.text('ChangeSetType') ?? 'UPDATE';
  if (type !== 'CREATE' && type !== 'UPDATE') throw invalid(`The sandbox knows no change set of type ${type}`);
  const stackName = call.required('StackName');
  const clientToken = call.text('ClientToken');
  const existing = existingChangeSet(world, stackName, name);
  if (existing !== undefined) {
    const previous = world.db.get('stack', existing.stackId)?.deployment;
    const attribute = mismatch(existing, deploymentOf(call, previous), clientToken);
    if (attribute === undefined) return { Id: existing.id, StackId: existing.stackId };
    throw refusal(
      'AlreadyExistsException',
      `ChangeSet ${name} cannot be created due to a mismatch with existing attribute ${attribute}`,
    );
  }
  const stack = stackFor(world, stackName, type, name);
  const deployment = deploymentOf(call, type === 'UPDATE' ? stack.deployment : undefined);
  blueprintFor(world, stack, deployment);
  if (world.db.get('stack', stack.id) === undefined)
    world.db.put('stack', withStatus(world, stack, 'REVIEW_IN_PROGRESS', 'User Initiated'));
  const description = call.text('Description');
  const changeSet: ChangeSetRecord = {
    id: newId(world, 'changeSet', name),
    name,
    stackId: stack.id,
    stackName: stack.name,
    type,
    status: 'CREATE_PENDING',
    executionStatus: 'UNAVAILABLE',
    ...(description === undefined ? {} : { description }),
    ...(clientToken === undefined ? {} : { clientToken }),
    createdAt: world.now(),
    deployment,
    revertDrift: call.text('DeploymentMode') === 'REVERT_DRIFT',
    changes: [],
    findings: [],
    due: world.now() + world.stepMs,
  };
  world.db.put('changeSet', changeSet);
  return { Id: changeSet.id, StackId: stack.id };
}

function existingChangeSet(world: World, stackName: string, name: string): ChangeSetRecord | undefined {
  const stack = stackName.startsWith('arn:') ? world.db.get('stack', stackName) : world.db.stackNamed(stackName);
  return stack === undefined ? undefined : world.db.list('changeSet', stack.id).find((one) => one.name === name);
}

/** The change set that a call names, by ARN or by name and stack. */
export function findChangeSet(world: World, call: Call): ChangeSetRecord {
  const name = call.required('ChangeSetName');
  const stackName = call.text('StackName');
  if (!name.startsWith('arn:') && stackName === undefined)
    throw invalid('StackName must be specified if ChangeSetName is not specified as an ARN.');
  if (
    !name.startsWith('arn:') &&
    stackName !== undefined &&
    !stackName.startsWith('arn:') &&
    world.db.stackNamed(stackName) === undefined
  ) {
    throw invalid(`Stack [${stackName}] does not exist`);
  }
  const found = name.startsWith('arn:')
    ? world.db.get('changeSet', name)
    : existingChangeSet(world, stackName ?? '', name);
  const theirs = stackName === undefined || found?.stackId === stackName || found?.stackName === stackName;
  if (found !== undefined && theirs) return found;
  throw refusal('ChangeSetNotFound', `ChangeSet [${name}] does not exist`);
}

/** Carries a change set one step further: pending, in progress, and then what it says. */
export function advanceChangeSet(world: World, changeSet: ChangeSetRecord): void {
  const { due: _due, ...rest } = changeSet;
  if (changeSet.status === 'CREATE_PENDING') {
    world.db.put('changeSet', { ...rest, status: 'CREATE_IN_PROGRESS', due: world.now() + world.stepMs });
    return;
  }
  const stack = world.db.get('stack', changeSet.stackId);
  if (stack === undefined) return world.db.remove('changeSet', changeSet.id);
  world.db.put('changeSet', { ...rest, ...evaluateOrFail(world, stack, changeSet) });
}

/** What the change set says; names that lead nowhere (an export that is gone) fail it. */
function evaluateOrFail(world: World, stack: StackRecord, changeSet: ChangeSetRecord): Partial<ChangeSetRecord> {
  try {
    return evaluate(world, stack, changeSet);
  } catch (error) {
    if (error instanceof HoldfastError) return { status: 'FAILED', reason: error.message };
    throw error;
  }
}

function evaluate(world: World, stack: StackRecord, changeSet: ChangeSetRecord): Partial<ChangeSetRecord> {
  const isNew = changeSet.type === 'CREATE';
  const after = blueprintFor(world, stack, changeSet.deployment);
  const before = isNew ? undefined : blueprintFor(world, stack, stack.deployment);
  const result = compare({
    place: world.place,
    stack,
    before,
    after,
    afterTags: changeSet.deployment.tags,
    revertDrift: changeSet.revertDrift,
    live: (resource) => liveOf(world, resource),
  });
  const drift = changeSet.revertDrift ? { stackDriftStatus: result.stackDriftStatus } : {};
  if (result.findings.length > 0)
    return { status: 'FAILED', reason: earlyValidation, findings: result.findings, ...drift };
  const changed =
    isNew ||
    result.changes.length > 0 ||
    !same(before?.outputs, after.outputs) ||
    !same(stack.deployment.tags, changeSet.deployment.tags);
  if (changed) return { status: 'CREATE_COMPLETE', executionStatus: 'AVAILABLE', changes: result.changes, ...drift };
  const transformed = transformsOf(parseBody(changeSet.deployment.body)).length > 0;
  return { status: 'FAILED', reason: transformed ? noUpdates : noChanges, ...drift };
}

/** `ExecuteChangeSet`. */
export function executeChangeSet(world: World, call: Call): JsonObject {
  const changeSet = findChangeSet(world, call);
  const stack = world.db.get('stack', changeSet.stackId);
  const token = call.text('ClientRequestToken');
  if (stack === undefined) throw invalid(`Stack [${changeSet.stackName}] does not exist`);
  if (token !== undefined && stack.tokens[token] !== undefined) {
    if (stack.tokens[token] === `execute ${changeSet.id}`) return {};
    throw refusal('TokenAlreadyExistsException', `Token already exists: ${token}`);
  }
  const shown = `ChangeSet [${changeSet.id}] cannot be executed in its current`;
  if (changeSet.status !== 'CREATE_COMPLETE')
    throw refusal('InvalidChangeSetStatus', `${shown} status of [${changeSet.status}]`);
  if (changeSet.executionStatus !== 'AVAILABLE') {
    throw refusal('InvalidChangeSetStatus', `${shown} execution status of [${changeSet.executionStatus}]`);
  }
  if (stack.operation !== undefined)
    throw invalid(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
  const tokens = token === undefined ? stack.tokens : { ...stack.tokens, [token]: `execute ${changeSet.id}` };
  const disableRollback = call.flag('DisableRollback') ?? false;
  world.db.put('stack', startExecution(world, { ...stack, tokens }, changeSet, { token, disableRollback }));
  world.db.put('changeSet', { ...changeSet, executionStatus: 'EXECUTE_IN_PROGRESS' });
  for (const other of world.db.list('changeSet', stack.id)) {
    if (other.id === changeSet.id) continue;
    if (other.executionStatus.startsWith('EXECUTE_')) continue;
    world.db.remove('changeSet', other.id);
  }
  return {};
}

/** `DeleteChangeSet`: deleting what is not there is fine when it is named by ARN. */
export function deleteChangeSet(world: World, call: Call): JsonObject {
  const name = call.required('ChangeSetName');
  if (name.startsWith('arn:') && world.db.get('changeSet', name) === undefined) return {};
  const changeSet = findChangeSet(world, call);
  if (changeSet.executionStatus === 'EXECUTE_IN_PROGRESS') {
    throw refusal(
      'InvalidChangeSetStatus',
      `ChangeSet [${changeSet.id}] is in EXECUTE_IN_PROGRESS status and cannot be deleted`,
    );
  }
  world.db.remove('changeSet', changeSet.id);
  return {};
}

/** `DescribeChangeSet`; `pageSize` changes at a time. */
export function describeChangeSet(world: World, call: Call, pageSize: number): JsonObject {
  const changeSet = findChangeSet(world, call);
  const start = Number(call.text('NextToken') ?? 0);
  const values = call.flag('IncludePropertyValues') === true;
  const page = changeSet.changes.slice(start, start + pageSize);
  const more = start + pageSize < changeSet.changes.length;
  return {
    ChangeSetName: changeSet.name,
    ChangeSetId: changeSet.id,
    StackId: changeSet.stackId,
    StackName: changeSet.stackName,
    Description: changeSet.description,
    Parameters: maskedParameters(world, { id: changeSet.stackId, name: changeSet.stackName }, changeSet.deployment),
    CreationTime: new Date(changeSet.createdAt).toISOString(),
    ExecutionStatus: changeSet.executionStatus,
    Status: changeSet.status,
    StatusReason: changeSet.reason,
    StackDriftStatus: changeSet.stackDriftStatus,
    Capabilities: changeSet.deployment.capabilities,
    Tags: Object.entries(changeSet.deployment.tags).map(([Key, Value]) => ({ Key, Value })),
    Changes: values ? page : page.map(withoutValues),
    ...(changeSet.revertDrift ? { DeploymentMode: 'REVERT_DRIFT' } : {}),
    ...(more ? { NextToken: String(start + pageSize) } : {}),
  };
}

/** `ListChangeSets`. */
export function listChangeSets(world: World, call: Call): JsonObject {
  const stack = findStack(world, call.required('StackName'), `Stack [${call.required('StackName')}] does not exist`);
  const open = world.db.list('changeSet', stack.id).filter((one) => !one.executionStatus.startsWith('EXECUTE_'));
  return {
    Summaries: open.map((one) => ({
      StackId: one.stackId,
      StackName: one.stackName,
      ChangeSetId: one.id,
      ChangeSetName: one.name,
      ExecutionStatus: one.executionStatus,
      Status: one.status,
      StatusReason: one.reason,
      CreationTime: new Date(one.createdAt).toISOString(),
    })),
  };
}

const valueFields = [
  'Path',
  'BeforeValue',
  'AfterValue',
  'BeforeValueFrom',
  'AfterValueFrom',
  'AttributeChangeType',
  'Drift',
];

/** A change as it is shown without IncludePropertyValues: one detail per property, no values. */
function withoutValues(change: JsonObject): JsonObject {
  const resource = isObject(change['ResourceChange']) ? change['ResourceChange'] : {};
  const { BeforeContext: _before, AfterContext: _after, Details, ...rest } = resource;
  const seen = new Set<string>();
  const details = (Array.isArray(Details) ? (Details as readonly JsonObject[]) : []).flatMap((detail) => {
    const target = isObject(detail['Target']) ? detail['Target'] : {};
    const slim = {
      ...detail,
      Target: Object.fromEntries(Object.entries(target).filter(([key]) => !valueFields.includes(key))),
    };
    const text = canonicalJson(slim);
    if (seen.has(text)) return [];
    seen.add(text);
    return [slim];
  });
  return { ...change, ResourceChange: { ...rest, ...(details.length === 0 ? {} : { Details: details }) } };
}
