// Care: alarms on everything that would otherwise be lost without a word, and a dashboard.
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { RunnerFunction } from './function.ts';
import { type FunctionName, metricsNamespace, pascal } from './names.ts';

export interface CareProps {
  readonly prefix: string;
  readonly topic: ITopic;
  readonly deadLetters: Readonly<Record<string, Queue>>;
  readonly queues: Readonly<Record<string, Queue>>;
  readonly functions: Readonly<Record<FunctionName, RunnerFunction>>;
}

const minute = Duration.minutes(1);
/** Age of the oldest push that is not carried out yet, in seconds, that is worth waking somebody. */
const tooOld = 30 * 60;

interface AlarmOptions {
  readonly description: string;
  readonly metric: cloudwatch.IMetric;
  readonly threshold?: number;
  readonly periods?: number;
  readonly below?: boolean;
  /** What it means that nothing was measured. */
  readonly missing?: cloudwatch.TreatMissingData;
}

export class Care extends Construct {
  readonly #props: CareProps;

  constructor(scope: Construct, id: string, props: CareProps) {
    super(scope, id);
    this.#props = props;
    for (const [name, queue] of Object.entries(props.deadLetters)) {
      this.#alarm(`${name}DeadLetters`, {
        description: `${name === 'Events' ? 'Events' : 'Messages'} that nobody could handle: holdfast dlq list`,
        metric: queue.metricApproximateNumberOfMessagesVisible({ period: minute, statistic: 'Maximum' }),
      });
    }
    for (const [name, { fn }] of Object.entries(props.functions)) this.#watch(name, fn);
    this.#alarm('NoTick', {
      description: 'The tick has not completed for 5 minutes: nothing that is due is looked at',
      metric: this.#own('TickCompleted', 'Sum'),
      threshold: 1,
      below: true,
      periods: 5,
      missing: cloudwatch.TreatMissingData.BREACHING,
    });
    for (const name of ['source', 'reconcile'] as const) {
      this.#alarm(`${pascal(name)}WorkFailed`, {
        description: `${name} fails on the same row again and again: holdfast status, and the log of ${name}`,
        // It is tried again after 1, 2, 4, 8 minutes: a single failure that mends itself wakes nobody.
        metric: this.#own('WorkFailed', 'Sum', name).with({ period: Duration.minutes(15) }),
        threshold: 3,
      });
    }
    this.#alarm('OldestUnreconciled', {
      description: 'A push has not been carried out for 30 minutes: holdfast status',
      metric: this.#own('OldestUnreconciledSeconds', 'Maximum'),
      threshold: tooOld,
      periods: 5,
    });
    this.#dashboard();
  }

  /** A metric that a function writes through its log. */
  #own(metricName: string, statistic: string, service: FunctionName = 'tick'): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: metricsNamespace,
      metricName,
      statistic,
      period: minute,
      // Two installations of one account must not count for each other.
      dimensionsMap: { service, installation: this.#props.prefix },
    });
  }

  /** A failed invocation is one that its own error handling did not foresee; it was tried again, but somebody should know. */
  #watch(name: string, fn: RunnerFunction['fn']): void {
    const label = pascal(name);
    this.#alarm(`${label}Errors`, {
      description: `${name} fails`,
      metric: fn.metricErrors({ period: Duration.minutes(5) }),
      // One failure is retried; what goes on failing is worth a look.
      threshold: 3,
    });
    // What comes from a queue waits, and an event that is throttled for hours is a dead letter: both have alarms of their own.
    if (name !== 'webhook' && name !== 'api') return;
    this.#alarm(`${label}Throttles`, {
      description: `${name} is throttled: the account's concurrency is used up`,
      metric: fn.metricThrottles({ period: Duration.minutes(5) }),
      threshold: 5,
      periods: 2,
    });
  }

  #alarm(id: string, options: AlarmOptions): void {
    const periods = options.periods ?? 1;
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `Holdfast ${this.#props.prefix}: ${options.description}`,
      metric: options.metric,
      threshold: options.threshold ?? 1,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      comparisonOperator:
        options.below === true
          ? cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
          : cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: options.missing ?? cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.#props.topic));
    alarm.addOkAction(new SnsAction(this.#props.topic));
  }

  #dashboard(): void {
    const { queues, deadLetters, functions } = this.#props;
    const runners = Object.values(functions).map(({ fn }) => fn);
    const graph = (title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget =>
      new cloudwatch.GraphWidget({ title, left, width: 12, period: Duration.minutes(5) });
    const waiting = (all: Readonly<Record<string, Queue>>): cloudwatch.IMetric[] =>
      Object.entries(all).map(([label, queue]) =>
        queue.metricApproximateNumberOfMessagesVisible({ label, statistic: 'Maximum' }),
      );
    new cloudwatch.Dashboard(this, 'Dashboard', {
      widgets: [
        [
          graph('Oldest push that is not carried out (seconds)', [this.#own('OldestUnreconciledSeconds', 'Maximum')]),
          graph('Ticks', [this.#own('TickCompleted', 'Sum')]),
        ],
        [graph('Waiting', waiting(queues)), graph('Nobody could handle', waiting(deadLetters))],
        [
          graph(
            'Invocations',
            runners.map((fn) => fn.metricInvocations()),
          ),
          graph(
            'Failed and throttled',
            runners.flatMap((fn) => [fn.metricErrors(), fn.metricThrottles()]),
          ),
        ],
        [
          graph(
            'Duration',
            runners.map((fn) => fn.metricDuration({ statistic: 'p90' })),
          ),
        ],
      ],
    });
  }
}
