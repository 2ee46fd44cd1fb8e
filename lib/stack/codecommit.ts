// Pushes to CodeCommit, which has no webhooks: its events wake the repository.
import { Construct } from 'constructs';
import { eventAccounts, failureRights, wakeOn } from './events.ts';
import { type RunnerFunction, runnerFunction } from './function.ts';
import { chosen, type Parts } from './parts.ts';

export class Codecommit extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source, settings } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'codecommit',
      description: 'rings for the repository that a CodeCommit event names',
      memory: 256,
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        ...chosen(settings),
        HOLDFAST_EVENT_ACCOUNTS: eventAccounts(parts).join(','),
      },
      rights: [...state.tableRights('hint'), source.ringRights('RingSource'), failureRights(parts)],
    });
    wakeOn(this, parts, this.runner.fn, {
      Push: {
        source: ['aws.codecommit'],
        detailType: ['CodeCommit Repository State Change'],
        detail: { event: ['referenceCreated', 'referenceUpdated'], referenceType: ['branch'] },
      },
    });
  }
}
