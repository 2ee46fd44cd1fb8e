// Health of a StatefulSet: all replicas ready, and all of those that may be updated are on the newest revision.
import { count, type HealthCheck, healthy, notObserved, part, progressing, text } from './verdict.ts';

export const statefulSet: HealthCheck = (object) => {
  const stale = notObserved(object);
  if (stale !== undefined) return stale;
  const spec = part(object, 'spec');
  const status = part(object, 'status');
  const wanted = count(spec, 'replicas', 1);
  const ready = count(status, 'readyReplicas');
  if (ready < wanted) return progressing(`${ready} of ${wanted} replicas ready`);
  const strategy = part(spec, 'updateStrategy');
  // With OnDelete a person decides when pods are replaced: old ones are not a fault.
  if (text(strategy, 'type') === 'OnDelete') return healthy(`${ready} of ${wanted} replicas ready`);
  const partition = count(part(strategy, 'rollingUpdate'), 'partition');
  const updated = count(status, 'updatedReplicas');
  if (partition > 0) {
    const due = Math.max(wanted - partition, 0);
    if (updated < due) return progressing(`${updated} of ${due} replicas above the partition updated`);
    return healthy(`${ready} of ${wanted} replicas ready, ${due} above the partition updated`);
  }
  if (text(status, 'updateRevision') !== text(status, 'currentRevision')) {
    return progressing(`${updated} of ${wanted} replicas updated`);
  }
  return healthy(`${ready} of ${wanted} replicas ready`);
};
