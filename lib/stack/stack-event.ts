// Status changes of stacks: the run that waits for one looks at once instead of at its next turn.
import { Construct } from 'constructs';
import { eventAccounts, failureRights, wakeOn } from './events.ts';
import { type RunnerFunction, runnerFunction } from './function.ts';
import type { Parts } from './parts.ts';

/** How the client request tokens begin that Holdfast gives to CloudFormation. */
const ourTokens = 'hf-';

export class StackEvent extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, reconcile } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'stack-event',
      description: 'wakes the run whose token a stack event carries',
      memory: 256,
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_RECONCILE_QUEUE: reconcile.queue.queueUrl,
        HOLDFAST_EVENT_ACCOUNTS: eventAccounts(parts).join(','),
      },
      rights: [...state.tableRights('hint'), reconcile.ringRights('RingReconcile'), failureRights(parts)],
    });
    wakeOn(this, parts, this.runner.fn, {
      // A stack that others change sends its events past us: only ours carry such a token.
      Status: {
        source: ['aws.cloudformation'],
        detailType: ['CloudFormation Stack Status Change'],
        detail: { 'client-request-token': [{ prefix: ourTokens }] },
      },
      Drift: { source: ['aws.cloudformation'], detailType: ['CloudFormation Drift Detection Status Change'] },
    });
  }
}
