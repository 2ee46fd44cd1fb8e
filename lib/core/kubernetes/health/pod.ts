// Health of a Pod that somebody declared directly.
import type { JsonObject } from '../../json.ts';
import { condition, degraded, type HealthCheck, healthy, list, part, progressing, text, why } from './verdict.ts';

// Reasons for waiting that do not pass by themselves.
const stuck = new Set([
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'CreateContainerError',
  'ErrImageNeverPull',
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'RunContainerError',
]);

function stuckContainer(status: JsonObject): string | undefined {
  for (const container of [...list(status, 'initContainerStatuses'), ...list(status, 'containerStatuses')]) {
    const reason = text(part(part(container, 'state'), 'waiting'), 'reason');
    if (stuck.has(reason)) return `container ${text(container, 'name')}: ${reason}`;
  }
  return undefined;
}

export const pod: HealthCheck = (object) => {
  const status = part(object, 'status');
  const phase = text(status, 'phase');
  if (phase === 'Succeeded') return healthy('it ran to its end');
  if (phase === 'Failed') return degraded(text(status, 'message') || text(status, 'reason') || 'it failed');
  const container = stuckContainer(status);
  if (container !== undefined) return degraded(container);
  const ready = condition(object, 'Ready');
  if (phase === 'Running' && ready?.status === 'True') {
    // A pod that should end is healthy only once it has ended.
    const ends = text(part(object, 'spec'), 'restartPolicy') !== 'Always';
    return ends ? progressing('running') : healthy('ready');
  }
  const scheduled = condition(object, 'PodScheduled');
  if (scheduled?.status === 'False') return progressing(why(scheduled));
  return progressing(ready === undefined ? phase || 'not started' : why(ready) || phase);
};
