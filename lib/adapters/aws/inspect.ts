// What `holdfast doctor` asks of AWS beside the stack itself: who calls, the clock, the network of a function. Nothing is changed.
import { callerError } from './caller-errors.ts';
import { partitionOf, stsHost } from './partition.ts';
import { signedPost } from './sign.ts';
import type { AwsSession } from './stack-api.ts';
import { askSts } from './sts.ts';

const timeoutMs = 10_000;

/** ARN of the caller. Throws `AwsCredentials`. */
export async function callerArn(session: AwsSession): Promise<string> {
  const reply = await askSts({
    region: session.region,
    credentials: await session.credentials(),
    action: 'GetCallerIdentity',
    parameters: {},
    object: 'the caller',
  });
  const arn = reply.text('Arn');
  if (reply.ok && arn !== undefined) return arn;
  const refusal = Object.assign(new Error(reply.text('Message') ?? 'refused'), {
    name: reply.text('Code') ?? '',
    $metadata: { httpStatusCode: 400 },
  });
  throw callerError(refusal, 'sts:GetCallerIdentity');
}

/** Milliseconds that this machine's clock is ahead of AWS's; undefined when AWS does not tell. */
export async function clockOffset(region: string, now: () => number): Promise<number | undefined> {
  const url = endpoint('STS') ?? `https://${stsHost(region)}/`;
  try {
    const response = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    const date = Date.parse(response.headers.get('date') ?? '');
    // The header has whole seconds: on average the half of one has passed.
    return Number.isNaN(date) ? undefined : now() - date - 500;
  } catch {
    return undefined;
  }
}

export interface FunctionNetwork {
  readonly vpc: string;
  readonly subnets: readonly string[];
}

/** Where a function is; undefined when it is in no VPC. Throws what `callerError` gives. */
export async function functionNetwork(session: AwsSession, name: string): Promise<FunctionNetwork | undefined> {
  const { LambdaClient, GetFunctionConfigurationCommand } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient({ region: session.region, credentials: session.credentials });
  try {
    const { VpcConfig } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    const vpc = VpcConfig?.VpcId ?? '';
    return vpc === '' ? undefined : { vpc, subnets: VpcConfig?.SubnetIds ?? [] };
  } catch (error) {
    throw callerError(error, 'lambda:GetFunctionConfiguration');
  } finally {
    client.destroy();
  }
}

/** Services of AWS that a VPC has an endpoint for, and whether it has a NAT gateway. Throws what `callerError` gives. */
export async function vpcWays(
  session: AwsSession,
  vpc: string,
): Promise<{ readonly services: readonly string[]; readonly nat: boolean }> {
  const endpoints = await ec2(session, 'DescribeVpcEndpoints', vpc);
  const gateways = await ec2(session, 'DescribeNatGateways', vpc);
  const services = [...endpoints.matchAll(/<serviceName>[^<]*\.([a-z0-9-]+)<\/serviceName>/g)].map(
    ([, name = '']) => name,
  );
  return { services, nat: /<state>available<\/state>/.test(gateways) };
}

/** EC2 is asked two questions: not worth a client of its own. */
async function ec2(session: AwsSession, action: string, vpc: string): Promise<string> {
  const { region } = session;
  const url = new URL(endpoint('EC2') ?? `https://ec2.${region}.${partitionOf(region).dnsSuffix}/`);
  const body = new URLSearchParams({
    Action: action,
    Version: '2016-11-15',
    'Filter.1.Name': 'vpc-id',
    'Filter.1.Value.1': vpc,
  }).toString();
  const scope = { region, service: 'ec2', credentials: await session.credentials(), now: new Date() };
  const contentType = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const { host: _host, ...headers } = await signedPost({ url, body, headers: contentType }, scope);
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: unknown) => {
      throw callerError(error, `ec2:${action}`);
    },
  );
  const text = await response.text();
  if (response.ok) return text;
  const name = /<Code>([^<]+)<\/Code>/.exec(text)?.[1] ?? '';
  const message = /<Message>([^<]+)<\/Message>/.exec(text)?.[1] ?? '';
  throw callerError(
    Object.assign(new Error(message), { name, $metadata: { httpStatusCode: response.status } }),
    `ec2:${action}`,
  );
}

function endpoint(service: 'STS' | 'EC2'): string | undefined {
  return [process.env[`AWS_ENDPOINT_URL_${service}`], process.env['AWS_ENDPOINT_URL']].find(
    (one) => one !== undefined && one !== '',
  );
}
