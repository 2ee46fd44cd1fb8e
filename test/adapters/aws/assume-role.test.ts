// AssumeRole: what is asked, how it is signed, what the answers become, and that a refusal says what to check and leaks nothing.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { assumeRole, type AssumeRoleOptions } from '../../../lib/adapters/aws/assume-role.ts';
import { stsHost } from '../../../lib/adapters/aws/partition.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { headerSignatureHolds, type SignedRequest } from '../../support/aws/signature.ts';

const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret/key+1', sessionToken: 'a-token' };
const roleArn = 'arn:aws:iam::222222222222:role/deploy/prod';

interface Answer {
  readonly status: number;
  readonly text: string;
}

const session = (expiration: string, key = 'ASIA1'): Answer => ({
  status: 200,
  text:
    `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${key}</AccessKeyId><SecretAccessKey>s/1</SecretAccessKey>` +
    `<SessionToken>t==</SessionToken><Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
});

const refusal = (code: string, message: string, status = 403): Answer => ({
  status,
  text: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
});

/** A token service that gives its answers in turn, the last one for ever. */
async function service(...answers: readonly Answer[]): Promise<{ endpoint: string; seen: SignedRequest[] }> {
  const seen: SignedRequest[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const [path = '', query = ''] = (request.url ?? '').split('?');
      seen.push({ method: request.method ?? '', path, query, headers: request.headers, body });
      const answer = answers[Math.min(seen.length, answers.length) - 1];
      response.writeHead(answer?.status ?? 500, { 'content-type': 'text/xml' }).end(answer?.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, seen };
}

const options = (endpoint: string, more: Partial<AssumeRoleOptions> = {}): AssumeRoleOptions => ({
  roleArn,
  region: 'eu-west-1',
  sessionName: 'holdfast prod',
  endpoint,
  from: credentials,
  ...more,
});

async function refusedWith(answer: Answer, more: Partial<AssumeRoleOptions> = {}): Promise<HoldfastError> {
  const { endpoint } = await service(answer);
  const error: unknown = await assumeRole(options(endpoint, more))().catch((thrown: unknown) => thrown);
  if (!(error instanceof HoldfastError)) throw new TypeError('it was not refused');
  return error;
}

test('the role, the session, its conditions and its credentials', async () => {
  const { endpoint, seen } = await service(session('2030-01-02T03:04:05Z'));
  const get = assumeRole(
    options(endpoint, {
      externalId: 'holdfast:prod',
      tags: { 'holdfast:installation': 'prod', 'holdfast:target': 'eu' },
      durationSeconds: 1_800,
    }),
  );
  expect(await get()).toEqual({
    accessKeyId: 'ASIA1',
    secretAccessKey: 's/1',
    sessionToken: 't==',
    expiration: new Date('2030-01-02T03:04:05Z'),
    accountId: '222222222222',
  });
  expect(Object.fromEntries(new URLSearchParams(seen[0]?.body))).toEqual({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: roleArn,
    RoleSessionName: 'holdfast-prod',
    ExternalId: 'holdfast:prod',
    DurationSeconds: '1800',
    'Tags.member.1.Key': 'holdfast:installation',
    'Tags.member.1.Value': 'prod',
    'Tags.member.2.Key': 'holdfast:target',
    'Tags.member.2.Value': 'eu',
  });
});

test('the signature holds, and covers the session token', async () => {
  const { endpoint, seen } = await service(session('2030-01-02T03:04:05Z'));
  await assumeRole(options(endpoint))();
  const [request] = seen;
  if (request === undefined) throw new TypeError('nothing was asked');
  expect(headerSignatureHolds(request, credentials.secretAccessKey)).toBe(true);
  expect(headerSignatureHolds(request, 'another')).toBe(false);
  expect(request.headers['authorization']).toMatch(/Credential=AKIAEXAMPLE\/\d{8}\/eu-west-1\/sts\/aws4_request/);
  expect(request.headers['authorization']).toMatch(/SignedHeaders=[^,]*x-amz-security-token/);
});

test('credentials are asked for once, kept until five minutes before their end, and anew when told so', async () => {
  let now = Date.parse('2030-01-01T00:00:00Z');
  const { endpoint, seen } = await service(
    session('2030-01-01T01:00:00Z', 'ASIA1'),
    session('2030-01-01T01:54:59Z', 'ASIA2'),
    session('2030-01-01T03:00:00Z', 'ASIA3'),
  );
  const get = assumeRole(options(endpoint, { now: () => now }));
  const both = await Promise.all([get(), get()]);
  expect(both.map((one) => one.accessKeyId)).toEqual(['ASIA1', 'ASIA1']);
  now = Date.parse('2030-01-01T00:54:59Z');
  expect((await get()).accessKeyId).toBe('ASIA1');
  now = Date.parse('2030-01-01T00:55:00Z');
  expect((await get()).accessKeyId).toBe('ASIA2');
  expect((await get({ forceRefresh: true })).accessKeyId).toBe('ASIA3');
  expect(seen).toHaveLength(3);
});

test('the endpoint of the service comes before the one for all', async () => {
  const own = await service(session('2030-01-02T03:04:05Z'));
  const all = await service(session('2030-01-02T03:04:05Z'));
  const { endpoint: _none, ...rest } = options('');
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.stubEnv('AWS_ENDPOINT_URL', all.endpoint);
  await assumeRole(rest)();
  vi.stubEnv('AWS_ENDPOINT_URL_STS', own.endpoint);
  await assumeRole(rest)();
  expect([own.seen.length, all.seen.length]).toEqual([1, 1]);
});

test.each([
  ['eu-west-1', 'sts.eu-west-1.amazonaws.com'],
  ['us-gov-west-1', 'sts.us-gov-west-1.amazonaws.com'],
  ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn'],
  ['us-isob-east-1', 'sts.us-isob-east-1.sc2s.sgov.gov'],
  ['eusc-de-east-1', 'sts.eusc-de-east-1.amazonaws.eu'],
])('the token service of %s is %s', (region, host) => {
  expect(stsHost(region)).toBe(host);
});

test.each([
  ['not-an-arn', 'eu-west-1', 'is not the ARN of a role'],
  ['arn:aws:iam::222222222222:user/x', 'eu-west-1', 'is not the ARN of a role'],
  ['arn:aws:iam::222222222222:role/x', 'cn-north-1', 'region cn-north-1 is in aws-cn'],
])('%s in %s is refused before anything is asked', async (arn, region, says) => {
  const { endpoint, seen } = await service(session('2030-01-02T03:04:05Z'));
  const answer = assumeRole(options(endpoint, { roleArn: arn, region }))();
  await expect(answer).rejects.toMatchObject({ code: 'RoleInvalid', source: 'user' });
  await expect(answer).rejects.toThrow(says);
  expect(seen).toEqual([]);
});

const caller = 'arn:aws:sts::111111111111:assumed-role/runner/session';
const denied = `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`;
const conditions = { externalId: 'holdfast:prod', tags: { 'holdfast:installation': 'prod' } };

test('denied without a reason: trust policy, external id, tags and identity policy are named, in that order', async () => {
  const error = await refusedWith(refusal('AccessDenied', denied), conditions);
  expect(error).toMatchObject({ code: 'RoleRefused', source: 'user', retryable: false, object: roleArn });
  expect(error.next).toMatch(
    new RegExp(`trust policy.*${caller}.*sts:ExternalId.*holdfast:prod.*sts:TagSession.*identity policy of ${caller}`),
  );
  expect(error.reason).toBe(`AccessDenied: ${denied}`);
});

test('denied without external id and tags: neither is spoken of as if it were sent', async () => {
  const error = await refusedWith(refusal('AccessDenied', denied));
  expect(error.next).toMatch(/it asks for no sts:ExternalId/);
  expect(error.next).not.toMatch(/TagSession/);
});

test.each([
  [
    denied.replace('sts:AssumeRole', 'sts:TagSession'),
    /^Allow sts:TagSession beside sts:AssumeRole, in the trust policy/,
  ],
  [`${denied} because no identity-based policy allows the sts:AssumeRole action`, /in its identity policy$/],
  [`${denied} with an explicit deny in a service control policy`, /^Find the Deny/],
  [
    `${denied} because no permissions boundary allows the sts:AssumeRole action`,
    /in the policy that the reason names$/,
  ],
])('denied with a reason says only what belongs to it: %s', async (message, next) => {
  expect((await refusedWith(refusal('AccessDenied', message), conditions)).next).toMatch(next);
});

test.each([
  ['SignatureDoesNotMatch', "The Canonical String should have been 'x-amz-security-token:a-token secret/key+1'", false],
  ['ExpiredToken', 'The security token a-token is expired', true],
  ['InvalidClientTokenId', 'The security token AKIAEXAMPLE is invalid', false],
])('%s repeats nothing of what was signed', async (code, message, retryable) => {
  const error = await refusedWith(refusal(code, message));
  expect(error).toMatchObject({ code: 'RoleRefused', reason: code, retryable });
  expect(JSON.stringify(error.toFailure())).not.toMatch(/secret\/key|a-token|AKIA/);
});

test('throttling and faults of the service are tried again', async () => {
  const slow = refusal('Throttling', 'Rate exceeded', 400);
  const { endpoint, seen } = await service(slow, refusal('InternalFailure', '', 500), session('2030-01-02T03:04:05Z'));
  expect((await assumeRole(options(endpoint))()).accessKeyId).toBe('ASIA1');
  expect(seen).toHaveLength(3);
  expect(await refusedWith(slow)).toMatchObject({ retryable: true });
});

test('a service that does not answer is no refusal', async () => {
  const get = assumeRole(options('http://127.0.0.1:1/'));
  await expect(get()).rejects.toMatchObject({ code: 'TargetUnavailable', source: 'remote', retryable: true });
});
