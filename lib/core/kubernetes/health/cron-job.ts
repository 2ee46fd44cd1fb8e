// Health of a CronJob: the schedule itself is all that can be judged; its Jobs are not part of the desired state.
import { type HealthCheck, healthy, list, part, suspended, text } from './verdict.ts';

export const cronJob: HealthCheck = (object) => {
  if (part(object, 'spec')['suspend'] === true) return suspended('it is suspended');
  const active = list(part(object, 'status'), 'active').length;
  if (active > 0) return healthy(`${active} jobs active`);
  const last = text(part(object, 'status'), 'lastScheduleTime');
  return healthy(last === '' ? 'scheduled' : `last scheduled ${last}`);
};
