// What people do with a deployed installation: they push to its repository, ask the command line, and change things by hand.
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { AppStatus, StatusDocument } from '../../../lib/web/views.ts';
import { eventually } from '../eventually.ts';
import { commitAll, git, workTree, writeFiles } from '../git.ts';
import { kubectl } from '../real/kubectl.ts';
import type { Deployment } from './deployment.ts';
import type { Ministack } from './ministack/start.ts';

/** What a command writes to stdout. Throws with all it wrote when it ends with another code than `wanted`. */
export async function run(on: Pick<Deployment, 'cli'>, args: readonly string[], wanted = 0): Promise<string> {
  const { code, output, stdout } = await on.cli(...args);
  if (code !== wanted) throw new Error(`holdfast ${args.join(' ')} ended with ${code}: ${output}`);
  return stdout;
}

/** What a command answers with `-o json`. Throws as `run` does. */
export async function ask<T>(on: Pick<Deployment, 'cli'>, args: readonly string[], wanted = 0): Promise<T> {
  return JSON.parse(await run(on, [...args, '-o', 'json'], wanted)) as T;
}

/** Waits until every application is as `fits` wants it; answers their status. */
export async function untilApps(
  on: Pick<Deployment, 'cli'>,
  fits: (apps: readonly AppStatus[]) => boolean,
  { stack = 'Holdfast', within = 120_000, what = 'the applications' } = {},
): Promise<readonly AppStatus[]> {
  return await eventually(
    async () => {
      const { apps, problems } = await ask<StatusDocument>(on, ['status', '--stack', stack]);
      if (!fits(apps)) throw new Error(JSON.stringify({ apps, problems }, undefined, 1));
      return apps;
    },
    { within, every: 500, what },
  );
}

/** Whether so many applications are synced at a revision. */
export const allAt =
  (revision: string, count: number) =>
  (apps: readonly AppStatus[]): boolean =>
    apps.length === count && apps.every((app) => app.sync === 'Synced' && app.revision === revision);

/** A person's copy of the root repository. */
export interface WorkCopy {
  readonly directory: string;
  /** Commits what is given, pushes it; answers the commit. */
  push(files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  /** Fetches what others pushed; answers the commit. */
  pull(): Promise<string>;
}

/** A new one; its first push makes the branch `main`. */
export function workCopy(directory: string, remote: string): WorkCopy {
  let begun = false;
  return {
    directory,
    push: async (files, message = 'change') => {
      if (begun) writeFiles(directory, files);
      const head = begun ? await commitAll(directory, message) : await workTree(directory, files);
      begun = true;
      await git(directory, 'push', '-q', remote, 'main');
      return head;
    },
    pull: async () => {
      await git(directory, 'pull', '-q', '--ff-only', remote, 'main');
      return await git(directory, 'rev-parse', 'HEAD');
    },
  };
}

/** What kubectl gets as JSON. Throws when it refuses. */
export async function kubeGet<T>(on: Pick<Deployment, 'plane'>, ...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await kubectl(on.plane.kubeconfig, ['get', ...args, '-o', 'json']);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as T;
}

/** kubectl as an administrator uses it. Throws when it refuses. */
export async function kube(on: Pick<Deployment, 'plane'>, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(on.plane.kubeconfig, args);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** An event as a rule's target gets it. */
export interface BusEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Listens to a bus with a rule and a queue of its own. The answer waits for an event that fits, among all that came. */
export async function listenTo(
  aws: Ministack,
  bus: string,
): Promise<(what: string, fits: (event: BusEvent) => boolean, within?: number) => Promise<BusEvent>> {
  const events = new EventBridgeClient(aws.clientConfig());
  const sqs = new SQSClient(aws.clientConfig());
  const name = `heard-on-${bus}`;
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
  const EventPattern = JSON.stringify({ source: ['holdfast'] });
  await events.send(new PutRuleCommand({ Name: name, EventBusName: bus, EventPattern }));
  const Arn = `arn:aws:sqs:${aws.region}:${aws.accountId}:${name}`;
  await events.send(new PutTargetsCommand({ Rule: name, EventBusName: bus, Targets: [{ Id: 'queue', Arn }] }));
  const heard: BusEvent[] = [];
  return async (what, fits, within = 150_000) =>
    await eventually(
      async () => {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        heard.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as BusEvent));
        const found = heard.find(fits);
        if (found === undefined) throw new Error(`heard: ${JSON.stringify(heard)}`);
        return found;
      },
      { within, every: 300, what },
    );
}

/** Lines that a function of the stack has logged and that hold a text. */
export async function loggedLines(on: Deployment, output: string, text: string): Promise<readonly string[]> {
  const { role: _role, logGroup } = await functionOf(on, output);
  const logs = new CloudWatchLogsClient(on.aws.clientConfig());
  const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: logGroup }));
  return events.map(({ message = '' }) => message).filter((line) => line.includes(text));
}

/** Role and log group of a function, by the output of the stack that names it. */
export async function functionOf(
  on: Deployment,
  output: string,
): Promise<{ readonly role: string; readonly logGroup: string; readonly env: Readonly<Record<string, string>> }> {
  const command = new GetFunctionConfigurationCommand({ FunctionName: on.outputs[output] });
  const found = await new LambdaClient(on.aws.clientConfig()).send(command);
  return {
    role: found.Role ?? '',
    logGroup: found.LoggingConfig?.LogGroup ?? '',
    env: found.Environment?.Variables ?? {},
  };
}
