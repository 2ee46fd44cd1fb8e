// A queue that wakes workers, with the queue of what nobody could handle.
import { Duration } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import { allow, type Right } from './rights.ts';

/** A dead letter queue: what lies there waits for a person, as long as SQS keeps it. */
export function deadLetterQueue(scope: Construct, id: string): sqs.Queue {
  const queue = new sqs.Queue(scope, id, {
    encryption: sqs.QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledge(queue, {
    'AwsSolutions-SQS3': 'It is a dead letter queue itself.',
    'Serverless-SQSRedrivePolicy': 'It is a dead letter queue itself.',
  });
  return queue;
}

/** A standard queue and its dead letter queue. The order and number of its messages do not matter: they only wake. */
export class Doorbell extends Construct {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new sqs.Queue(this, 'Queue', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // Longer than a function may run: a message must not come a second time while the first one is still worked on.
      visibilityTimeout: Duration.seconds(180),
      retentionPeriod: Duration.days(4),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
    });
  }

  /** The right to ring. */
  ringRights(sid: string): Right {
    return allow(sid, ['sqs:SendMessage'], [this.queue.queueArn]);
  }

  /** What a function needs that answers this bell. */
  answerRights(): Right {
    return allow(
      'ReceiveWork',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      [this.queue.queueArn],
    );
  }

  /** Lets a function answer: it says for each message of a batch whether it was handled. */
  answeredBy(fn: lambda.Function, options: { readonly batchSize: number; readonly maxConcurrency: number }): void {
    const mapping = new lambda.EventSourceMapping(fn, 'Doorbell', {
      target: fn,
      eventSourceArn: this.queue.queueArn,
      batchSize: options.batchSize,
      maxConcurrency: options.maxConcurrency,
      reportBatchItemFailures: true,
    });
    acknowledge(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'For a queue, Lambda has no such destination: the queue itself has a dead letter queue.',
    });
  }
}
