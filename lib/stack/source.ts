// Repositories: fetch, catalogue, which applications a push touches, image updates.
import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type RunnerFunction, runnerFunction } from './function.ts';
import { gitRights, imageRights } from './outside.ts';
import { chosen, type Parts } from './parts.ts';
import type { Right } from './rights.ts';

export class Source extends Construct {
  readonly runner: RunnerFunction;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source, reconcile, settings } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'source',
      description: 'fetches repositories and finds out which applications a push touches',
      // A pack is held in memory while it is read.
      memory: 1769,
      timeout: Duration.seconds(150),
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_RECONCILE_QUEUE: reconcile.queue.queueUrl,
        HOLDFAST_GIT_SECRET: state.gitSecret.secretArn,
        ...chosen(settings),
      },
      rights: [
        ...state.tableRights('write'),
        state.objectRights('write'),
        source.answerRights(),
        source.ringRights('RingSource'),
        reconcile.ringRights('RingReconcile'),
        ...secretRights(parts),
        ...gitRights(settings),
        ...imageRights(settings),
      ],
    });
    // One message at a time: a fetch can hold a large pack in memory, and two would share 150 seconds.
    source.answeredBy(this.runner.fn, { batchSize: 1, maxConcurrency: settings.concurrency?.source ?? 4 });
  }
}

function secretRights(parts: Parts): readonly Right[] {
  const { state, settings } = parts;
  const own = settings.root?.secretArn;
  return state.secretRights('GitSecrets', state.gitSecret.secretArn, ...(own === undefined ? [] : [own]));
}
