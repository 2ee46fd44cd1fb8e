// Topics for people: alarms, and what the bus tells. Encrypted with one key, because the key that AWS owns refuses both senders.
import { Aws, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
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
    const key = new kms.Key(this, 'Key', {
      description: 'Holdfast: topics of alarms and notices',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    for (const service of ['cloudwatch', 'events']) {
      key.addToResourcePolicy(
        new iam.PolicyStatement({
          principals: [new iam.ServicePrincipal(`${service}.amazonaws.com`)],
          actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
          conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
        }),
      );
    }
    const topic = (name: string): sns.Topic => {
      const made = new sns.Topic(this, name, { masterKey: key, enforceSSL: true });
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
