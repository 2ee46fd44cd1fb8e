// The functions of a deployment from outside: their processes, their logs, and a call of one.
import { readdir, readFile } from 'node:fs/promises';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  GetLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Ministack } from './ministack/start.ts';

/** Process ids of a function's workers: children of the emulator whose environment names the function. */
export async function workersOf(aws: Ministack, functionName: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [stat, environ] = await Promise.all([
        readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      ]);
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const ours = parent === aws.pid && environ.split('\0').includes(`AWS_LAMBDA_FUNCTION_NAME=${functionName}`);
      return ours ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** Ends all workers of a function at once, as a machine that goes away does. */
export async function killWorkers(aws: Ministack, functionName: string): Promise<number> {
  const pids = await workersOf(aws, functionName);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}

/** Everything that functions have logged, by log group. */
export async function functionLogs(aws: Ministack): Promise<Readonly<Record<string, string>>> {
  const client = new CloudWatchLogsClient(aws.clientConfig());
  const { logGroups = [] } = await client.send(new DescribeLogGroupsCommand({}));
  const texts: Record<string, string> = {};
  for (const { logGroupName } of logGroups) {
    if (logGroupName === undefined) continue;
    const { logStreams = [] } = await client.send(new DescribeLogStreamsCommand({ logGroupName }));
    const lines: string[] = [];
    for (const { logStreamName } of logStreams) lines.push(...(await streamOf(client, logGroupName, logStreamName)));
    texts[logGroupName] = lines.join('\n');
  }
  return texts;
}

async function streamOf(client: CloudWatchLogsClient, logGroupName: string, logStreamName: string | undefined) {
  const lines: string[] = [];
  for (let nextToken: string | undefined; ; ) {
    const page = await client.send(
      new GetLogEventsCommand({ logGroupName, logStreamName, startFromHead: true, nextToken }),
    );
    lines.push(...(page.events ?? []).map(({ message = '' }) => message));
    if (page.nextForwardToken === undefined || page.nextForwardToken === nextToken) return lines;
    nextToken = page.nextForwardToken;
  }
}

/** Lines of one function, found by the construct's name in its log group, such as `Reconcile`. */
export async function logOf(aws: Ministack, construct: string): Promise<string> {
  const logs = await functionLogs(aws);
  return Object.entries(logs)
    .filter(([group]) => group.includes(construct))
    .map(([, text]) => text)
    .join('\n');
}

/** Calls a function and waits for its answer. */
export async function invoke(aws: Ministack, functionName: string | undefined, payload: unknown = {}): Promise<string> {
  const client = new LambdaClient(aws.clientConfig());
  const { Payload } = await client.send(
    new InvokeCommand({ FunctionName: functionName, Payload: new TextEncoder().encode(JSON.stringify(payload)) }),
  );
  return new TextDecoder().decode(Payload);
}

/** Hands an event to a function as EventBridge does: it is tried again, and kept when all tries failed. */
export async function sendEvent(aws: Ministack, functionName: string | undefined, event: unknown): Promise<void> {
  const Payload = new TextEncoder().encode(JSON.stringify(event));
  const client = new LambdaClient(aws.clientConfig());
  await client.send(new InvokeCommand({ FunctionName: functionName, InvocationType: 'Event', Payload }));
}

/** The first message that is seen in a queue; undefined when none is there now. */
export async function seenIn(aws: Ministack, queueUrl: string | undefined): Promise<string | undefined> {
  const client = new SQSClient(aws.clientConfig());
  const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl }));
  return Messages[0]?.Body;
}

/** How long a message that was not handled stays out of sight; what is taken before keeps the time it had. */
export async function visibility(aws: Ministack, queueUrl: string | undefined, seconds: number): Promise<void> {
  const Attributes = { VisibilityTimeout: String(seconds) };
  await new SQSClient(aws.clientConfig()).send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes }));
}

/**
 * Where a secret stands in a log, as `log group: kind of secret`: the installation's own, those of every worker's session,
 * signatures of addresses, and `more`.
 */
export async function secretsInLogs(
  aws: Ministack,
  outputs: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const secrets = new Map<string, string>([
    ['a signature of an address', 'X-Amz-Signature='],
    ...more.map((value, at): [string, string] => [`given ${at}`, value]),
    ...(await sessionSecrets(aws, outputs)),
  ]);
  const client = new SecretsManagerClient(aws.clientConfig());
  for (const output of ['KeySecretArn', 'WebhookSecretArn', 'GitSecretArn']) {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: outputs[output] }));
    for (const [at, value] of valuesIn(SecretString).entries()) secrets.set(`${output} ${at}`, value);
  }
  const logs = Object.entries(await functionLogs(aws));
  if (logs.every(([, text]) => text === '')) return ['nothing was logged, so nothing was searched'];
  return [...secrets].flatMap(([kind, value]) =>
    logs.flatMap(([group, text]) => (text.includes(value) ? [`${group}: ${kind}`] : [])),
  );
}

/** The texts that a secret holds, deep in its JSON; short ones are no secrets. */
function valuesIn(secret: string): readonly string[] {
  try {
    const texts: string[] = [];
    JSON.parse(secret, (_key, value: unknown) => {
      if (typeof value === 'string' && value.length > 8) texts.push(value);
      return value;
    });
    return texts;
  } catch {
    return [secret];
  }
}

async function sessionSecrets(aws: Ministack, outputs: Readonly<Record<string, string>>) {
  const found: [string, string][] = [];
  for (const [output, name] of Object.entries(outputs)) {
    if (!output.endsWith('Function')) continue;
    for (const pid of await workersOf(aws, name)) {
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      for (const variable of environ.split('\0')) {
        const [, kind, value = ''] = /^(AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN)=(.+)$/.exec(variable) ?? [];
        if (kind !== undefined && value.length > 8) found.push([`${kind} of ${name} ${pid}`, value]);
      }
    }
  }
  return found;
}
