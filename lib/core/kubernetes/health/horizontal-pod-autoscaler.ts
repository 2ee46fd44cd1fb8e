// Health of a HorizontalPodAutoscaler: it can read its metrics and scale its target.
import { condition, degraded, type HealthCheck, healthy, part, progressing, text, why } from './verdict.ts';

// Reasons that need a person; missing metrics just after a rollout do not.
const faults = new Set(['FailedGetScale', 'FailedUpdateScale', 'InvalidSelector', 'InvalidMetricSourceType']);

export const horizontalPodAutoscaler: HealthCheck = (object) => {
  const able = condition(object, 'AbleToScale');
  const active = condition(object, 'ScalingActive');
  for (const found of [able, active]) {
    if (found?.status === 'False' && faults.has(found.reason)) return degraded(why(found));
  }
  if (able?.status === 'True') {
    if (active?.status === 'True') return healthy(why(able));
    if (active?.reason === 'ScalingDisabled') return healthy('its target is scaled to zero');
    if (active !== undefined) return progressing(why(active));
    return progressing('waiting for metrics');
  }
  const targets = text(part(part(object, 'spec'), 'scaleTargetRef'), 'name');
  return progressing(able === undefined ? `waiting to look at ${targets || 'its target'}` : why(able));
};
