// Calls about stacks, their resources, events and templates.
import type { JsonObject } from '../../../core/json.ts';
import { blueprint, neededCapability, parseBody, section, transformsOf } from './blueprint.ts';
import { startDelete } from './operations.ts';
import { type Call, invalid, refusal } from './protocol.ts';
import type { Deployment, EventRecord, ResourceRecord, StackRecord } from './records.ts';
import type { World } from './world.ts';
import { shown } from './text.ts';

/** The stack that a call names, by name or ARN; deleted ones only by ARN. */
export function findStack(world: World, name: string, missing = `Stack with id ${name} does not exist`): StackRecord {
  const stack = name.startsWith('arn:') ? world.db.get('stack', name) : world.db.stackNamed(name);
  if (stack === undefined) throw invalid(missing);
  return stack;
}

function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

/** All parameters with their values; those declared NoEcho as `****`. */
export function maskedParameters(
  world: World,
  stack: { readonly id: string; readonly name: string },
  deployment: Deployment,
): readonly JsonObject[] {
  if (deployment.body === '') return [];
  const context = { place: world.place, stack, importValue: () => '' };
  const { parameters, noEcho, scope } = blueprint(deployment, context);
  return Object.keys(parameters).map((key) => {
    const value = scope.values[key];
    const text = Array.isArray(value) ? value.join(',') : shown(value);
    return { ParameterKey: key, ParameterValue: noEcho.includes(key) ? '****' : text };
  });
}

function stackShape(world: World, stack: StackRecord): JsonObject {
  return {
    StackId: stack.id,
    StackName: stack.name,
    ChangeSetId: stack.changeSetId,
    Description: stack.description,
    Parameters: maskedParameters(world, stack, stack.deployment),
    CreationTime: iso(stack.createdAt),
    DeletionTime: iso(stack.deletedAt),
    LastUpdatedTime: iso(stack.updatedAt),
    RollbackConfiguration: {},
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: [],
    Capabilities: stack.deployment.capabilities,
    Outputs: stack.outputs.map((one) => ({
      OutputKey: one.key,
      OutputValue: one.value,
      Description: one.description,
      ExportName: one.exportName,
    })),
    RoleARN: stack.deployment.roleArn,
    Tags: Object.entries(stack.deployment.tags).map(([Key, Value]) => ({ Key, Value })),
    EnableTerminationProtection: false,
    DriftInformation: {
      StackDriftStatus: stack.drift?.status ?? 'NOT_CHECKED',
      LastCheckTimestamp: iso(stack.drift?.at),
    },
  };
}

/** `DescribeStacks`. */
export function describeStacks(world: World, call: Call): JsonObject {
  const name = call.text('StackName');
  if (name !== undefined) return { Stacks: [stackShape(world, findStack(world, name))] };
  const all = world.db.list('stack').filter((stack) => stack.status !== 'DELETE_COMPLETE');
  return page(
    call,
    'Stacks',
    all.map((stack) => stackShape(world, stack)),
    100,
  );
}

function page(call: Call, name: string, all: readonly JsonObject[], size: number): JsonObject {
  const start = Number(call.text('NextToken') ?? 0);
  return {
    [name]: all.slice(start, start + size),
    ...(start + size < all.length ? { NextToken: String(start + size) } : {}),
  };
}

