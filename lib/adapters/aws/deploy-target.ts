// Makes or updates the stack that gives a target its role, and waits for its end.
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../../core/errors.ts';
import { callerError, readThrown } from './caller-errors.ts';
import { type AwsSession, describeStack } from './stack-api.ts';

export interface TargetDeployment {
  readonly session: AwsSession;
  /** Name of the stack. */
  readonly name: string;
  /** Template as text. */
  readonly template: string;
}

const deadlineMs = 15 * 60_000;
const everyMs = 3_000;

/** `CREATE_COMPLETE`, `UPDATE_COMPLETE` or `unchanged`. Throws `StackOperationFailed`, `Timeout` and what `callerError` gives. */
export async function deployTarget({ session, name, template }: TargetDeployment): Promise<string> {
  const client = new CloudFormationClient({ region: session.region, credentials: session.credentials, maxAttempts: 3 });
  const input = { StackName: name, TemplateBody: template, Capabilities: ['CAPABILITY_NAMED_IAM' as const] };
  const exists = (await describeStack(session, name)) !== undefined;
  try {
    await (exists ? client.send(new UpdateStackCommand(input)) : client.send(new CreateStackCommand(input)));
    return await settled(client, name);
  } catch (error) {
    if (/No updates are to be performed/.test(readThrown(error).message)) return 'unchanged';
    throw callerError(error, exists ? 'cloudformation:UpdateStack' : 'cloudformation:CreateStack');
  } finally {
    client.destroy();
  }
}

async function settled(client: CloudFormationClient, name: string): Promise<string> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const stack = (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
    const status = stack?.StackStatus ?? '';
    if (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE') return status;
    if (!status.endsWith('_IN_PROGRESS'))
      throw new HoldfastError({
        code: 'StackOperationFailed',
        source: 'user',
        message: `Stack ${name} is ${status}`,
        ...(stack?.StackStatusReason === undefined ? {} : { reason: stack.StackStatusReason }),
        next: `aws cloudformation describe-stack-events --stack-name ${name}`,
      });
    if (performance.now() > end)
      throw new HoldfastError({ code: 'Timeout', source: 'remote', message: `Stack ${name} is still ${status}` });
    await sleep(everyMs);
  }
}
