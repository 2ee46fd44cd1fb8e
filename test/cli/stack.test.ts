// Commands that speak to a stack on AWS: found by name, signed, and every way in which that goes wrong.
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test, vi } from 'vitest';
import { apiHost, callerKeys, type FakeRequest, stackOutputs, startFakeAws } from '../support/aws/fake-aws.ts';
import { type Answer, holdfast, jsonErrors } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

// Several commands one after the other, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 40_000 });

const installed = { name: 'Holdfast', outputs: stackOutputs };
const status = { schemaVersion: 1, apps: [] };

/** Whether the request carries the signature of the caller over exactly what arrived. */
async function isSigned(request: FakeRequest): Promise<boolean> {
  const { authorization = '', 'x-amz-date': date = '' } = request.headers as Record<string, string>;
  const names = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? [];
  const url = new URL(request.path, `https://${request.host}`);
  const signer = new SignatureV4({ service: 'lambda', region: 'eu-west-1', credentials: callerKeys, sha256: Sha256 });
  const again = await signer.sign(
    new HttpRequest({
      method: request.method,
      protocol: 'https:',
      hostname: request.host,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: Object.fromEntries(names.map((name) => [name, String(request.headers[name])])),
      ...(request.body === '' ? {} : { body: request.body }),
    }),
    { signingDate: new Date(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')) },
  );
  return again.headers['authorization'] === authorization && names.includes('host');
}

async function failing(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Answer> {
  return await holdfast([...args, '-o', 'json'], { cwd: tempDir(), env });
}

test('status of a named stack: signed for its Function URL, and the same table as on one machine', async () => {
  const aws = await startFakeAws([{ name: 'Team', outputs: stackOutputs }]);
  aws.functionUrl = () => ({ json: status });
  const answer = await holdfast(['status', '--stack', 'Team'], { cwd: tempDir(), env: aws.env });
  expect(answer).toEqual({
    code: 0,
    stdout: 'No applications yet: declare them in holdfast.yaml and push.\n',
    stderr: '',
  });
  const call = aws.requests.at(-1);
  expect(call).toMatchObject({ host: apiHost, path: '/api/status', method: 'GET' });
  expect(await isSigned(call!)).toBe(true);
});

test('a verb with a body and a name that needs escaping is signed, too', async () => {
  const aws = await startFakeAws([installed]);
  aws.functionUrl = () => ({ status: 202, json: { schemaVersion: 1, app: 'web', message: 'web: a run begins' } });
  const answer = await holdfast(['sync', 'root/web', '--prune', '--stack', 'Holdfast'], {
    cwd: tempDir(),
    env: aws.env,
  });
  expect(answer).toEqual({ code: 0, stdout: 'web: a run begins\n', stderr: '' });
  const call = aws.requests.at(-1);
  expect(call).toMatchObject({ path: '/api/apps/root%2Fweb/sync', body: '{"prune":true}' });
  expect(await isSigned(call!)).toBe(true);
});

test('HOLDFAST_STACK names a stack; a stack that is only found is told on stderr', async () => {
  const aws = await startFakeAws([installed, { name: 'Other', outputs: stackOutputs }]);
  aws.functionUrl = () => ({ json: status });
  const named = await holdfast(['status'], { cwd: tempDir(), env: { ...aws.env, HOLDFAST_STACK: 'Other' } });
  expect(named).toMatchObject({ code: 0, stderr: '' });
  expect(aws.requests[0]?.body).toContain('StackName=Other');
  const found = await holdfast(['status'], { cwd: tempDir(), env: aws.env });
  expect(found).toMatchObject({
    code: 0,
    stderr: 'stack Holdfast (no server runs here; --stack NAME names another)\n',
  });
});

test('without a stack and without a server: what to start, and why nothing was found', async () => {
  const aws = await startFakeAws();
  const [error] = jsonErrors(await failing(['status'], aws.env));
  expect(error).toMatchObject({
    code: 'ServerNotRunning',
    reason: 'nor was a stack found: There is no stack "Holdfast" in eu-west-1',
  });
  const [bare] = jsonErrors(await failing(['status', '--data', 'elsewhere'], aws.env));
  expect(bare).toMatchObject({ code: 'ServerNotRunning', next: 'holdfast up --data elsewhere' });
});

test('--stack and --data exclude each other', async () => {
  const answer = await failing(['status', '--stack', 'Holdfast', '--data', 'x'], {});
  expect(answer.code).toBe(3);
});

test('a stack that is not there: names that are near', async () => {
  const aws = await startFakeAws([installed, { name: 'Unrelated', outputs: {} }]);
  const answer = await failing(['status', '--stack', 'Holdfst'], aws.env);
  expect(answer.code).toBe(2);
  expect(jsonErrors(answer)[0]).toMatchObject({ code: 'StackNotFound', next: 'Did you mean --stack Holdfast?' });
});

test('a stack of something else, and one that is not ready', async () => {
  const aws = await startFakeAws([
    { name: 'Shop', outputs: { Url: 'x' } },
    { name: 'New', status: 'CREATE_IN_PROGRESS' },
  ]);
  expect(jsonErrors(await failing(['status', '--stack', 'Shop'], aws.env))[0]).toMatchObject({
    code: 'StackNotHoldfast',
    message: 'Stack Shop is no installation of Holdfast: it has no output Installation and no output ApiUrl',
  });
  expect(jsonErrors(await failing(['status', '--stack', 'New'], aws.env))[0]).toMatchObject({ code: 'StackNotReady' });
});

test('no credentials, no region, and credentials that AWS refuses', async () => {
  const aws = await startFakeAws([installed]);
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...without } = aws.env;
  const none = await failing(['status', '--stack', 'Holdfast'], without);
  expect(none.code).toBe(4);
  expect(jsonErrors(none)[0]).toMatchObject({ code: 'AwsCredentials', message: 'No AWS credentials were found' });
  const { AWS_REGION: _region, ...lost } = aws.env;
  expect(jsonErrors(await failing(['status', '--stack', 'Holdfast'], lost))[0]).toMatchObject({
    code: 'AwsRegionMissing',
  });
  aws.refused.set('DescribeStacks', { code: 'ExpiredToken', status: 400 });
  expect(jsonErrors(await failing(['status', '--stack', 'Holdfast'], aws.env))[0]).toMatchObject({
    code: 'AwsCredentials',
    message: 'AWS does not accept these credentials',
  });
  aws.refused.set('DescribeStacks', { code: 'AccessDenied', status: 403 });
  const denied = await failing(['status', '--stack', 'Holdfast'], aws.env);
  expect(denied.code).toBe(4);
  expect(jsonErrors(denied)[0]).toMatchObject({
    code: 'AwsForbidden',
    message: 'These AWS credentials may not call cloudformation:DescribeStacks',
  });
});

test.each([
  [403, 4, 'ApiForbidden', 'Allow lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function Holdfast-Api'],
  [429, 2, 'ApiThrottled', 'Try again in a minute'],
  [502, 2, 'ApiUnavailable', 'Try again; the log group of Holdfast-Api says why'],
] as const)('Lambda answers %i', async (httpStatus, code, name, next) => {
  const aws = await startFakeAws([installed]);
  aws.functionUrl = () => ({ status: httpStatus, json: { Message: 'Forbidden' } });
  const answer = await failing(['status', '--stack', 'Holdfast'], aws.env);
  expect(answer.code).toBe(code);
  expect(jsonErrors(answer)[0]).toMatchObject({ code: name, next });
});

test('errors of our own API come through as they are', async () => {
  const aws = await startFakeAws([installed]);
  aws.functionUrl = () => ({
    status: 404,
    json: { code: 'AppUnknown', message: 'There is no application "x"', hint: 'One of: y' },
  });
  const answer = await failing(['history', 'x', '--stack', 'Holdfast'], aws.env);
  expect(answer.code).toBe(2);
  expect(jsonErrors(answer)[0]).toMatchObject({ code: 'AppUnknown', next: 'One of: y' });
});
