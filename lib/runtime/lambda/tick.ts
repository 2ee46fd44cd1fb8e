// The tick function: once a minute, and what it found as metrics that alarms look at.
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { rootSettings, fixedRoot } from '../root-settings.ts';
import { tick, type Ticked } from '../tick.ts';
import type { Bench } from './chain.ts';
import { readEnvironment } from './env.ts';
import { openQueue, openState } from './state.ts';

/** Opens the function. */
export function openTick({ metrics, logger }: Bench): () => Promise<Ticked> {
  const env = readEnvironment(['installation', 'table', 'bucket', 'sourceQueue', 'reconcileQueue']);
  const state = openState(env);
  const fixed = fixedRoot(process.env['HOLDFAST_ROOT']);
  const parts = {
    ...state,
    queue: openQueue(env),
    now: Date.now,
    connected: async () => (await rootSettings(state.store, fixed)) !== undefined,
  };
  return async () => {
    const done = await tick(parts);
    metrics.addDimension('installation', env.installation);
    metrics.addMetric('TickCompleted', MetricUnit.Count, 1);
    metrics.addMetric('OldestUnreconciledSeconds', MetricUnit.Seconds, Math.round(done.oldestMs / 1000));
    if (done.rung > 0 || done.collected > 0) logger.info(`${done.rung} rows rung for`, { ...done });
    return done;
  };
}
