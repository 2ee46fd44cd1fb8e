// Health of a PersistentVolumeClaim: bound.
import { degraded, type HealthCheck, healthy, part, progressing, text } from './verdict.ts';

export const persistentVolumeClaim: HealthCheck = (object) => {
  const phase = text(part(object, 'status'), 'phase');
  if (phase === 'Bound') return healthy('bound');
  if (phase === 'Lost') return degraded('its volume is lost');
  return progressing('waiting for a volume (some storage classes bind only when a pod uses the claim)');
};
