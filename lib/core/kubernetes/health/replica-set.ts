// Health of a ReplicaSet or ReplicationController that somebody declared directly: all replicas available.
import {
  condition,
  count,
  degraded,
  type HealthCheck,
  healthy,
  notObserved,
  part,
  progressing,
  why,
} from './verdict.ts';

export const replicaSet: HealthCheck = (object) => {
  const stale = notObserved(object);
  if (stale !== undefined) return stale;
  const failure = condition(object, 'ReplicaFailure');
  if (failure?.status === 'True') return degraded(why(failure));
  const wanted = count(part(object, 'spec'), 'replicas', 1);
  const available = count(part(object, 'status'), 'availableReplicas');
  const message = `${available} of ${wanted} replicas ready`;
  return available < wanted ? progressing(message) : healthy(message);
};
