// An alarm of the stack, followed to whoever subscribed to its topic.
import { CloudWatchClient, DescribeAlarmsCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { eventually } from '../eventually.ts';
import type { Ministack } from './ministack/start.ts';

/** Sets off the alarm on a queue, and answers what a subscriber of its action's topic hears. */
export async function alarmHeard(aws: Ministack, queueUrl: string): Promise<string> {
  const watch = new CloudWatchClient(aws.clientConfig());
  const name = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
  const { MetricAlarms = [] } = await watch.send(new DescribeAlarmsCommand({}));
  const alarm = MetricAlarms.find(({ Dimensions = [] }) => Dimensions.some(({ Value }) => Value === name));
  const TopicArn = alarm?.AlarmActions?.[0];
  if (alarm?.AlarmName === undefined || TopicArn === undefined) throw new Error(`no alarm acts for ${name}`);
  const sqs = new SQSClient(aws.clientConfig());
  const Endpoint = `arn:aws:sqs:${aws.region}:${aws.accountId}:hears-alarms`;
  const allow = { Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'sqs:SendMessage' };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...allow, Resource: Endpoint }] });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'hears-alarms', Attributes: { Policy } }));
  await new SNSClient(aws.clientConfig()).send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint }));
  const state = { AlarmName: alarm.AlarmName, StateValue: 'ALARM', StateReason: 'set by a test' } as const;
  await watch.send(new SetAlarmStateCommand(state));
  return await eventually(async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body, {
    within: 15_000,
    every: 300,
    what: 'the message of the alarm',
  });
}
