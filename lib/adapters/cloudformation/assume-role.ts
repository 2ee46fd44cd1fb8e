// Credentials of a role: AssumeRole of the security token service, asked with the credentials at hand, renewed in time.
import { createHash, createHmac } from 'node:crypto';
import { CloudFormationClient, type CloudFormationClientConfig } from '@aws-sdk/client-cloudformation';
import { HoldfastError } from '../../core/errors.ts';

export interface AssumeRoleOptions {
  readonly roleArn: string;
  readonly region: string;
  /** Shown in CloudTrail; letters, digits and `=,.@-`, at most 64. */
  readonly sessionName: string;
  /** Another endpoint than the region's own. */
  readonly endpoint?: string;
  /** Credentials to ask with; the SDK's default chain when absent. */
  readonly from?: CloudFormationClientConfig['credentials'];
}

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  readonly accountId?: string;
}

const timeoutMs = 10_000;

function hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function mac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** Headers of a POST signed with Signature Version 4. */
export function signedHeaders(request: {
  readonly url: URL;
  readonly body: string;
  readonly region: string;
  readonly service: string;
  readonly credentials: Credentials;
  readonly now: Date;
  /** Headers to sign besides those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
}): Readonly<Record<string, string>> {
  const { url, body, region, service, credentials } = request;
  const time = request.now.toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  const date = time.slice(0, 8);
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    ...request.headers,
    host: url.host,
    'x-amz-date': time,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name] ?? ''}\n`).join('');
  const canonical = ['POST', url.pathname, '', lines, names.join(';'), hex(body)].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, hex(canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    mac,
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = mac(key, toSign).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...headers, authorization };
}

function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}

async function ask(options: AssumeRoleOptions, credentials: Credentials): Promise<Credentials> {
  const suffix = options.region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(options.endpoint ?? `https://sts.${options.region}.${suffix}/`);
  const RoleSessionName = options.sessionName.replaceAll(/[^\w+=,.@-]/g, '-').slice(0, 64);
  const body = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: options.roleArn,
    RoleSessionName,
  }).toString();
  const { host: _host, ...headers } = signedHeaders({
    url,
    body,
    region: options.region,
    service: 'sts',
    credentials,
    now: new Date(),
  });
  let text: string;
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    text = await response.text();
  } catch (cause) {
    throw new HoldfastError({
      code: 'TargetUnavailable',
      source: 'remote',
      message: `${url.host} does not answer`,
      retryable: true,
      object: options.roleArn,
      cause,
    });
  }
  const accessKeyId = element(text, 'AccessKeyId');
  const secretAccessKey = element(text, 'SecretAccessKey');
  const sessionToken = element(text, 'SessionToken');
  if (accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined)
    throw refusal(options, text);
  const accountId = options.roleArn.split(':')[4];
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration: new Date(element(text, 'Expiration') ?? Date.now() + 900_000),
    ...(accountId === undefined ? {} : { accountId }),
  };
}

function refusal(options: AssumeRoleOptions, text: string): HoldfastError {
  const code = element(text, 'Code') ?? 'no credentials in the answer';
  return new HoldfastError({
    code: 'StackCredentials',
    source: 'user',
    message: `The role ${options.roleArn} cannot be assumed`,
    retryable: code === 'Throttling' || code === 'ExpiredToken',
    object: options.roleArn,
    reason: `${code}: ${element(text, 'Message') ?? ''}`,
    next: 'Let the role trust the credentials in use (sts:AssumeRole)',
  });
}

/** A credential source for clients of the role. The SDK asks again shortly before they expire. */
export function assumeRole(options: AssumeRoleOptions): () => Promise<Credentials> {
  // The default chain lives in the SDK; a client is the public way to it.
  const base = new CloudFormationClient({
    region: options.region,
    ...(options.from === undefined ? {} : { credentials: options.from }),
  });
  return async () => await ask(options, await base.config.credentials());
}
