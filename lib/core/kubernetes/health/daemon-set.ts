// Health of a DaemonSet: every node that should run a pod runs an updated, available one.
import { count, type HealthCheck, healthy, notObserved, part, progressing, text } from './verdict.ts';

export const daemonSet: HealthCheck = (object) => {
  const stale = notObserved(object);
  if (stale !== undefined) return stale;
  const status = part(object, 'status');
  const wanted = count(status, 'desiredNumberScheduled');
  const updated = count(status, 'updatedNumberScheduled');
  const available = count(status, 'numberAvailable');
  const onDelete = text(part(part(object, 'spec'), 'updateStrategy'), 'type') === 'OnDelete';
  if (!onDelete && updated < wanted) return progressing(`${updated} of ${wanted} pods updated`);
  if (available < wanted) return progressing(`${available} of ${wanted} pods available`);
  return healthy(`${available} of ${wanted} pods available`);
};
