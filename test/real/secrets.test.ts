// Secrets from Secrets Manager: kept, asked again, and never in an error.
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { secretsManager } from '../../lib/adapters/secrets/secrets-manager.ts';
import type { HoldfastError } from '../../lib/core/errors.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';

let aws: Ministack;
let client: SecretsManagerClient;

beforeAll(async () => {
  aws = await startMinistack();
  client = new SecretsManagerClient(aws.clientConfig());
}, 120_000);

afterAll(async () => {
  client.destroy();
  await aws.close();
});

async function newSecret(name: string, value: string | Uint8Array): Promise<string> {
  const content = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value };
  const { ARN } = await client.send(new CreateSecretCommand({ Name: name, ...content }));
  return ARN ?? '';
}

/** A client that counts what it asks. */
function counting() {
  const watched = new SecretsManagerClient(aws.clientConfig());
  let asked = 0;
  watched.middlewareStack.add(
    (next) => async (args) => {
      asked += 1;
      return await next(args);
    },
    { step: 'initialize' },
  );
  return { client: watched, asked: () => asked };
}

async function failure(work: Promise<unknown>): Promise<HoldfastError> {
  return await work.then(
    () => expect.unreachable('it was answered'),
    (error: unknown) => error as HoldfastError,
  );
}

it('asks once for many, keeps the value for its time, and asks again when told to', async () => {
  const arn = await newSecret('holdfast/git', 'first');
  const { client: watched, asked } = counting();
  let now = 1_000;
  const secrets = secretsManager({ client: watched, now: () => now, keepMs: 60_000 });
  expect(await Promise.all([secrets.get(arn), secrets.get(arn), secrets.get(arn)])).toEqual([
    'first',
    'first',
    'first',
  ]);
  await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: 'second' }));
  now += 59_999;
  expect(await secrets.get(arn)).toBe('first');
  expect(asked()).toBe(1);
  expect(await secrets.get(arn, { fresh: true })).toBe('second');
  expect(await secrets.get(arn)).toBe('second');
  expect(asked()).toBe(2);
  now += 60_000;
  await secrets.get(arn);
  expect(asked()).toBe(3);
});

it('names what is missing, deleted, or not text, and asks for it again next time', async () => {
  const secrets = secretsManager({ client, now: () => 0 });
  const arn = `arn:aws:secretsmanager:${aws.region}:${aws.accountId}:secret:holdfast/later-AbCdEf`;
  expect(await failure(secrets.get(arn))).toMatchObject({ code: 'SecretMissing', object: 'holdfast/later' });
  expect(await failure(secrets.get('holdfast/later'))).toMatchObject({
    code: 'SecretMissing',
    object: 'holdfast/later',
  });
  await newSecret('holdfast/later', 'here');
  expect(await secrets.get('holdfast/later')).toBe('here');
  await client.send(new DeleteSecretCommand({ SecretId: 'holdfast/later' }));
  expect(await failure(secrets.get('holdfast/later', { fresh: true }))).toMatchObject({ code: 'SecretMissing' });
  await newSecret('holdfast/bytes', new Uint8Array([1, 2]));
  expect(await failure(secrets.get('holdfast/bytes'))).toMatchObject({ code: 'SecretNotText', source: 'user' });
});

it('says who has to allow what, without the value', async () => {
  const arn = await newSecret('holdfast/key', 'hunter2-hunter2');
  const iam = new IAMClient(aws.clientConfig());
  await iam.send(new CreateUserCommand({ UserName: 'stranger' }));
  const statement = { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: '*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new PutUserPolicyCommand({ UserName: 'stranger', PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'stranger' }));
  const keys = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  const stranger = new SecretsManagerClient(aws.clientConfig(keys));
  const error = await failure(secretsManager({ client: stranger, now: () => 0 }).get(arn));
  expect(error).toMatchObject({ code: 'SecretForbidden', source: 'user', object: 'holdfast/key', retryable: false });
  expect(error.next).toContain('secretsmanager:GetSecretValue');
  expect(JSON.stringify(error.toFailure())).not.toContain('hunter2');
});

it('is unavailable when nothing answers', async () => {
  const config = { ...aws.clientConfig(), endpoint: 'https://127.0.0.1:1', maxAttempts: 1 };
  const secrets = secretsManager({ client: new SecretsManagerClient(config), now: () => 0 });
  expect(await failure(secrets.get('any'))).toMatchObject({ code: 'SecretsUnavailable', retryable: true });
});
