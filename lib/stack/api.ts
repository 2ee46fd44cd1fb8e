// The API: what the command line asks and orders. Only callers whose own AWS rights allow it get in.
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { eventAccounts } from './events.ts';
import { type RunnerFunction, runnerFunction } from './function.ts';
import { chosen, type Parts } from './parts.ts';
import { allow } from './rights.ts';

/** What is shown, or only asked whether it is there. */
const shown = ['catalogue/', 'inventory/', 'drift/', 'desired/'];

export class Api extends Construct {
  readonly runner: RunnerFunction;
  readonly url: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source, reconcile, eventsDlq, settings } = parts;
    const dead = [source.deadLetters, reconcile.deadLetters, eventsDlq];
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'api',
      description: 'answers the command line',
      memory: 512,
      timeout: Duration.seconds(29),
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_RECONCILE_QUEUE: reconcile.queue.queueUrl,
        HOLDFAST_SOURCE_DLQ: source.deadLetters.queueUrl,
        HOLDFAST_RECONCILE_DLQ: reconcile.deadLetters.queueUrl,
        HOLDFAST_EVENTS_DLQ: eventsDlq.queueUrl,
        ...chosen(settings),
        HOLDFAST_EVENT_ACCOUNTS: eventAccounts(parts).join(','),
      },
      rights: [
        // Who follows an image is asked when its event is done again.
        ...state.tableRights('hint', ['image']),
        state.objectRights('read', shown),
        source.ringRights('RingSource'),
        reconcile.ringRights('RingReconcile'),
        allow(
          'DeadLetters',
          ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility', 'sqs:GetQueueAttributes'],
          dead.map((queue) => queue.queueArn),
        ),
      ],
    });
    this.url = this.runner.fn.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
  }
}