/** `ListStacks`. */
export function listStacks(world: World, call: Call): JsonObject {
  const wanted = call.list('StackStatusFilter');
  const all = world.db.list('stack').filter((stack) => wanted === undefined || wanted.includes(stack.status));
  const shapes = all.map((stack) => ({
    StackId: stack.id,
    StackName: stack.name,
    CreationTime: iso(stack.createdAt),
    LastUpdatedTime: iso(stack.updatedAt),
    DeletionTime: iso(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DriftInformation: {
      StackDriftStatus: stack.drift?.status ?? 'NOT_CHECKED',
      LastCheckTimestamp: iso(stack.drift?.at),
    },
  }));
  return page(call, 'StackSummaries', shapes, 100);
}

function eventShape(event: EventRecord): JsonObject {
  return {
    StackId: event.stackId,
    EventId: event.id,
    StackName: event.stackName,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: iso(event.at),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties === undefined ? undefined : JSON.stringify(event.properties),
    ClientRequestToken: event.token,
  };
}

/** `DescribeStackEvents`, newest first. */
export function describeStackEvents(world: World, call: Call, pageSize: number): JsonObject {
  const name = call.required('StackName');
  const stack = findStack(world, name, `Stack [${name}] does not exist`);
  const before = Number(call.text('NextToken') ?? Number.MAX_SAFE_INTEGER);
  const events = world.db.events(stack.id, before, pageSize + 1);
  const shown = events.slice(0, pageSize);
  const last = shown.at(-1);
  return {
    StackEvents: shown.map(({ event }) => eventShape(event)),
    ...(events.length > pageSize && last !== undefined ? { NextToken: String(last.seq) } : {}),
  };
}

function resourceShape(stack: StackRecord, resource: ResourceRecord, time: string): JsonObject {
  return {
    StackName: stack.name,
    StackId: stack.id,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId === '' ? undefined : resource.physicalId,
    ResourceType: resource.type,
    [time]: iso(resource.at),
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.reason,
    DriftInformation: {
      StackResourceDriftStatus: resource.drift?.status ?? 'NOT_CHECKED',
      LastCheckTimestamp: iso(resource.drift?.at),
    },
  };
}

/** `DescribeStackResources`. */
export function describeStackResources(world: World, call: Call): JsonObject {
  const stack = findStack(world, call.required('StackName'));
  const wanted = call.text('LogicalResourceId');
  const all = Object.values(stack.resources).filter((one) => wanted === undefined || one.logicalId === wanted);
  return { StackResources: all.map((one) => resourceShape(stack, one, 'Timestamp')) };
}

/** `ListStackResources`. */
export function listStackResources(world: World, call: Call): JsonObject {
  const stack = findStack(world, call.required('StackName'));
  const shapes = Object.values(stack.resources).map((one) => resourceShape(stack, one, 'LastUpdatedTimestamp'));
  return page(call, 'StackResourceSummaries', shapes, 100);
}

/** `GetTemplate`: of a stack, or of a change set. */
export function getTemplate(world: World, call: Call): JsonObject {
  const changeSet = call.text('ChangeSetName');
  const name = call.text('StackName');
  if (changeSet !== undefined) {
    const found = changeSet.startsWith('arn:')
      ? world.db.get('changeSet', changeSet)
      : world.db.list('changeSet', findStack(world, name ?? '').id).find((one) => one.name === changeSet);
    if (found === undefined) throw refusal('ChangeSetNotFound', `ChangeSet [${changeSet}] does not exist`);
    return { TemplateBody: found.deployment.body, StagesAvailable: ['Original', 'Processed'] };
  }
  const stack = findStack(world, call.required('StackName'));
  return { TemplateBody: stack.deployment.body, StagesAvailable: ['Original', 'Processed'] };
}

/** `ValidateTemplate`: shape and names, nothing about values. */
export function validateTemplate(world: World, call: Call): JsonObject {
  const body = call.required('TemplateBody');
  const template = parseBody(body);
  const parameters = section(template, 'Parameters');
  // Any value will do for names and shape; those without a default get an empty one.
  const given = Object.fromEntries(
    Object.entries(parameters).flatMap(([name, one]) =>
      typeof one === 'object' && one !== null && 'Default' in one ? [] : [[name, '0']],
    ),
  );
  const deployment = { body, parameters: given, tags: {}, capabilities: ['CAPABILITY_NAMED_IAM'] };
  const stack = { id: 'validate', name: 'validate' };
  const { noEcho, description } = blueprint(deployment, { place: world.place, stack, importValue: () => '' });
  const capability = neededCapability(template);
  return {
    Description: description,
    Parameters: Object.entries(parameters).map(([name, one]) => ({
      ParameterKey: name,
      DefaultValue: typeof one === 'object' && one !== null && 'Default' in one ? shown(one.Default) : undefined,
      NoEcho: noEcho.includes(name),
    })),
    ...(capability === undefined ? {} : { Capabilities: [capability] }),
    DeclaredTransforms: transformsOf(template),
  };
}

/** `DeleteStack`: a stack that is not there is fine; one that is being changed is not. */
export function deleteStack(world: World, call: Call): JsonObject {
  const name = call.required('StackName');
  const stack = name.startsWith('arn:') ? world.db.get('stack', name) : world.db.stackNamed(name);
  if (stack === undefined || stack.status === 'DELETE_COMPLETE' || stack.status === 'DELETE_IN_PROGRESS') return {};
  const token = call.text('ClientRequestToken');
  if (token !== undefined && stack.tokens[token] !== undefined) {
    if (stack.tokens[token] === 'delete') return {};
    throw refusal('TokenAlreadyExistsException', `Token already exists: ${token}`);
  }
  if (stack.operation !== undefined) {
    throw invalid(`Stack [${stack.name}] cannot be deleted while in status ${stack.status}`);
  }
  const retain = call.list('RetainResources') ?? [];
  if (retain.length > 0 && stack.status !== 'DELETE_FAILED') {
    throw invalid(
      `Invalid operation on stack [${stack.id}]. When you specify RetainResources, the stack must be in DELETE_FAILED state.`,
    );
  }
  const tokens = token === undefined ? stack.tokens : { ...stack.tokens, [token]: 'delete' };
  for (const changeSet of world.db.list('changeSet', stack.id)) world.db.remove('changeSet', changeSet.id);
  world.db.put('stack', startDelete(world, { ...stack, tokens }, { token, retain }));
  return {};
}
