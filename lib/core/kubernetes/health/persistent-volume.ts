// Health of a PersistentVolume: anything but failed.
import { degraded, type HealthCheck, healthy, part, progressing, text } from './verdict.ts';

export const persistentVolume: HealthCheck = (object) => {
  const status = part(object, 'status');
  const phase = text(status, 'phase');
  if (phase === 'Failed') return degraded(text(status, 'message') || text(status, 'reason') || 'it failed');
  return phase === '' || phase === 'Pending' ? progressing('pending') : healthy(phase.toLowerCase());
};
