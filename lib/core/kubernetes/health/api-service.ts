// Health of an APIService: the server behind it answers.
import { condition, type HealthCheck, healthy, progressing, why } from './verdict.ts';

export const apiService: HealthCheck = (object) => {
  const available = condition(object, 'Available');
  if (available?.status === 'True') return healthy('available');
  return progressing(available === undefined ? 'not looked at yet' : why(available));
};
