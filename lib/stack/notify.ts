// What is told to the outside: a bus of the installation's own, and one rule as an example that tells people.
import { Aws, Duration } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow } from './rights.ts';

export interface NotifyProps {
  readonly prefix: string;
  readonly eventAccounts: readonly string[];
  readonly eventsDlq: Queue;
  readonly notices: Topic;
}

export class Notify extends Construct {
  readonly bus: events.EventBus;
  readonly #teller: iam.IRole;

  constructor(scope: Construct, id: string, props: NotifyProps) {
    super(scope, id);
    this.bus = new events.EventBus(this, 'Bus', {
      eventBusName: props.prefix,
      description: `Holdfast ${props.prefix}: outcomes and drift go out, events of other accounts come in`,
    });
    this.#letIn(props.eventAccounts);
    this.#teller = tellerOf(this, props.notices);
    this.#tell('Drift', ['Holdfast Drift Report'], {}, props);
    this.#tell('FailedRuns', ['Holdfast Run Outcome'], { outcome: ['failed', 'refused', 'held', 'unhealthy'] }, props);
  }

  /** Other accounts may forward their events here. What they send keeps their account number, by which rules tell it apart. */
  #letIn(accounts: readonly string[]): void {
    if (accounts.length === 0) return;
    new events.CfnEventBusPolicy(this, 'OtherAccounts', {
      statementId: 'OtherAccountsForwardEvents',
      eventBusName: this.bus.eventBusName,
      statement: new iam.PolicyStatement({
        sid: 'OtherAccountsForwardEvents',
        effect: iam.Effect.ALLOW,
        principals: accounts.map((account) => new iam.AccountPrincipal(account)),
        actions: ['events:PutEvents'],
        resources: [this.bus.eventBusArn],
      }).toStatementJson(),
    });
  }

  #tell(id: string, detailType: string[], detail: Record<string, unknown>, props: NotifyProps): void {
    new events.Rule(this, id, {
      description: `Holdfast ${props.prefix}: ${detailType.join(', ')} to people`,
      eventBus: this.bus,
      eventPattern: {
        source: ['holdfast'],
        account: [Aws.ACCOUNT_ID],
        detailType,
        ...(Object.keys(detail).length === 0 ? {} : { detail }),
      },
      targets: [
        new targets.SnsTopic(props.notices, {
          role: this.#teller,
          deadLetterQueue: props.eventsDlq,
          retryAttempts: 8,
          maxEventAge: Duration.hours(1),
        }),
      ],
    });
  }
}

/** A role of the rules, not a right of the service on the topic: with that, the rules of any account could publish to it. */
function tellerOf(scope: Construct, notices: Topic): iam.IRole {
  return new iam.Role(scope, 'TellRole', {
    description: 'Holdfast: lets the rules of the bus tell people',
    assumedBy: new iam.ServicePrincipal('events.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
    inlinePolicies: {
      rights: new iam.PolicyDocument({
        statements: [allow('TellPeople', ['sns:Publish'], [notices.topicArn]).statement],
      }),
    },
  }).withoutPolicyUpdates();
}
