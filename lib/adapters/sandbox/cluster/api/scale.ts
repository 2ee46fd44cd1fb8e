// The scale subresource: the number of replicas of a workload as an object of its own.
import type { Json, JsonObject } from '../../../../core/json.ts';
import { isMap, listAt, mapAt, numberAt, textAt, withValue } from '../json.ts';
import { apiVersionOf, type Resource } from '../kinds/resource.ts';

/** The Scale of a workload. */
export function scaleOf(object: JsonObject): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = mapAt(object, 'metadata');
  const selector = selectorText(mapAt(object, 'spec', 'selector'));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: numberAt(object, 'spec', 'replicas') },
    status: { replicas: numberAt(object, 'status', 'replicas') ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

/** The workload with the replicas of a Scale. */
export function withScale(resource: Resource, object: JsonObject, scale: JsonObject): JsonObject {
  const scaled = withValue(object, ['spec', 'replicas'], numberAt(scale, 'spec', 'replicas') ?? 0);
  const version = textAt(scale, 'metadata', 'resourceVersion');
  return { ...withValue(scaled, ['metadata', 'resourceVersion'], version), apiVersion: apiVersionOf(resource) };
}

/** A selector as one text, `a=b,c in (d)`. A ReplicationController's is only labels. */
function selectorText(selector: JsonObject): string {
  const labels =
    isMap(selector['matchLabels']) || Array.isArray(selector['matchExpressions'])
      ? mapAt(selector, 'matchLabels')
      : selector;
  const equals = Object.entries(labels).map(([key, value]) => `${key}=${typeof value === 'string' ? value : ''}`);
  return [...equals, ...listAt(selector, 'matchExpressions').map(expressionText)].sort().join(',');
}

function expressionText(expression: Json): string {
  const key = textAt(expression, 'key') ?? '';
  const values = listAt(expression, 'values')
    .filter((value) => typeof value === 'string')
    .join(',');
  switch (textAt(expression, 'operator')) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}
