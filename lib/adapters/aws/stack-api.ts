// An installation on AWS as the command line sees it: its stack found by name, and its API called with the caller's credentials.
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import { nearest } from '../../core/config/nearest.ts';
import { HoldfastError } from '../../core/errors.ts';
import { callerError, readThrown } from './caller-errors.ts';
import type { CredentialProvider } from './credentials.ts';
import { callFunctionUrl } from './function-url.ts';

/** Who calls, and where: as AWS_PROFILE, AWS_REGION and their like say. */
export interface AwsSession {
  readonly region: string;
  readonly credentials: CredentialProvider;
}

/** A deployed installation. */
export interface InstallationStack {
  readonly name: string;
  /** ARN of the stack. */
  readonly id: string;
  readonly region: string;
  /** `CREATE_COMPLETE`, … */
  readonly status: string;
  readonly statusReason?: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface StackAnswer {
  readonly status: number;
  /** Parsed JSON; undefined when the answer is none. */
  readonly json: unknown;
}

/** The API of an installation. */
export interface StackApi {
  readonly stack: InstallationStack;
  call(method: 'GET' | 'POST' | 'PUT', route: string, body?: object): Promise<StackAnswer>;
}

/** What a stack must have to be an installation. */
const needed = ['Installation', 'ApiUrl'] as const;
const timeoutMs = 35_000;

/** Credentials and region of the caller. Throws `AwsRegionMissing`, `AwsCredentials`. */
export async function openSession(): Promise<AwsSession> {
  const client = new CloudFormationClient({ credentials: defaultProvider() });
  try {
    const region = await client.config.region();
    const credentials = defaultProvider({ clientConfig: { region } });
    await credentials();
    return { region, credentials };
  } catch (error) {
    throw callerError(error, 'sts:GetCallerIdentity');
  } finally {
    client.destroy();
  }
}

/** The stack of that name, or undefined. Throws what `callerError` gives. */
export async function describeStack(session: AwsSession, name: string): Promise<InstallationStack | undefined> {
  const client = clientOf(session);
  try {
    const answer = await client.send(new DescribeStacksCommand({ StackName: name }));
    const stack = answer.Stacks?.[0];
    return stack === undefined ? undefined : viewOf(stack, session.region);
  } catch (error) {
    const { name: kind, message } = readThrown(error);
    if (kind === 'ValidationError' && /does not exist/.test(message)) return undefined;
    throw callerError(error, 'cloudformation:DescribeStacks');
  } finally {
    client.destroy();
  }
}

/** Every installation of the account and region. */
async function installations(session: AwsSession): Promise<readonly InstallationStack[]> {
  const client = clientOf(session);
  const found: InstallationStack[] = [];
  try {
    let token: string | undefined;
    do {
      const answer = await client.send(new DescribeStacksCommand({ NextToken: token }));
      found.push(...(answer.Stacks ?? []).map((stack) => viewOf(stack, session.region)));
      token = answer.NextToken;
    } while (token !== undefined && token !== '');
  } catch {
    // Only for a better hint: without the right to list there is none.
    return [];
  } finally {
    client.destroy();
  }
  return found.filter((stack) => needed.every((name) => (stack.outputs[name] ?? '') !== ''));
}

/** The installation of that name. Throws `StackNotFound`, `StackNotHoldfast`, `StackNotReady`. */
export async function findStack(session: AwsSession, name: string): Promise<InstallationStack> {
  const stack = await describeStack(session, name);
  if (stack === undefined) throw await notFound(session, name);
  const lacking = needed.filter((output) => (stack.outputs[output] ?? '') === '');
  if (lacking.length === 0) return stack;
  if (/_IN_PROGRESS$|ROLLBACK|FAILED/.test(stack.status) && Object.keys(stack.outputs).length === 0)
    throw new HoldfastError({
      code: 'StackNotReady',
      source: 'user',
      message: `Stack ${name} is ${stack.status} and has no outputs yet`,
      ...(stack.statusReason === undefined ? {} : { reason: stack.statusReason }),
      next: stack.status.endsWith('_IN_PROGRESS') ? 'Wait until it is deployed' : 'npx cdk deploy says what failed',
    });
  throw new HoldfastError({
    code: 'StackNotHoldfast',
    source: 'user',
    message: `Stack ${name} is no installation of Holdfast: it has no output ${lacking.join(' and no output ')}`,
    next: await hint(session, name),
  });
}

async function notFound(session: AwsSession, name: string): Promise<HoldfastError> {
  return new HoldfastError({
    code: 'StackNotFound',
    source: 'user',
    message: `There is no stack ${JSON.stringify(name)} in ${session.region}`,
    next: await hint(session, name),
  });
}

async function hint(session: AwsSession, name: string): Promise<string> {
  const names = (await installations(session)).map((stack) => stack.name).filter((one) => one !== name);
  if (names.length === 0) return 'npx cdk deploy, or another AWS_REGION or AWS_PROFILE';
  const near = nearest(name, names) ?? (names.length === 1 ? names[0] : undefined);
  return near === undefined ? `--stack with one of: ${names.slice(0, 10).join(', ')}` : `Did you mean --stack ${near}?`;
}

/** Speaks to the API of a stack. Throws `ApiForbidden`, `ApiThrottled`, `ApiUnavailable`, `ApiUnreachable`. */
export function stackApi(session: AwsSession, stack: InstallationStack): StackApi {
  const base = stack.outputs['ApiUrl'] ?? '';
  return {
    stack,
    call: async (method, route, body) => {
      const answer = await callFunctionUrl({
        url: new URL(route, base),
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        headers: { accept: 'application/json' },
        credentials: session.credentials,
        timeoutMs,
      });
      const json = parse(answer.text);
      // Answers of our own carry a stable code; without one it is Lambda itself that speaks.
      if (!hasCode(json)) refuseForLambda(answer.status, stack, answer.text);
      return { status: answer.status, json };
    },
  };
}

function refuseForLambda(status: number, stack: InstallationStack, text: string): void {
  const name = stack.outputs['ApiFunction'] ?? 'the api function';
  const reason = text.slice(0, 300);
  if (status === 401 || status === 403)
    throw new HoldfastError({
      code: 'ApiForbidden',
      source: 'user',
      message: `These AWS credentials may not call the API of stack ${stack.name}`,
      reason,
      next: `Allow lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function ${name}`,
    });
  if (status === 429)
    throw new HoldfastError({
      code: 'ApiThrottled',
      source: 'remote',
      message: `The API of stack ${stack.name} has more calls than it may answer at once`,
      retryable: true,
      reason,
      next: 'Try again in a minute',
    });
  if (status >= 500)
    throw new HoldfastError({
      code: 'ApiUnavailable',
      source: 'remote',
      message: `The API of stack ${stack.name} failed (${status})`,
      retryable: true,
      next: `Try again; the log group of ${name} says why`,
    });
}

function hasCode(json: unknown): boolean {
  return typeof json === 'object' && json !== null && 'code' in json;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function clientOf(session: AwsSession): CloudFormationClient {
  return new CloudFormationClient({ region: session.region, credentials: session.credentials, maxAttempts: 3 });
}

function viewOf(stack: Stack, region: string): InstallationStack {
  const reason = stack.StackStatusReason;
  return {
    name: stack.StackName ?? '',
    id: stack.StackId ?? '',
    region,
    status: stack.StackStatus ?? '',
    ...(reason === undefined || reason === '' ? {} : { statusReason: reason }),
    outputs: Object.fromEntries((stack.Outputs ?? []).map((one) => [one.OutputKey ?? '', one.OutputValue ?? ''])),
  };
}
