// Applications and targets: plan, apply, observe. The rights on targets belong to the roles that it assumes.
import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type RunnerFunction, runnerFunction } from './function.ts';
import { Network } from './network.ts';
import { clusterRights } from './outside.ts';
import type { Parts } from './parts.ts';
import { allow, type Right } from './rights.ts';

export class Reconcile extends Construct {
  readonly runner: RunnerFunction;
  /** Present when the function runs in a network. */
  readonly network: Network | undefined;

  constructor(scope: Construct, id: string, parts: Parts, render: IFunction) {
    super(scope, id);
    const { state, source, reconcile, settings } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'reconcile',
      description: 'plans, applies and observes applications',
      memory: 1769,
      timeout: Duration.seconds(150),
      environment: {
        HOLDFAST_TABLE: state.table.tableName,
        HOLDFAST_BUCKET: state.bucket.bucketName,
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_RECONCILE_QUEUE: reconcile.queue.queueUrl,
        HOLDFAST_BUS: parts.bus.eventBusName,
        HOLDFAST_RENDER_FUNCTION: render.functionName,
        HOLDFAST_KEY_SECRET: state.keySecret.secretArn,
        ...(settings.driftEvery === undefined ? {} : { HOLDFAST_DRIFT_EVERY: settings.driftEvery }),
      },
      rights: [
        ...state.tableRights('write'),
        state.objectRights('write'),
        // What one step leaves for the next, and what a rendering wrote: taken away again.
        state.objectRights('collect', ['prepared/', 'render/']),
        reconcile.answerRights(),
        reconcile.ringRights('RingReconcile'),
        source.ringRights('RingSource'),
        ...state.secretRights('KeySecret', state.keySecret.secretArn),
        allow('Render', ['lambda:InvokeFunction'], [render.functionArn]),
        allow('Tell', ['events:PutEvents'], [parts.bus.eventBusArn]),
        ...targetRights(parts),
        ...(settings.vpc === undefined ? [] : Network.rights()),
      ],
    });
    if (settings.vpc !== undefined) this.network = new Network(this, 'Network', settings.vpc, this.runner);
    // Few at a time: messages of one push share connections, lists and discovery, but also the 90 seconds of a turn and the
    // memory. An idle queue gives batches of one, so a single push is not slowed down.
    reconcile.answeredBy(this.runner.fn, { batchSize: 5, maxConcurrency: settings.concurrency?.reconcile ?? 8 });
  }
}

function targetRights({ settings }: Parts): readonly Right[] {
  const roles = settings.targetRoles ?? [];
  return [
    ...(roles.length === 0 ? [] : [allow('AssumeTargetRoles', ['sts:AssumeRole', 'sts:TagSession'], roles)]),
    ...clusterRights(settings),
  ];
}
