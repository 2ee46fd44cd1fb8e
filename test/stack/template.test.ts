// What CloudFormation is told, where a deployment into an emulator would not notice a mistake: permissions of senders, dead
// letter queues, what stays when the stack goes.
import counts from '../../lib/core/cost/counts.json' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../lib/stack/names.ts';
import { everything, idOf, ofType, templateFor } from '../support/stack/synth.ts';

const usual = templateFor();
const full = templateFor(everything);
const both = [
  ['default', usual],
  ['everything', full],
] as const;

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
      expect(alarms[0]?.[1].Properties['AlarmDescription']).toContain('holdfast dlq list');
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
    expect(policies).toMatchObject(template === full ? [expected] : []);
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
    // Dead letters, errors of each, throttling of the two that somebody calls, ticks and pushes, work that always fails.
    expect(alarms.length).toBe(3 + functionNames.length + 2 + 2 + 2);
    // What `holdfast cost` counts.
    expect(alarms.length).toBe(counts.fixed.alarms);
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
    // The rules publish with a role of their own: as a right of the service, it would be one of every account's rules.
    expect(policies.filter(({ Effect }) => Effect === 'Allow')).toHaveLength(1);
    const notices = { Ref: idOf(template, 'AWS::SNS::Topic', 'Notices') };
    const targets = ofType(template, 'AWS::Events::Rule')
      .flatMap(([, { Properties }]) => Properties['Targets'] as readonly Readonly<Record<string, unknown>>[])
      .filter(({ Arn }) => JSON.stringify(Arn) === JSON.stringify(notices));
    expect(targets).toHaveLength(2);
    const RoleArn = { 'Fn::GetAtt': [idOf(template, 'AWS::IAM::Role', 'Tell'), 'Arn'] };
    for (const target of targets) expect(target).toMatchObject({ RoleArn });
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
