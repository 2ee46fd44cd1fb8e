// AssumeRole with our own signature: equal to the SDK's for the same request, and its answers understood.
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { assumeRole, signedHeaders } from '../../../lib/adapters/cloudformation/assume-role.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret/key+1', sessionToken: 'a-token' };

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that answers everything with one text, and keeps what it was asked. */
async function answering(text: string): Promise<{ readonly endpoint: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ headers: request.headers, body });
      response.writeHead(text.startsWith('<Error') ? 403 : 200, { 'content-type': 'text/xml' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

test('our signature of a request is the one that the SDK gives it', async () => {
  const { endpoint, seen } = await answering(
    '<DescribeStacksResponse><DescribeStacksResult/></DescribeStacksResponse>',
  );
  const aws = new CloudFormation({ endpoint, region: 'eu-west-1', credentials });
  await aws.describeStacks({ StackName: 'a b&c' });
  aws.destroy();
  const { headers, body } = seen[0]!;
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? [];
  expect(names).toContain('x-amz-security-token');
  const time = headers['x-amz-date'] as string;
  const now = new Date(time.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
  const more = Object.fromEntries(names.map((name) => [name, headers[name] as string]));
  const ours = signedHeaders({
    url: new URL(endpoint),
    body,
    region: 'eu-west-1',
    service: 'cloudformation',
    credentials,
    now,
    headers: more,
  });
  expect(ours['authorization']).toBe(headers.authorization);
});

test('the role, the session and its credentials', async () => {
  const { endpoint, seen } = await answering(
    '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/1</SecretAccessKey>' +
      '<SessionToken>t==</SessionToken><Expiration>2030-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>',
  );
  const roleArn = 'arn:aws:iam::222222222222:role/deploy';
  const get = assumeRole({ roleArn, region: 'eu-west-1', sessionName: 'holdfast prod', endpoint, from: credentials });
  expect(await get()).toEqual({
    accessKeyId: 'ASIA1',
    secretAccessKey: 's/1',
    sessionToken: 't==',
    expiration: new Date('2030-01-02T03:04:05Z'),
    accountId: '222222222222',
  });
  expect(Object.fromEntries(new URLSearchParams(seen[0]!.body))).toEqual({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: 'holdfast-prod',
  });
});

test("a refusal is the user's to mend; no secret is in it", async () => {
  const { endpoint } = await answering(
    '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>',
  );
  const get = assumeRole({
    roleArn: 'arn:aws:iam::2:role/x',
    region: 'eu-west-1',
    sessionName: 's',
    endpoint,
    from: credentials,
  });
  const error = await get().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: 'StackCredentials',
    source: 'user',
    retryable: false,
    reason: 'AccessDenied: not authorized',
  });
  expect(JSON.stringify(error)).not.toMatch(/secret|a-token/);
});
