// Health of one object, and of an application from its objects: the worst wins, with a sentence that says why.
import type { Health, HealthReport, ObjectHealth } from '../../plan/target.ts';
import { healthAnnotation } from '../marks.ts';
import { groupOf, idText, type KubeObject, type ObjectId } from '../object.ts';
import { isBuiltInGroup } from '../scope.ts';
import { generic } from './generic.ts';
import { healthChecks } from './registry.ts';
import { healthy, progressing, type Verdict } from './verdict.ts';

/** Best first. Unknown is the worst: nothing that cannot be told is good. */
const order: readonly Health[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** Whether a kind's health can change after it was written: the others are healthy as soon as they exist. */
export function hasHealth(id: ObjectId): boolean {
  return Object.hasOwn(healthChecks, `${id.group}/${id.kind}`) || !isBuiltInGroup(id.group);
}

/** Health of one live object. `hasStatus`: whether its kind has a status subresource, when known. */
export function assess(object: KubeObject, hasStatus?: boolean): Verdict {
  if (object.metadata.deletionTimestamp !== undefined) return progressing('it is being deleted');
  if (object.metadata.annotations?.[healthAnnotation] === 'none') {
    return healthy(`not judged, because its annotation ${healthAnnotation} says so`);
  }
  const group = groupOf(object.apiVersion);
  const key = `${group}/${object.kind}`;
  const check = Object.hasOwn(healthChecks, key) ? healthChecks[key] : undefined;
  if (check !== undefined) return check(object);
  return generic(object, { builtIn: isBuiltInGroup(group), ...(hasStatus === undefined ? {} : { hasStatus }) });
}

/** Health of an object of an application. */
export function objectHealth(id: ObjectId, verdict: Verdict): ObjectHealth {
  return { subject: { kind: 'object', id }, health: verdict.health, message: verdict.message };
}

function nameOf(item: ObjectHealth): string {
  const { subject } = item;
  return subject.kind === 'object' ? idText(subject.id) : subject.logicalId;
}

/** The worst of all objects, worst first; an application without objects is healthy. */
export function aggregate(objects: readonly ObjectHealth[]): HealthReport {
  const sorted = [...objects].sort((a, b) => order.indexOf(b.health) - order.indexOf(a.health));
  const worst = sorted[0];
  if (worst === undefined || worst.health === 'Healthy') {
    const message = objects.length === 1 ? 'The one object is healthy' : `All ${objects.length} objects are healthy`;
    return {
      health: 'Healthy',
      message: objects.length === 0 ? 'There is nothing to judge' : message,
      objects: sorted,
    };
  }
  const same = sorted.filter((item) => item.health === worst.health).length;
  const more = same > 1 ? ` (and ${same - 1} more)` : '';
  return { health: worst.health, message: `${nameOf(worst)}: ${worst.message}${more}`, objects: sorted };
}
