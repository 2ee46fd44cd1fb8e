// Tags in ECR, as the emulator keeps them: pushed images, a moved tag, a missing repository, a missing right.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { promisify } from 'node:util';
import { CreateRepositoryCommand, ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImageTag } from '../../lib/core/image/registry.ts';
import type { EcrAnswer } from '../support/aws/ecr-probe.ts';
import { type Ministack, startMinistack } from '../support/aws/ministack/start.ts';

let aws: Ministack;
let registry: string;

beforeAll(async () => {
  aws = await startMinistack();
  registry = `${aws.accountId}.dkr.ecr.${aws.region}.amazonaws.com`;
}, 120_000);
afterAll(() => aws?.close());

const manifest = (layer: string): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', size: 2, digest: `sha256:${layer.repeat(64)}` },
    layers: [],
  });

/** In a process of its own: the emulator's certificate is trusted from the start of a process only. */
async function tags(repository: string, env: Readonly<Record<string, string>> = {}): Promise<EcrAnswer> {
  const script = path.join(import.meta.dirname, '../support/aws/ecr-probe.ts');
  const options = { env: { ...aws.env, ...env } };
  const { stdout } = await promisify(execFile)(process.execPath, [script, repository], options);
  return JSON.parse(stdout) as EcrAnswer;
}

test('every tag has the digest it points to now', async () => {
  const ecr = new ECRClient(aws.clientConfig());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'team/shop' }));
  const push = async (tag: string, layer: string): Promise<void> => {
    const image = { repositoryName: 'team/shop', imageManifest: manifest(layer), imageTag: tag };
    await ecr.send(new PutImageCommand(image));
  };
  await push('1.0.0', 'a');
  await push('stable', 'a');
  await push('1.1.0', 'b');
  await push('stable', 'b');
  const digest = (layer: string): string => `sha256:${createHash('sha256').update(manifest(layer)).digest('hex')}`;
  const found = (await tags(`${registry}/team/shop`)) as readonly ImageTag[];
  expect(found.toSorted((a, b) => a.tag.localeCompare(b.tag))).toEqual([
    { tag: '1.0.0', digest: digest('a'), pushedAt: expect.any(Number) },
    { tag: '1.1.0', digest: digest('b'), pushedAt: expect.any(Number) },
    { tag: 'stable', digest: digest('b'), pushedAt: expect.any(Number) },
  ]);
});

test('a missing repository and a missing right are told apart', async () => {
  expect(await tags(`${registry}/nothing`)).toMatchObject({ code: 'RegistryRepositoryMissing' });
  const iam = new IAMClient(aws.clientConfig());
  await iam.send(new CreateUserCommand({ UserName: 'nobody' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'nobody' }));
  const keys = {
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
  };
  expect(await tags(`${registry}/team/shop`, keys)).toMatchObject({ code: 'RegistryForbidden', source: 'user' });
});
