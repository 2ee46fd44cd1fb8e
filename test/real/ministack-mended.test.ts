// The faults of the emulator that the launcher mends: each of these fails on the emulator as it comes.
import { readFileSync } from 'node:fs';
import https from 'node:https';
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateClusterCommand, DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eksToken } from '../../lib/adapters/kube/eks-token.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';
import { eventually } from '../support/eventually.ts';

const endpoint = 'https://127.0.0.1:6443';
const known = 'known-known-known';
/** Any file will do: nobody connects. */
const caFile = import.meta.filename;
let aws: Ministack;

beforeAll(async () => {
  aws = await startMinistack({ eks: { endpoint, caFile, tokenSecret: known }, env: { GIVEN: 'yes' } });
}, 120_000);

afterAll(() => aws.close());

const key = (name: string, type: string) => ({ AttributeName: name, KeyType: type });
const table = (attributes: readonly string[]) => ({
  Type: 'AWS::DynamoDB::Table',
  Properties: {
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: attributes.map((name) => ({ AttributeName: name, AttributeType: 'S' })),
    KeySchema: [key('pk', 'HASH'), key('sk', 'RANGE')],
    TimeToLiveSpecification: { AttributeName: 'expires', Enabled: true },
  },
});

/** Makes a stack and waits for its end. */
async function stack(name: string, resources: object, outputs: Readonly<Record<string, object>>) {
  const client = new CloudFormationClient(aws.clientConfig());
  const Outputs = Object.fromEntries(Object.entries(outputs).map(([output, Value]) => [output, { Value }]));
  const TemplateBody = JSON.stringify({ Resources: resources, Outputs });
  await client.send(new CreateStackCommand({ StackName: name, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }));
  return await eventually(
    async () => {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
      const [found] = Stacks ?? [];
      const values = (found?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]);
      const output = Object.fromEntries(values) as Readonly<Record<string, string>>;
      return found?.StackStatus?.endsWith('IN_PROGRESS') === true ? undefined : { status: found?.StackStatus, output };
    },
    { within: 30_000, what: 'the end of the stack operation' },
  );
}

test('a secret is referred to by its ARN and holds only the characters that were asked for', async () => {
  const Secret = {
    Type: 'AWS::SecretsManager::Secret',
    Properties: { GenerateSecretString: { PasswordLength: 200, ExcludePunctuation: true, ExcludeNumbers: true } },
  };
  const { status, output } = await stack('secret', { Secret }, { Id: { Ref: 'Secret' } });
  expect(status).toBe('CREATE_COMPLETE');
  expect(output['Id']).toMatch(/^arn:aws:secretsmanager:eu-west-1:111122223333:secret:.+-\w{6}$/);
  const read = new GetSecretValueCommand({ SecretId: output['Id'] });
  const { SecretString } = await new SecretsManagerClient(aws.clientConfig()).send(read);
  expect(SecretString).toMatch(/^[A-Za-z]{200}$/);
});

test('a table has the expiry of its template, and no attribute that no key uses', async () => {
  const { status, output } = await stack('table', { Table: table(['pk', 'sk']) }, { Name: { Ref: 'Table' } });
  expect(status).toBe('CREATE_COMPLETE');
  const client = new DynamoDBClient(aws.clientConfig());
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: output['Name'] }));
  expect(TimeToLiveDescription).toEqual({ AttributeName: 'expires', TimeToLiveStatus: 'ENABLED' });
  expect((await client.send(new DescribeTableCommand({ TableName: output['Name'] }))).Table?.TableStatus).toBe(
    'ACTIVE',
  );
  expect((await stack('wrong', { Table: table(['pk', 'sk', 'more']) }, {})).status).toBe('ROLLBACK_COMPLETE');
});

