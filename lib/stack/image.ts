// Images pushed to ECR: their events wake the repositories that follow the image.
import { Construct } from 'constructs';
import { eventAccounts, failureRights, wakeOn } from './events.ts';
import { type RunnerFunction, runnerFunction } from './function.ts';
import type { Parts } from './parts.ts';

export class Image extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'image',
      description: 'rings for the repositories that follow a pushed image',
      memory: 256,
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_EVENT_ACCOUNTS: eventAccounts(parts).join(','),
      },
      rights: [...state.tableRights('hint', ['image']), source.ringRights('RingSource'), failureRights(parts)],
    });
    wakeOn(this, parts, this.runner.fn, {
      Push: {
        source: ['aws.ecr'],
        detailType: ['ECR Image Action'],
        detail: { 'action-type': ['PUSH'], result: ['SUCCESS'] },
      },
    });
  }
}
