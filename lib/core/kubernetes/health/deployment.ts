// Health of a Deployment: its newest pods are all up, and none of the old ones is left.
import {
  condition,
  count,
  degraded,
  type HealthCheck,
  healthy,
  notObserved,
  part,
  progressing,
  suspended,
  why,
} from './verdict.ts';

export const deployment: HealthCheck = (object) => {
  const spec = part(object, 'spec');
  const status = part(object, 'status');
  if (spec['paused'] === true) return suspended('it is paused');
  const stale = notObserved(object);
  if (stale !== undefined) return stale;
  const progress = condition(object, 'Progressing');
  if (progress?.reason === 'ProgressDeadlineExceeded') return degraded(why(progress));
  const wanted = count(spec, 'replicas', 1);
  const updated = count(status, 'updatedReplicas');
  const replicas = count(status, 'replicas');
  const available = count(status, 'availableReplicas');
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True' && available < wanted) return degraded(why(failure));
  if (updated < wanted) return progressing(`${updated} of ${wanted} replicas updated`);
  if (replicas > updated) return progressing(`${replicas - updated} old replicas still to be removed`);
  if (available < wanted) return progressing(`${available} of ${wanted} replicas ready`);
  return healthy(`${available} of ${wanted} replicas ready`);
};
