// Topics for people: alarms, and what the bus tells. A key of their own would cost every month, and nothing secret is said in them.
import { Aws } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export class Topics extends Construct {
  /** Alarms of the installation. */
  readonly alarms: sns.Topic;
  /** Drift and failed runs. */
  readonly notices: sns.Topic;

  constructor(scope: Construct, id: string, alarmEmail: string | undefined) {
    super(scope, id);
    const topic = (name: string): sns.Topic => {
      const made = new sns.Topic(this, name, { enforceSSL: true });
      if (alarmEmail !== undefined) {
        made.addSubscription(new subscriptions.EmailSubscription(alarmEmail));
        acknowledge(made, {
          'Serverless-SNSRedrivePolicy':
            'A mail that cannot be delivered: the alarm and the run stay where they are read.',
        });
      }
      return made;
    };
    this.alarms = topic('Alarms');
    this.alarms.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.alarms.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    this.notices = topic('Notices');
  }
}
