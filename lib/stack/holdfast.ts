// The whole runner as one construct, for the stack of this project and for a CDK app of your own.
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { Api } from './api.ts';
import { bundleFunctions } from './bundle.ts';
import { Care } from './care.ts';
import { Codecommit } from './codecommit.ts';
import { Doorbell, deadLetterQueue } from './doorbell.ts';
import type { FunctionDefaults, RunnerFunction } from './function.ts';
import { Image } from './image.ts';
import { defaultPrefix, type FunctionName, functionNames, pascal } from './names.ts';
import { Notify } from './notify.ts';
import type { Parts } from './parts.ts';
import { Reconcile } from './reconcile.ts';
import { Render } from './render.ts';
import type { Settings } from './settings.ts';
import { Source } from './source.ts';
import { StackEvent } from './stack-event.ts';
import { State } from './state.ts';
import { Tick } from './tick.ts';
import { Topics } from './topics.ts';
import { Webhook } from './webhook.ts';

export interface HoldfastProps extends Settings {
  /** Where the code of a function comes from. Default: bundled from `functions/<name>.ts` with esbuild. */
  readonly code?: (name: FunctionName) => lambda.Code;
}

/** A GitOps runner: what runs in clusters and stacks is what Git repositories say. */
export class Holdfast extends Construct {
  /** Table, bucket and secrets; they stay when the stack is deleted. */
  readonly state: State;
  /** Every function with its role and log group. */
  readonly functions: Readonly<Record<FunctionName, RunnerFunction>>;
  /** Bus, topics, queues: for rules and alarms of your own. */
  readonly notify: Notify;
  readonly topics: Topics;
  /** What the command line reads from the stack: name of the output -> value. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly #apiUrl: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, props: HoldfastProps = {}) {
    super(scope, id);
    const prefix = props.prefix ?? defaultPrefix;
    if (props.permissionsBoundary !== undefined) {
      const boundary = iam.ManagedPolicy.fromManagedPolicyArn(this, 'Boundary', props.permissionsBoundary);
      iam.PermissionsBoundary.of(this).apply(boundary);
    }
    this.state = new State(this, 'State', {
      prefix,
      ...(props.encryptionKeyArn === undefined ? {} : { encryptionKeyArn: props.encryptionKeyArn }),
    });
    this.topics = new Topics(this, 'Topics', props.alarmEmail);
    const eventsDlq = deadLetterQueue(this, 'EventsDeadLetters');
    this.notify = new Notify(this, 'Notify', {
      prefix,
      eventAccounts: props.eventAccounts ?? [],
      eventsDlq,
      notices: this.topics.notices,
    });
    const parts: Parts = {
      defaults: defaultsOf(prefix, props),
      settings: props,
      state: this.state,
      source: new Doorbell(this, 'SourceDoorbell'),
      reconcile: new Doorbell(this, 'ReconcileDoorbell'),
      eventsDlq,
      bus: this.notify.bus,
    };
    const webhook = new Webhook(this, 'Webhook', parts);
    const render = new Render(this, 'Render', parts);
    const reconcile = new Reconcile(this, 'Reconcile', parts, render.runner.fn);
    const api = new Api(this, 'Api', parts);
    this.functions = {
      webhook: webhook.runner,
      codecommit: new Codecommit(this, 'Codecommit', parts).runner,
      image: new Image(this, 'Image', parts).runner,
      tick: new Tick(this, 'Tick', parts).runner,
      source: new Source(this, 'Source', parts).runner,
      render: render.runner,
      reconcile: reconcile.runner,
      'stack-event': new StackEvent(this, 'StackEvent', parts).runner,
      api: api.runner,
    };
    this.#apiUrl = api.url;
    this.#care(prefix, parts);
    this.outputs = {
      ...this.#outputs(prefix, parts),
      ApiUrl: api.url.url,
      WebhookUrl: webhook.url.url,
      ...(reconcile.network === undefined ? {} : { ReconcileSecurityGroups: reconcile.network.securityGroupList }),
    };
  }

  /** Lets somebody use the API: the command line with these credentials. */
  grantApi(grantee: iam.IGrantable): iam.Grant {
    return this.#apiUrl.grantInvokeUrl(grantee);
  }

  #care(prefix: string, parts: Parts): void {
    new Care(this, 'Care', {
      prefix,
      topic: this.topics.alarms,
      queues: { Source: parts.source.queue, Reconcile: parts.reconcile.queue },
      deadLetters: {
        Source: parts.source.deadLetters,
        Reconcile: parts.reconcile.deadLetters,
        Events: parts.eventsDlq,
      },
      functions: this.functions,
    });
  }

  #outputs(prefix: string, parts: Parts): Readonly<Record<string, string>> {
    const names = functionNames.map((name) => [`${pascal(name)}Function`, this.functions[name].fn.functionName]);
    return {
      Installation: prefix,
      TableName: this.state.table.tableName,
      BucketName: this.state.bucket.bucketName,
      BusName: parts.bus.eventBusName,
      KeySecretArn: this.state.keySecret.secretArn,
      WebhookSecretArn: this.state.webhookSecret.secretArn,
      GitSecretArn: this.state.gitSecret.secretArn,
      ReconcileRoleArn: this.functions.reconcile.role.roleArn,
      SourceRoleArn: this.functions.source.role.roleArn,
      SourceQueueUrl: parts.source.queue.queueUrl,
      ReconcileQueueUrl: parts.reconcile.queue.queueUrl,
      SourceDlqUrl: parts.source.deadLetters.queueUrl,
      ReconcileDlqUrl: parts.reconcile.deadLetters.queueUrl,
      EventsDlqUrl: parts.eventsDlq.queueUrl,
      ...(Object.fromEntries(names) as Record<string, string>),
    };
  }
}

function defaultsOf(prefix: string, props: HoldfastProps): FunctionDefaults {
  return {
    prefix,
    logLevel: props.logLevel ?? 'INFO',
    logRetentionDays: props.logRetentionDays ?? 30,
    code: props.code ?? bundled(),
  };
}

/** The functions of this project, bundled once for all. */
function bundled(): (name: FunctionName) => lambda.Code {
  const { directories } = bundleFunctions();
  return (name) => lambda.Code.fromAsset(directories[name]);
}
