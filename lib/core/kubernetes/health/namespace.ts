// Health of a Namespace: active, and not on its way out.
import { condition, type HealthCheck, healthy, list, part, progressing, text, why } from './verdict.ts';

const blockers = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
];

export const namespace: HealthCheck = (object) => {
  const phase = text(part(object, 'status'), 'phase');
  if (phase !== 'Terminating') return healthy(phase === '' ? 'exists' : phase.toLowerCase());
  if (list(part(object, 'status'), 'conditions').length > 0) {
    for (const type of blockers) {
      const found = condition(object, type);
      if (found?.status === 'True') return progressing(`it is being deleted: ${why(found)}`);
    }
  }
  return progressing('it is being deleted');
};
