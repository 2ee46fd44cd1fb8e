// Drift detection: what is live against what was deployed, for the properties that the template sets.
import type { JsonObject } from '../../../core/json.ts';
import { differences } from './properties.ts';
import { type Call, invalid } from './protocol.ts';
import type { DetectionRecord, ResourceRecord, StackRecord } from './records.ts';
import { typeSpec } from './types.ts';
import { liveOf, type World } from './world.ts';
import { randomUUID } from 'node:crypto';
import { shown } from './text.ts';

const detectable = ['CREATE_COMPLETE', 'UPDATE_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'UPDATE_ROLLBACK_FAILED'];

/** `DetectStackDrift`. */
export function detectStackDrift(world: World, stack: StackRecord): JsonObject {
  if (!detectable.includes(stack.status)) {
    throw invalid(`Drift detection cannot be performed on stack [${stack.id}] while in ${stack.status} state.`);
  }
  const running = world.db.list('detection', stack.id).find((one) => one.status === 'DETECTION_IN_PROGRESS');
  if (running !== undefined) {
    throw invalid(`Drift detection is already in progress for stack [${stack.id}]. Drift detection id: ${running.id}`);
  }
  const id = randomUUID();
  const at = world.now();
  world.db.put('detection', {
    id,
    stackId: stack.id,
    status: 'DETECTION_IN_PROGRESS',
    drifted: -1,
    at,
    due: at + 2 * world.stepMs,
    results: [],
  });
  return { StackDriftDetectionId: id };
}

function resourceDrift(world: World, stack: StackRecord, resource: ResourceRecord): JsonObject {
  const spec = typeSpec(resource.type);
  const base = {
    StackId: stack.id,
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physicalId,
    ResourceType: resource.type,
    Timestamp: new Date(world.now()).toISOString(),
  };
  if (spec?.drift !== true) return { ...base, StackResourceDriftStatus: 'NOT_CHECKED' };
  const compared = Object.entries(resource.properties).filter(([name]) => spec.properties[name]?.writeOnly !== true);
  const expected = Object.fromEntries(compared);
  const live = liveOf(world, resource);
  if (live === undefined) {
    return {
      ...base,
      StackResourceDriftStatus: 'DELETED',
      ExpectedProperties: JSON.stringify(expected),
      PropertyDifferences: [],
    };
  }
  const actual = Object.fromEntries(compared.map(([name]) => [name, live.properties[name]]));
  const found = compared.flatMap(([name, value]) => differences(value, live.properties[name], `/${name}`));
  return {
    ...base,
    StackResourceDriftStatus: found.length === 0 ? 'IN_SYNC' : 'MODIFIED',
    ExpectedProperties: JSON.stringify(expected),
    ActualProperties: JSON.stringify(actual),
    PropertyDifferences: found.map(({ path, before, after }) => ({
      PropertyPath: path,
      ExpectedValue: before === undefined ? 'null' : shown(before),
      ActualValue: after === undefined ? 'null' : shown(after),
      DifferenceType: before === undefined ? 'ADD' : after === undefined ? 'REMOVE' : 'NOT_EQUAL',
    })),
  };
}

/** Finishes a detection: every resource is compared. */
export function advanceDetection(world: World, detection: DetectionRecord): void {
  const { due: _due, ...rest } = detection;
  const stack = world.db.get('stack', detection.stackId);
  if (stack === undefined) return world.db.remove('detection', detection.id);
  const results = Object.values(stack.resources).map((resource) => resourceDrift(world, stack, resource));
  const drifted = results.filter((one) =>
    ['MODIFIED', 'DELETED'].includes(shown(one['StackResourceDriftStatus'])),
  ).length;
  const stackStatus = drifted > 0 ? 'DRIFTED' : 'IN_SYNC';
  world.db.put('detection', { ...rest, status: 'DETECTION_COMPLETE', drifted, stackStatus, results });
  const at = world.now();
  const statuses = new Map(results.map((one) => [one['LogicalResourceId'], shown(one['StackResourceDriftStatus'])]));
  const resources = Object.fromEntries(
    Object.entries(stack.resources).map(([name, one]) => [
      name,
      { ...one, drift: { status: statuses.get(name) ?? 'NOT_CHECKED', at } },
    ]),
  );
  world.db.put('stack', { ...stack, resources, drift: { status: stackStatus, at } });
  // Only the newest detection is kept in full, as the service answers DescribeStackResourceDrifts from it.
  for (const old of world.db.list('detection', stack.id)) {
    if (old.id !== detection.id) world.db.put('detection', { ...old, results: [] });
  }
}

/** `DescribeStackDriftDetectionStatus`. */
export function describeDetection(world: World, call: Call): JsonObject {
  const id = call.required('StackDriftDetectionId');
  const detection = world.db.get('detection', id);
  if (detection === undefined) throw invalid(`Drift detection [${id}] does not exist`);
  return {
    StackId: detection.stackId,
    StackDriftDetectionId: id,
    StackDriftStatus: detection.stackStatus,
    DetectionStatus: detection.status,
    DriftedStackResourceCount: detection.drifted < 0 ? undefined : detection.drifted,
    Timestamp: new Date(detection.at).toISOString(),
  };
}

/** `DescribeStackResourceDrifts`: results of the newest detection. */
export function describeResourceDrifts(world: World, call: Call, stack: StackRecord): JsonObject {
  const newest = world.db
    .list('detection', stack.id)
    .filter((one) => one.status === 'DETECTION_COMPLETE')
    .sort((a, b) => b.at - a.at)[0];
  const wanted = call.list('StackResourceDriftStatusFilters');
  const all = (newest?.results ?? []).filter(
    (one) => wanted === undefined || wanted.includes(shown(one['StackResourceDriftStatus'])),
  );
  const size = Math.min(call.number('MaxResults') ?? 100, 100);
  const start = Number(call.text('NextToken') ?? 0);
  return {
    StackResourceDrifts: all.slice(start, start + size),
    ...(start + size < all.length ? { NextToken: String(start + size) } : {}),
  };
}
