// Health of a Job: healthy only once it is complete. Running is not good yet.
import { condition, count, degraded, type HealthCheck, healthy, part, progressing, suspended, why } from './verdict.ts';

export const job: HealthCheck = (object) => {
  const failed = condition(object, 'Failed') ?? condition(object, 'FailureTarget');
  if (failed?.status === 'True') return degraded(why(failed));
  if (condition(object, 'Complete')?.status === 'True') return healthy('complete');
  if (part(object, 'spec')['suspend'] === true) return suspended('it is suspended');
  const status = part(object, 'status');
  return progressing(`${count(status, 'active')} pods active, ${count(status, 'succeeded')} succeeded`);
};
