// The clock: once a minute it rings for what is due, and for what nobody rang for.
import { Aws, Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { Construct } from 'constructs';
import { failureRights, keepFailures } from './events.ts';
import { type RunnerFunction, runnerFunction } from './function.ts';
import { chosen, type Parts } from './parts.ts';
import { allow } from './rights.ts';

/** What the tick removes when nothing points at it any more: the kinds of blobs that are made anew or kept by a run. */
const collected = [
  'bundle/',
  'rendered/',
  'desired/',
  'inventory/',
  'prepared/',
  'drift/',
  'catalogue/',
  'cluster/',
  'render/',
];

export class Tick extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source, reconcile, settings } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'tick',
      description: 'rings for what is due, and removes what nothing points at',
      memory: 512,
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_RECONCILE_QUEUE: reconcile.queue.queueUrl,
        ...chosen(settings),
      },
      rights: [
        ...state.tableRights('hint', ['due']),
        state.objectRights('read', ['catalogue/', 'rendered/']),
        state.objectRights('collect', collected),
        source.ringRights('RingSource'),
        reconcile.ringRights('RingReconcile'),
        failureRights(parts),
      ],
    });
    // The next tick comes in a minute: an old one is of no use.
    keepFailures(this.runner.fn, parts, { retryAttempts: 0, maxEventAge: Duration.seconds(60) });
    this.#schedule(parts);
  }

  #schedule(parts: Parts): void {
    const role = new iam.Role(this, 'ScheduleRole', {
      description: 'Holdfast: lets the schedule start the tick',
      assumedBy: new iam.ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceAccount': Aws.ACCOUNT_ID,
            'aws:SourceArn': `arn:${Aws.PARTITION}:scheduler:${Aws.REGION}:${Aws.ACCOUNT_ID}:schedule-group/default`,
          },
        },
      }),
      inlinePolicies: {
        rights: new iam.PolicyDocument({
          statements: [
            allow('StartTick', ['lambda:InvokeFunction'], [this.runner.fn.functionArn]).statement,
            failureRights(parts).statement,
          ],
        }),
      },
    });
    new scheduler.CfnSchedule(this, 'Schedule', {
      description: `Holdfast ${parts.defaults.prefix}: tick`,
      scheduleExpression: 'rate(1 minute)',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: this.runner.fn.functionArn,
        roleArn: role.roleArn,
        deadLetterConfig: { arn: parts.eventsDlq.queueArn },
        retryPolicy: { maximumRetryAttempts: 1, maximumEventAgeInSeconds: 60 },
      },
    });
  }
}
