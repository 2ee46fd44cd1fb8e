// Health of kinds without a file of their own: custom resources that say `Ready`, and those that say nothing.
import type { KubeObject } from '../object.ts';
import { condition, degraded, healthy, part, progressing, unknown, type Verdict, why } from './verdict.ts';

/** What is known about a kind beyond the object itself. */
export interface KindFacts {
  /** Part of Kubernetes itself. */
  readonly builtIn: boolean;
  /** Whether the kind has a status subresource; undefined when the server did not say. */
  readonly hasStatus?: boolean;
}

/**
 * The order of reading: the controller has seen the newest version, `Reconciling`, `Stalled`, then `Ready`. Built-in kinds
 * without a rule and custom kinds without a status are plain data: existing is all they can do. A custom resource
 * that could tell and does not is Unknown, because nobody can say that it works; an annotation takes it out of the count.
 */
export function generic(object: KubeObject, facts: KindFacts): Verdict {
  const observed = part(object, 'status')['observedGeneration'];
  const generation = object.metadata.generation ?? 0;
  if (typeof observed === 'number' && observed < generation) {
    return progressing('its controller has not looked at the newest version yet');
  }
  const reconciling = condition(object, 'Reconciling');
  if (reconciling?.status === 'True') return progressing(why(reconciling));
  const stalled = condition(object, 'Stalled');
  if (stalled?.status === 'True') return degraded(why(stalled));
  const ready = condition(object, 'Ready');
  if (ready?.status === 'True') return healthy(why(ready) || 'ready');
  if (ready !== undefined) return progressing(why(ready) || 'not ready yet');
  if (facts.builtIn) return healthy('exists');
  if (facts.hasStatus === false) return healthy('exists; its kind has no status');
  return unknown('it has no Ready condition, so nobody can tell');
}
