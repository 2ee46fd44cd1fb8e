// Health of a CustomResourceDefinition: established, so that its kind is served.
import { condition, degraded, type HealthCheck, healthy, progressing, why } from './verdict.ts';

export const customResourceDefinition: HealthCheck = (object) => {
  const names = condition(object, 'NamesAccepted');
  if (names?.status === 'False') return degraded(why(names));
  if (condition(object, 'Terminating')?.status === 'True') return progressing('it is being deleted');
  if (condition(object, 'Established')?.status === 'True') return healthy('established');
  return progressing('not established yet');
};
