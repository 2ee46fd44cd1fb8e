// A small AWS for the command line: CloudFormation's DescribeStacks, Secrets Manager, STS, EKS and Function URLs, on one address.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FakeStack {
  readonly name: string;
  readonly status?: string;
  readonly reason?: string;
  readonly outputs?: Readonly<Record<string, string>>;
}

export interface FakeRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeAnswer {
  readonly status?: number;
  readonly json?: unknown;
  readonly text?: string;
}

export interface FakeAws {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly requests: FakeRequest[];
  /** Secrets by ARN. */
  readonly secrets: Map<string, string>;
  stacks: readonly FakeStack[];
  /** Calls by `Action` that are refused: the code and the status. */
  readonly refused: Map<string, { readonly code: string; readonly status: number }>;
  /** Clusters by name, as DescribeCluster answers them. */
  readonly clusters: Map<string, object>;
  /** Where functions are, and what the network there has: the XML of EC2's answers by `Action`. */
  vpc: { readonly id: string; readonly answers: Readonly<Record<string, string>> } | undefined;
  /** What a Function URL answers; by default 404. */
  functionUrl: (request: FakeRequest) => FakeAnswer | Promise<FakeAnswer>;
}

/** Access key and secret of the person who types. */
export const callerKeys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI-EXAMPLE' } as const;
export const apiHost = 'abcdefghij0123456789.lambda-url.eu-west-1.on.aws';
export const webhookHost = 'webhookabc0123456789.lambda-url.eu-west-1.on.aws';

/** Outputs as `cdk deploy` leaves them. */
export const stackOutputs: Readonly<Record<string, string>> = {
  Installation: 'holdfast',
  ApiUrl: `https://${apiHost}/`,
  WebhookUrl: `https://${webhookHost}/`,
  ApiFunction: 'Holdfast-Api',
  WebhookSecretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:holdfast/webhook-a',
  GitSecretArn: 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:holdfast/git-a',
  ReconcileRoleArn: 'arn:aws:iam::111122223333:role/holdfast-reconcile',
};

/** Starts it for one test. */
export async function startFakeAws(stacks: readonly FakeStack[] = []): Promise<FakeAws> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const seen: FakeRequest = {
        method: request.method ?? '',
        host: request.headers.host ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      aws.requests.push(seen);
      void answer(aws, seen, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const aws: FakeAws = {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: callerKeys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: callerKeys.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_MAX_ATTEMPTS: '1',
    },
    requests: [],
    secrets: new Map(),
    stacks,
    refused: new Map(),
    clusters: new Map(),
    vpc: undefined,
    functionUrl: () => ({ status: 404, json: { code: 'RouteUnknown', message: 'nothing here' } }),
  };
  return aws;
}

async function answer(aws: FakeAws, request: FakeRequest, response: ServerResponse): Promise<void> {
  if (request.host.includes('.lambda-url.')) {
    const { status = 200, json, text = JSON.stringify(json) } = await aws.functionUrl(request);
    response.writeHead(status, { 'content-type': json === undefined ? 'text/plain' : 'application/json' }).end(text);
    return;
  }
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return secretsManager(aws, target.split('.')[1] ?? '', request.body, response);
  if (request.path.endsWith('/configuration')) {
    const config = { FunctionName: 'x', VpcConfig: { VpcId: aws.vpc?.id ?? '', SubnetIds: ['subnet-1'] } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(config));
    return;
  }
  if (request.path.startsWith('/clusters/')) return eks(aws, request.path.slice('/clusters/'.length), response);
  queryApi(aws, new URLSearchParams(request.body), response);
}

function queryApi(aws: FakeAws, form: URLSearchParams, response: ServerResponse): void {
  const action = form.get('Action') ?? '';
  const xml = (status: number, body: string): void => {
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  };
  const fail = (status: number, code: string, message: string): void =>
    xml(
      status,
      `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
    );
  const refusal = aws.refused.get(action);
  if (refusal !== undefined) return fail(refusal.status, refusal.code, `no ${action} for you`);
  const ok = (result: string): void =>
    xml(200, `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`);
  if (action === 'GetCallerIdentity')
    return ok('<Arn>arn:aws:iam::111122223333:user/ada</Arn><UserId>AID</UserId><Account>111122223333</Account>');
  if (action === 'AssumeRole') {
    const until = '2099-01-01T00:00:00Z';
    return ok(
      `<Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>${until}</Expiration></Credentials>`,
    );
  }
  const network = aws.vpc?.answers[action];
  if (network !== undefined) return ok(network);
  const name = form.get('StackName');
  if (action === 'CreateStack' && name !== null) {
    aws.stacks = [...aws.stacks, { name }];
    return ok(`<StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/${name}/1</StackId>`);
  }
  if (action === 'UpdateStack') return fail(400, 'ValidationError', 'No updates are to be performed.');
  const stacks = aws.stacks.filter((stack) => name === null || stack.name === name);
  if (name !== null && stacks.length === 0) return fail(400, 'ValidationError', `Stack with id ${name} does not exist`);
  ok(`<Stacks>${stacks.map(stackXml).join('')}</Stacks>`);
}

function stackXml({ name, status = 'CREATE_COMPLETE', reason, outputs = {} }: FakeStack): string {
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  return `<member><StackName>${name}</StackName><StackId>arn:aws:cloudformation:eu-west-1:111122223333:stack/${name}/1</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${status}</StackStatus>${
    reason === undefined ? '' : `<StackStatusReason>${reason}</StackStatusReason>`
  }<Outputs>${members.join('')}</Outputs></member>`;
}

function secretsManager(aws: FakeAws, action: string, body: string, response: ServerResponse): void {
  const json = (status: number, value: object): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(value));
  };
  const { SecretId = '', SecretString } = JSON.parse(body) as { SecretId?: string; SecretString?: string };
  const refusal = aws.refused.get(action);
  if (refusal !== undefined) return json(refusal.status, { __type: refusal.code, message: `no ${action} for you` });
  const held = aws.secrets.get(SecretId);
  if (held === undefined) return json(400, { __type: 'ResourceNotFoundException', message: 'no such secret' });
  if (action === 'PutSecretValue' && SecretString !== undefined) aws.secrets.set(SecretId, SecretString);
  json(200, {
    ARN: SecretId,
    Name: 'x',
    VersionId: 'v1',
    ...(action === 'GetSecretValue' ? { SecretString: held } : {}),
  });
}

function eks(aws: FakeAws, name: string, response: ServerResponse): void {
  const cluster = aws.clusters.get(name);
  const value =
    cluster === undefined
      ? { __type: 'ResourceNotFoundException', message: `No cluster found for name: ${name}.` }
      : { cluster };
  const status = cluster === undefined ? 404 : 200;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
