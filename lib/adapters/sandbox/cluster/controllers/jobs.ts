// Jobs: pods that end, until enough have succeeded or too many have failed.
import { listAt, mapAt, numberAt, textAt } from '../json.ts';
import type { Stored } from '../store/objects.ts';
import { type Cluster, timestamp } from '../api/cluster.ts';
import { type Condition, conditions, controlled, isGoing, writeStatus } from './acts.ts';
import { isReady, makePod } from './pods.ts';

/** Looks at a Job and its pods. */
export function reconcileJob(cluster: Cluster, stored: Stored): undefined {
  const { object } = stored;
  const spec = mapAt(object, 'spec');
  const isOver = listAt(object, 'status', 'conditions').some((one) => {
    const type = textAt(one, 'type');
    return (type === 'Complete' || type === 'Failed') && textAt(one, 'status') === 'True';
  });
  if (isGoing(object) || isOver || spec['suspend'] === true) return undefined;
  const pods = controlled(cluster, stored, 'pods');
  const inPhase = (phase: string) => pods.filter((pod) => textAt(pod.object, 'status', 'phase') === phase).length;
  const succeeded = inPhase('Succeeded');
  const failed = inPhase('Failed');
  const active = pods.length - succeeded - failed;
  const completions = numberAt(spec, 'completions') ?? numberAt(spec, 'parallelism') ?? 1;
  const isFailed = failed > (numberAt(spec, 'backoffLimit') ?? 6);
  const isComplete = succeeded >= completions;
  const room = isFailed ? 0 : Math.min((numberAt(spec, 'parallelism') ?? 1) - active, completions - succeeded - active);
  for (let index = 0; index < room; index++) makePod(cluster, object, mapAt(spec, 'template'), {});
  const running = active + Math.max(0, room);
  const outcome: Condition[] = [];
  if (isComplete) {
    const message = 'Reached expected number of succeeded pods';
    outcome.push({ type: 'SuccessCriteriaMet', status: 'True', reason: 'CompletionsReached', message });
    outcome.push({ type: 'Complete', status: 'True', reason: 'CompletionsReached', message });
  } else if (isFailed) {
    const message = 'Job has reached the specified backoff limit';
    outcome.push({ type: 'FailureTarget', status: 'True', reason: 'BackoffLimitExceeded', message });
    outcome.push({ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', message });
  }
  writeStatus(cluster, stored, {
    startTime: textAt(object, 'status', 'startTime') ?? timestamp(cluster.now()),
    ...(running === 0 ? {} : { active: running }),
    ...(succeeded === 0 ? {} : { succeeded }),
    ...(failed === 0 ? {} : { failed }),
    ready: pods.filter((pod) => isReady(pod.object)).length,
    terminating: 0,
    uncountedTerminatedPods: {},
    ...(isComplete ? { completionTime: timestamp(cluster.now()) } : {}),
    ...(outcome.length === 0 ? {} : { conditions: conditions(cluster, object, outcome) }),
  });
  return undefined;
}
