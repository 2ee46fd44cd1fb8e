// What CloudFormation is told, where a deployment into an emulator would not notice a mistake: permissions of senders, dead
// letter queues, what stays when the stack goes.
import { describe, expect, it } from 'vitest';
import { tableDefinition, TTL_ATTRIBUTE } from '../../lib/adapters/store/dynamodb-table.ts';
import { functionNames, pascal } from '../../lib/stack/names.ts';
import { everything, type Resource, stackOf, templateFor, templateOf } from '../support/stack/synth.ts';

const usual = templateFor();
const full = templateFor(everything);
const both = [
  ['default', usual],
  ['everything', full],
] as const;

const ofType = (template: typeof usual, type: string): readonly (readonly [id: string, Resource])[] =>
  Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
const idOf = (template: typeof usual, type: string, part: string): string =>
  ofType(template, type).find(([id]) => id.includes(part))?.[0] ?? `no ${type} with ${part}`;
const arnOf = (id: string): object => ({ 'Fn::GetAtt': [id, 'Arn'] });

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Principal?: unknown;
  readonly Resource?: unknown;
  readonly Condition?: unknown;
}
const statementsOf = (policy: unknown): readonly Statement[] =>
  (policy as { readonly Statement: readonly Statement[] }).Statement;

describe.each(both)('queues (%s)', (_name, template) => {
  const queues = ofType(template, 'AWS::SQS::Queue');
  const dead = queues.filter(([id]) => id.includes('DeadLetters'));

  it('of work give up after 5 times into a queue of their own, and are hidden longer than a function runs', () => {
    const work = queues.filter(([id]) => !id.includes('DeadLetters'));
    expect(work.map(([, { Properties }]) => Properties)).toEqual(
      ['Source', 'Reconcile'].map((name) => ({
        SqsManagedSseEnabled: true,
        VisibilityTimeout: 180,
        MessageRetentionPeriod: 345_600,
        RedrivePolicy: {
          deadLetterTargetArn: arnOf(idOf(template, 'AWS::SQS::Queue', `${name}DoorbellDeadLetters`)),
          maxReceiveCount: 5,
        },
      })),
    );
  });

  it('of dead letters keep them for 14 days, and each has an alarm on the first one', () => {
    expect(dead).toHaveLength(3);
    for (const [id, { Properties }] of dead) {
      expect(Properties).toEqual({ SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
      const alarms = ofType(template, 'AWS::CloudWatch::Alarm').filter(([, alarm]) =>
        JSON.stringify(alarm.Properties['Dimensions'] ?? null).includes(`"${id}"`),
      );
      expect(alarms.map(([, alarm]) => alarm.Properties)).toMatchObject([
        { MetricName: 'ApproximateNumberOfMessagesVisible', Threshold: 1, EvaluationPeriods: 1 },
      ]);
    }
  });

  it('refuse what is not encrypted on the way', () => {
    const denied = ofType(template, 'AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) =>
      statementsOf(Properties['PolicyDocument'])
        .filter(
          ({ Effect, Condition }) => Effect === 'Deny' && JSON.stringify(Condition).includes('aws:SecureTransport'),
        )
        .map(() => JSON.stringify(Properties['Queues'])),
    );
    expect(new Set(denied).size).toBe(queues.length);
  });
});

describe.each(both)('events (%s)', (_name, template) => {
  const rules = ofType(template, 'AWS::Events::Rule');
  const eventsDlq = idOf(template, 'AWS::SQS::Queue', 'EventsDeadLetters');
  interface Target {
    readonly Arn: unknown;
    readonly DeadLetterConfig: unknown;
    readonly RetryPolicy: unknown;
  }
  const targets = rules.flatMap(([id, { Properties }]) =>
    (Properties['Targets'] as readonly Target[]).map((target) => ({ rule: id, ...target })),
  );

  it('come from the default bus and, forwarded, from our own', () => {
    const patterns = rules.map(([, { Properties }]) => {
      const { account, ...pattern } = Properties['EventPattern'] as { readonly account: readonly unknown[] };
      expect(account[0]).toEqual({ Ref: 'AWS::AccountId' });
      return { bus: Properties['EventBusName'] === undefined ? 'default' : 'own', ...pattern };
    });
    expect(patterns).toMatchSnapshot();
  });

  it('are only believed from named accounts', () => {
    const accounts = rules.map(([id, { Properties }]) => [
      id.replace(/[0-9A-F]{8}$/, ''),
      (Properties['EventPattern'] as { readonly account: readonly unknown[] }).account.slice(1),
    ]);
    const others = template === full ? ['444455556666'] : [];
    for (const [id, account] of accounts) {
      expect([id, account]).toEqual([id, String(id).includes('Notify') ? [] : others]);
    }
  });

  it('that a target does not take are kept, and EventBridge may put them there', () => {
    expect(targets).toHaveLength(10);
    const allowed = ofType(template, 'AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) =>
      statementsOf(Properties['PolicyDocument']),
    );
    for (const { rule, DeadLetterConfig, RetryPolicy } of targets) {
      expect(DeadLetterConfig).toEqual({ Arn: arnOf(eventsDlq) });
      expect(RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 8 });
      expect(allowed).toContainEqual(
        expect.objectContaining({
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Principal: { Service: 'events.amazonaws.com' },
          Resource: arnOf(eventsDlq),
          Condition: { ArnEquals: { 'aws:SourceArn': arnOf(rule) } },
        }),
      );
    }
  });

  it('may start the function that they are sent to', () => {
    const permissions = ofType(template, 'AWS::Lambda::Permission').map(([, { Properties }]) => Properties);
    for (const { rule, Arn } of targets.filter(({ rule: id }) => !id.includes('Notify'))) {
      expect(permissions).toContainEqual({
        Action: 'lambda:InvokeFunction',
        FunctionName: Arn,
        Principal: 'events.amazonaws.com',
        SourceArn: arnOf(rule),
      });
    }
  });

  it('that a function fails on are kept', () => {
    const configs = ofType(template, 'AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => Properties);
    const usualPatience = { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 2 };
    const tick = { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 };
    expect(configs).toEqual(
      expect.arrayContaining(
        (['Codecommit', 'Image', 'StackEvent', 'Tick'] as const).map((name) => ({
          FunctionName: { Ref: idOf(template, 'AWS::Lambda::Function', name) },
          Qualifier: '$LATEST',
          DestinationConfig: { OnFailure: { Destination: arnOf(eventsDlq) } },
          ...(name === 'Tick' ? tick : usualPatience),
        })),
      ),
    );
    expect(configs).toHaveLength(4);
  });

  it('may come from other accounts only when they are named', () => {
    const policies = ofType(template, 'AWS::Events::EventBusPolicy').map(
      ([, { Properties }]) => Properties['Statement'],
    );
    const expected = {
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Principal: { AWS: { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::444455556666:root']] } },
      Resource: arnOf(idOf(template, 'AWS::Events::EventBus', 'Bus')),
    };
    expect(policies).toEqual(template === full ? [expect.objectContaining(expected)] : []);
  });
});

describe.each(both)('the clock (%s)', (_name, template) => {
  it('starts the tick every minute with a role that can do nothing else, and keeps what failed', () => {
    const tick = arnOf(idOf(template, 'AWS::Lambda::Function', 'Tick'));
    const dlq = arnOf(idOf(template, 'AWS::SQS::Queue', 'EventsDeadLetters'));
    const role = idOf(template, 'AWS::IAM::Role', 'ScheduleRole');
    const [schedule] = ofType(template, 'AWS::Scheduler::Schedule');
    expect(schedule?.[1].Properties).toMatchObject({
      ScheduleExpression: 'rate(1 minute)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: { Arn: tick, RoleArn: arnOf(role), DeadLetterConfig: { Arn: dlq } },
    });
    const { AssumeRolePolicyDocument: trust, Policies } = template.Resources[role]!.Properties;
    expect(statementsOf(trust)).toMatchObject([
      {
        Principal: { Service: 'scheduler.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
    const [policy] = Policies as readonly { readonly PolicyDocument: unknown }[];
    expect(statementsOf(policy?.PolicyDocument)).toMatchObject([
      { Action: 'lambda:InvokeFunction', Resource: tick },
      { Action: 'sqs:SendMessage', Resource: dlq },
    ]);
  });

  it('is missed after 5 minutes', () => {
    const alarm = template.Resources[idOf(template, 'AWS::CloudWatch::Alarm', 'NoTick')];
    expect(alarm?.Properties).toMatchObject({
      Namespace: 'Holdfast',
      MetricName: 'TickCompleted',
      Dimensions: [
        { Name: 'installation', Value: template === full ? 'team-a' : 'holdfast' },
        { Name: 'service', Value: 'tick' },
      ],
      Period: 60,
      EvaluationPeriods: 5,
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
    });
  });

  it('every alarm tells people, and CloudWatch may', () => {
    const topic = { Ref: idOf(template, 'AWS::SNS::Topic', 'Alarms') };
    const alarms = ofType(template, 'AWS::CloudWatch::Alarm');
    expect(alarms.length).toBe(3 + 2 * functionNames.length + 2);
    for (const [, { Properties }] of alarms) {
      expect(Properties).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    }
    const policies = ofType(template, 'AWS::SNS::TopicPolicy').flatMap(([, { Properties }]) =>
      statementsOf(Properties['PolicyDocument']),
    );
    expect(policies).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Resource: topic,
      }),
    );
    expect(policies).toContainEqual(
      expect.objectContaining({
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'events.amazonaws.com' },
        Resource: { Ref: idOf(template, 'AWS::SNS::Topic', 'Notices') },
      }),
    );
    for (const [, { Properties }] of ofType(template, 'AWS::SNS::Topic')) {
      expect(Properties).toHaveProperty('KmsMasterKeyId');
    }
  });
});

describe('function URLs', () => {
  const url = (part: string): unknown => usual.Resources[idOf(usual, 'AWS::Lambda::Url', part)]?.Properties['AuthType'];
  const permissions = ofType(usual, 'AWS::Lambda::Permission')
    .map(([, { Properties }]) => Properties)
    .filter(({ Principal }) => Principal === '*');

  it('are open for webhooks, with both permissions that this needs, and nothing but them', () => {
    expect(url('Webhook')).toBe('NONE');
    const fn = arnOf(idOf(usual, 'AWS::Lambda::Function', 'Webhook'));
    expect(permissions).toEqual([
      { Action: 'lambda:InvokeFunctionUrl', FunctionName: fn, FunctionUrlAuthType: 'NONE', Principal: '*' },
      { Action: 'lambda:InvokeFunction', FunctionName: fn, InvokedViaFunctionUrl: true, Principal: '*' },
    ]);
  });

  it('ask for AWS credentials for the API', () => {
    expect(url('Api')).toBe('AWS_IAM');
  });
});

describe('doorbells', () => {
  it('answer for each message of a batch, and never take all of the account', () => {
    const mappings = ofType(usual, 'AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
    expect(mappings).toEqual([
      expect.objectContaining({
        BatchSize: 5,
        ScalingConfig: { MaximumConcurrency: 8 },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        EventSourceArn: arnOf(idOf(usual, 'AWS::SQS::Queue', 'ReconcileDoorbellQueue')),
      }),
      expect.objectContaining({
        BatchSize: 1,
        ScalingConfig: { MaximumConcurrency: 4 },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        EventSourceArn: arnOf(idOf(usual, 'AWS::SQS::Queue', 'SourceDoorbellQueue')),
      }),
    ]);
  });
});

describe('state', () => {
  it('has names in the template that never change, and stays when the stack goes', () => {
    const kept = Object.entries(usual.Resources).filter(([, resource]) => resource.DeletionPolicy === 'Retain');
    expect(kept.every(([, resource]) => resource.UpdateReplacePolicy === 'Retain')).toBe(true);
    // Another id is another resource: the installation would forget everything. Never change this list.
    expect(kept.map(([id, { Type }]) => `${Type} ${id}`).toSorted()).toMatchInlineSnapshot(`
      [
        "AWS::DynamoDB::Table HoldfastStateTable5556E7F3",
        "AWS::S3::Bucket HoldfastStateBucketA6AD53C2",
        "AWS::SecretsManager::Secret HoldfastStateGitSecret9FB3539E",
        "AWS::SecretsManager::Secret HoldfastStateKeySecretE901A3EE",
        "AWS::SecretsManager::Secret HoldfastStateWebhookSecret95AC8BD8",
      ]
    `);
    expect(Object.keys(full.Resources)).toEqual(expect.arrayContaining(kept.map(([id]) => id)));
  });

  it('is one table, as the store wants it', () => {
    const [table] = ofType(usual, 'AWS::DynamoDB::Table');
    const { AttributeDefinitions, ...definition } = tableDefinition;
    expect(table?.[1].Properties).toEqual({
      ...definition,
      AttributeDefinitions: expect.arrayContaining([...AttributeDefinitions]),
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('is one bucket: versioned, encrypted, closed', () => {
    const [bucket] = ofType(usual, 'AWS::S3::Bucket');
    expect(bucket?.[1].Properties).toMatchInlineSnapshot(`
      {
        "BucketEncryption": {
          "ServerSideEncryptionConfiguration": [
            {
              "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "AES256",
              },
            },
          ],
        },
        "LifecycleConfiguration": {
          "Rules": [
            {
              "AbortIncompleteMultipartUpload": {
                "DaysAfterInitiation": 1,
              },
              "ExpiredObjectDeleteMarker": true,
              "Id": "forget-what-was-replaced-or-removed",
              "NoncurrentVersionExpiration": {
                "NoncurrentDays": 30,
              },
              "Status": "Enabled",
            },
          ],
        },
        "OwnershipControls": {
          "Rules": [
            {
              "ObjectOwnership": "BucketOwnerEnforced",
            },
          ],
        },
        "PublicAccessBlockConfiguration": {
          "BlockPublicAcls": true,
          "BlockPublicPolicy": true,
          "IgnorePublicAcls": true,
          "RestrictPublicBuckets": true,
        },
        "VersioningConfiguration": {
          "Status": "Enabled",
        },
      }
    `);
  });

  it('is encrypted with the key that is given', () => {
    const key = everything.encryptionKeyArn;
    const uses = (type: string, part: string): string =>
      JSON.stringify(full.Resources[idOf(full, type, part)]?.Properties);
    expect(uses('AWS::S3::Bucket', 'Bucket')).toContain(key);
    expect(uses('AWS::DynamoDB::Table', 'Table')).toContain(key);
    for (const part of ['KeySecret', 'WebhookSecret', 'GitSecret']) {
      expect(uses('AWS::SecretsManager::Secret', part)).toContain(key);
    }
  });
});

describe('names', () => {
  it('that are given begin with the prefix, so that two installations live in one account', () => {
    const named = /^(?:\w*Name|Name)$/;
    const fixed = Object.entries(full.Resources).flatMap(([, { Type, Properties }]) =>
      Object.entries(Properties)
        .filter(
          ([key, value]) => named.test(key) && typeof value === 'string' && !/^(?:MetricName|PolicyName)$/.test(key),
        )
        .map(([key, value]) => `${Type} ${key} ${String(value)}`),
    );
    expect(fixed.filter((one) => !/ (?:team-a|com\.amazonaws)/.test(one))).toEqual([]);
    expect(fixed.filter((one) => one.includes('team-a')).toSorted()).toEqual([
      'AWS::Events::EventBus Name team-a',
      'AWS::SecretsManager::Secret Name team-a/git',
      'AWS::SecretsManager::Secret Name team-a/key',
      'AWS::SecretsManager::Secret Name team-a/webhook',
    ]);
  });

  it('of outputs are those that the command line reads', () => {
    expect(
      Object.keys(usual.Outputs)
        .filter((name) => !name.startsWith('Export'))
        .toSorted(),
    ).toEqual(
      [
        ...['Installation', 'ApiUrl', 'WebhookUrl', 'TableName', 'BucketName', 'BusName'],
        ...['KeySecretArn', 'WebhookSecretArn', 'GitSecretArn', 'ReconcileRoleArn', 'SourceRoleArn'],
        ...['SourceQueueUrl', 'ReconcileQueueUrl', 'SourceDlqUrl', 'ReconcileDlqUrl', 'EventsDlqUrl'],
        ...functionNames.map((name) => `${pascal(name)}Function`),
      ].toSorted(),
    );
  });
});

describe('a network', () => {
  it('is for reconcile only, and its endpoints are made when asked for', () => {
    const inside = ofType(full, 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties['VpcConfig'] !== undefined,
    );
    expect(inside.map(([id]) => id)).toEqual([idOf(full, 'AWS::Lambda::Function', 'Reconcile')]);
    expect(ofType(full, 'AWS::EC2::VPCEndpoint')).toHaveLength(9);
    expect(ofType(usual, 'AWS::EC2::VPCEndpoint')).toEqual([]);
    expect(full.Outputs['InterfaceEndpointsMonthlyPrice']?.Value).toBe('102.20 USD');
  });

  it('opens no port', () => {
    const groups = ofType(full, 'AWS::EC2::SecurityGroup').map(([, { Properties }]) => Properties);
    expect(groups.map((group) => group['SecurityGroupIngress'] ?? [])).toMatchObject([
      [],
      [{ FromPort: 443, ToPort: 443, SourceSecurityGroupId: {} }],
    ]);
    expect(JSON.stringify(groups)).not.toContain('"-1"');
  });
});

describe('the CDK itself', () => {
  it('finds nothing wrong with the template', () => {
    const { app, stack } = stackOf(everything, { validate: true });
    expect(Object.keys(templateOf(stack).Resources).length).toBeGreaterThan(100);
    expect(() => app.synth()).not.toThrow();
  });

  it('puts the boundary on every role', () => {
    const roles = ofType(full, 'AWS::IAM::Role').map(([, { Properties }]) => Properties['PermissionsBoundary']);
    expect(roles).toHaveLength(functionNames.length + 1);
    expect(new Set(roles)).toEqual(new Set([everything.permissionsBoundary]));
  });
});