test('what a stack left behind is not what a later stack of its name makes', async () => {
  const kept = { ...table(['pk', 'sk']), DeletionPolicy: 'Retain' };
  const made = async () => await stack('again', { Table: kept }, { Name: { Ref: 'Table' } });
  const { output: first } = await made();
  const client = new CloudFormationClient(aws.clientConfig());
  await client.send(new DeleteStackCommand({ StackName: 'again' }));
  const gone = async () => await client.send(new DescribeStacksCommand({ StackName: 'again' }));
  await eventually(
    async () =>
      await gone().then(
        () => false,
        () => true,
      ),
    { within: 30_000, what: 'the end of the stack' },
  );
  const { status, output: second } = await made();
  expect(status).toBe('CREATE_COMPLETE');
  expect(second['Name']).toMatch(/^again-Table-\w+$/);
  expect(second['Name']).not.toBe(first['Name']);
  const tables = new DynamoDBClient(aws.clientConfig());
  for (const { Name } of [first, second]) await tables.send(new DescribeTableCommand({ TableName: Name }));
});

const code = `
const https = require('node:https');
exports.handler = async (event) => {
  if (event.fail) throw new TypeError('on purpose');
  const ask = (url) => new Promise((resolve) =>
    https.get(url, { rejectUnauthorized: false }, (answer) => answer.resume().on('end', () => resolve(answer.statusCode)))
      .on('error', (error) => resolve(error.code)));
  const names = Object.keys(process.env);
  return { given: process.env.GIVEN, own: names.filter((name) => name.startsWith('HOLDFAST_')),
    answered: event.url === undefined ? undefined : await ask(event.url) };
};`;

test('functions: the name of the thrown error, no setting of the launcher, TLS to other servers of this host', async () => {
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
  const Role = {
    Type: 'AWS::IAM::Role',
    Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [trust] } },
  };
  const Function = {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 20,
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: { ZipFile: code },
    },
  };
  const { output } = await stack('function', { Role, Function }, { Name: { Ref: 'Function' } });
  const client = new LambdaClient(aws.clientConfig());
  const invoke = async (event: object): Promise<unknown> => {
    const command = new InvokeCommand({ FunctionName: output['Name'], Payload: JSON.stringify(event) });
    return JSON.parse(new TextDecoder().decode((await client.send(command)).Payload));
  };
  expect(await invoke({ fail: true })).toMatchObject({ errorType: 'TypeError', errorMessage: 'on purpose' });
  const other = await startMinistack();
  try {
    const url = `${other.endpoint}/_ministack/ready`;
    expect(await invoke({ url })).toEqual({ given: 'yes', own: [], answered: 200 });
  } finally {
    await other.close();
  }
});

test('EKS: clusters answer with the apiserver that was given, and tokens are reviewed under a known address', async () => {
  const iam = new IAMClient(aws.clientConfig());
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'eks.amazonaws.com' } };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] });
  const made = await iam.send(new CreateRoleCommand({ RoleName: 'cluster', AssumeRolePolicyDocument }));
  await iam.send(new CreateUserCommand({ UserName: 'maker' }));
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };
  const PolicyDocument = JSON.stringify(everything);
  await iam.send(new PutUserPolicyCommand({ UserName: 'maker', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'maker' }));
  const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  // Whoever makes a cluster has access to it.
  const client = new EKSClient(aws.clientConfig(keys));
  await client.send(new CreateClusterCommand({ name: 'main', roleArn: made.Role?.Arn, resourcesVpcConfig: {} }));
  const { cluster } = await client.send(new DescribeClusterCommand({ name: 'main' }));
  expect(cluster).toMatchObject({ status: 'ACTIVE', endpoint });
  expect(Buffer.from(cluster?.certificateAuthority?.data ?? '', 'base64').toString()).toBe(
    readFileSync(caFile, 'utf8'),
  );
  const token = await eksToken({ cluster: 'main', region: aws.region, credentials: keys, now: new Date() });
  const review = async (secret: string): Promise<unknown> => {
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    return JSON.parse(await post(aws.tokenReviewUrl('main', secret), JSON.stringify(asked)));
  };
  expect(await review(known)).toMatchObject({ status: { authenticated: true } });
  expect(await review('guessed-guessed-guessed')).toMatchObject({ status: { authenticated: false } });
});

function post(url: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const agent = aws.clientConfig().requestHandler.httpsAgent;
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = https.request(url, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(body);
  });
}
