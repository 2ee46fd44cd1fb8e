// Where Git hosts say that something was pushed. Anybody may call it; the function checks the signature of the raw body.
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { type RunnerFunction, runnerFunction } from './function.ts';
import type { Parts } from './parts.ts';

export class Webhook extends Construct {
  readonly runner: RunnerFunction;
  readonly url: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, parts: Parts) {
    super(scope, id);
    const { state, source, settings } = parts;
    this.runner = runnerFunction(this, parts.defaults, {
      name: 'webhook',
      description: 'checks deliveries of Git hosts and rings for the repository',
      memory: 512,
      environment: {
        HOLDFAST_SOURCE_QUEUE: source.queue.queueUrl,
        HOLDFAST_WEBHOOK_SECRET: state.webhookSecret.secretArn,
      },
      rights: [source.ringRights('RingSource'), ...state.secretRights('WebhookSecret', state.webhookSecret.secretArn)],
      ...(settings.webhookReservedConcurrency === undefined
        ? {}
        : { reservedConcurrency: settings.webhookReservedConcurrency }),
    });
    this.url = this.runner.fn.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
  }
}
