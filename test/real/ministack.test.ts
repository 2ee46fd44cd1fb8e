// The emulator itself: it starts clean, checks rights, sends the events that AWS sends, and leaves nothing behind.
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cdk } from '../support/aws/cdk.ts';
import { lintTemplate } from '../support/aws/cfn-lint/lint.ts';
import { type Keys, type Ministack, startMinistack } from '../support/aws/ministack/start.ts';
import { eventually } from '../support/eventually.ts';
import { tempDir } from '../support/temp-dir.ts';

let aws: Ministack;

beforeAll(async () => {
  aws = await startMinistack({ emitEvents: { skipStacks: [] }, rawAwsEvents: true });
}, 120_000);

afterAll(() => aws.close());

const allow = (actions: readonly string[], resource: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: resource }] });

async function userWith(name: string, policy?: string): Promise<Keys> {
  const iam = new IAMClient(aws.clientConfig());
  await iam.send(new CreateUserCommand({ UserName: name }));
  if (policy !== undefined)
    await iam.send(new PutUserPolicyCommand({ UserName: name, PolicyName: 'p', PolicyDocument: policy }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: name }));
  return { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
}

test('buckets: root may, a user without rights may not, a user with rights may', async () => {
  await new S3Client(aws.clientConfig()).send(new CreateBucketCommand({ Bucket: 'things' }));
  const list = new ListObjectsV2Command({ Bucket: 'things' });
  const nobody = new S3Client(aws.clientConfig(await userWith('nobody')));
  await expect(nobody.send(list)).rejects.toMatchObject({ name: 'AccessDenied' });
  const reader = await userWith('reader', allow(['s3:ListBucket'], 'arn:aws:s3:::things'));
  expect(await new S3Client(aws.clientConfig(reader)).send(list)).toMatchObject({ KeyCount: 0 });
  const forger = new S3Client(aws.clientConfig({ ...reader, secretAccessKey: 'guessed' }));
  await expect(forger.send(list)).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
});

test('roles: the trust policy decides who assumes', async () => {
  const iam = new IAMClient(aws.clientConfig());
  const may = await userWith('trusted', allow(['sts:AssumeRole'], '*'));
  const mayNot = await userWith('stranger', allow(['sts:AssumeRole'], '*'));
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { AWS: `arn:aws:iam::${aws.accountId}:user/trusted` },
        Condition: { StringEquals: { 'sts:ExternalId': 'here' } },
      },
    ],
  };
  const made = await iam.send(
    new CreateRoleCommand({ RoleName: 'target', AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  const assume = (keys: Keys, externalId: string) =>
    new STSClient(aws.clientConfig(keys)).send(
      new AssumeRoleCommand({ RoleArn: made.Role?.Arn, RoleSessionName: 's', ExternalId: externalId }),
    );
  await expect(assume(mayNot, 'here')).rejects.toMatchObject({ name: 'AccessDenied' });
  await expect(assume(may, 'elsewhere')).rejects.toMatchObject({ name: 'AccessDenied' });
  const { Credentials } = await assume(may, 'here');
  const session = new STSClient(
    aws.clientConfig({
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    }),
  );
  const { Arn } = await session.send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe(`arn:aws:sts::${aws.accountId}:assumed-role/target/s`);
});

test('events: a push to a repository arrives at a queue, malformed details are refused entry by entry', async () => {
  const [sqs, events] = [new SQSClient(aws.clientConfig()), new EventBridgeClient(aws.clientConfig())];
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'pushes' }));
  await events.send(new PutRuleCommand({ Name: 'pushes', EventPattern: JSON.stringify({ source: ['aws.ecr'] }) }));
  const Arn = `arn:aws:sqs:${aws.region}:${aws.accountId}:pushes`;
  await events.send(new PutTargetsCommand({ Rule: 'pushes', Targets: [{ Id: 'queue', Arn }] }));
  const ecr = new ECRClient(aws.clientConfig());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'shop' }));
  await ecr.send(
    new PutImageCommand({ repositoryName: 'shop', imageTag: '1.2.3', imageManifest: '{"schemaVersion":2}' }),
  );
  const body = await eventually(
    async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body,
  );
  expect(JSON.parse(body)).toMatchObject({
    'detail-type': 'ECR Image Action',
    detail: { 'action-type': 'PUSH', 'repository-name': 'shop', 'image-tag': '1.2.3' },
  });
  const entry = { Source: 'aws.anything', DetailType: 't' };
  const entries = [
    { ...entry, Detail: '{}' },
    { ...entry, Detail: '{' },
  ];
  const put = await events.send(new PutEventsCommand({ Entries: entries }));
  expect(put.FailedEntryCount).toBe(1);
  expect(put.Entries).toMatchObject([{ EventId: expect.any(String) }, { ErrorCode: 'MalformedDetail' }]);
});

test('cdk: bootstraps, and an error carries what was printed', async () => {
  const { env } = aws;
  const account = `aws://${aws.accountId}/${aws.region}`;
  await cdk(['bootstrap', account, '--output', tempDir()], { env, cwd: tempDir() });
  const formation = new CloudFormationClient(aws.clientConfig());
  const { Stacks } = await formation.send(new DescribeStacksCommand({ StackName: 'CDKToolkit' }));
  expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
  const failed = cdk(['synth', '--app', 'node -p process.version&&exit/3', '--output', tempDir()], {
    env,
    cwd: tempDir(),
  });
  await expect(failed).rejects.toMatchObject({ code: 'CdkFailed', reason: expect.stringContaining('exit') });
});

test('cfn-lint: names what the emulator takes for created', async () => {
  const file = path.join(tempDir(), 'template.json');
  const queue = (properties: object) => ({ Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: properties } } });
  writeFileSync(file, JSON.stringify(queue({ QueueName: 'bad name!!', Banana: 1 })));
  const findings = await lintTemplate(file, aws.region);
  expect(findings.map(({ rule, at }) => `${rule} ${at}`)).toContain('E3002 Resources/Queue/Properties/Banana');
  writeFileSync(file, JSON.stringify(queue({ QueueName: 'good' })));
  expect(await lintTemplate(file, aws.region)).toEqual([]);
});

test('nothing is left: no process, no directory, and one port only while it runs', async () => {
  const own = await startMinistack();
  const ports = listening(own.pid);
  expect(ports).toEqual([own.port]);
  expect(readFileSync(own.logFile, 'utf8')).not.toContain('Traceback');
  await own.close();
  await own.close();
  expect(existsSync(own.dir)).toBe(false);
  expect(() => process.kill(own.pid, 0)).toThrow('ESRCH');
});

/** Local TCP ports that a process listens on, from the kernel's own tables. */
function listening(pid: number): readonly number[] {
  const listen = '0A';
  const inodes = new Map<string, number>();
  for (const file of ['tcp', 'tcp6'])
    for (const line of readFileSync(`/proc/net/${file}`, 'utf8').split('\n').slice(1)) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      if (state === listen) inodes.set(inode, Number.parseInt(local.split(':')[1] ?? '', 16));
    }
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  return [...new Set(sockets.flatMap((socket) => inodes.get(socket) ?? []))];
}

function linkOf(file: string): readonly string[] {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(file))?.[1];
  return inode === undefined ? [] : [inode];
}
