// The ECR registry against a service that keeps images, pages them and refuses as ECR does.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ecrRegistry } from '../../../lib/adapters/registry/ecr.ts';
import type { ImageRegistry } from '../../../lib/core/image/registry.ts';

interface Image {
  readonly imageDigest: string;
  readonly imageTags?: readonly string[];
  /** Seconds. */
  readonly imagePushedAt: number;
}

interface Refusal {
  readonly status: number;
  readonly type: string;
}

interface Ecr {
  readonly requests: { readonly authorization: string; readonly body: Record<string, unknown> }[];
  /** Images by account and repository. */
  readonly images: Map<string, readonly Image[]>;
  /** Answered instead, each once. */
  readonly refusals: Refusal[];
  readonly registry: ImageRegistry;
}

const digest = (n: number): string => `sha256:${String(n).padStart(64, '0')}`;

/** Keeps repositories; gives at most `page` images at once, with a token that only it understands. */
async function ecr(page = 1_000): Promise<Ecr> {
  const rig = {
    requests: [] as Ecr['requests'],
    images: new Map<string, readonly Image[]>(),
    refusals: [] as Refusal[],
  };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const body = JSON.parse(text) as Record<string, unknown> & { readonly nextToken?: string };
      rig.requests.push({ authorization: request.headers.authorization ?? '', body });
      const answer = (status: number, content: object): void =>
        void response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(content));
      const refusal = rig.refusals.shift();
      if (refusal !== undefined) return answer(refusal.status, { __type: refusal.type, message: 'no' });
      const all = rig.images.get(`${String(body['registryId'])}/${String(body['repositoryName'])}`);
      if (all === undefined)
        return answer(400, { __type: 'RepositoryNotFoundException', message: 'no such repository' });
      const filter = body['filter'] as { tagStatus?: string } | undefined;
      const shown = all.filter((image) => filter?.tagStatus !== 'TAGGED' || image.imageTags !== undefined);
      const from = Number((body.nextToken ?? 'at:0').slice('at:'.length));
      const to = from + Math.min(page, Number(body['maxResults'] ?? 100));
      answer(200, { imageDetails: shown.slice(from, to), ...(to < shown.length ? { nextToken: `at:${to}` } : {}) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
    vi.unstubAllEnvs();
  });
  vi.stubEnv('AWS_ENDPOINT_URL_ECR', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const keys = { accessKeyId: 'AKIABASE', secretAccessKey: 'secret' };
  const other = { accessKeyId: 'ASIAROLE', secretAccessKey: 'secret' };
  const credentials = (account: string) => async () => (account.startsWith('2') ? other : keys);
  return { ...rig, registry: ecrRegistry({ credentials }) };
}

const repository = '111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/shop';

test('every tag of every image, with digest and time; images without a tag are not asked for', async () => {
  const { registry, images, requests } = await ecr();
  images.set('111111111111/team/shop', [
    { imageDigest: digest(1), imageTags: ['1.0.0', 'stable'], imagePushedAt: 1_700_000_000.5 },
    { imageDigest: digest(2), imagePushedAt: 1_700_000_100 },
    { imageDigest: digest(3), imageTags: ['1.1.0'], imagePushedAt: 1_700_000_200 },
  ]);
  expect(await registry.tags(repository)).toEqual([
    { tag: '1.0.0', digest: digest(1), pushedAt: 1_700_000_000_500 },
    { tag: 'stable', digest: digest(1), pushedAt: 1_700_000_000_500 },
    { tag: '1.1.0', digest: digest(3), pushedAt: 1_700_000_200_000 },
  ]);
  expect(requests).toHaveLength(1);
});

test('pages are followed to the end', async () => {
  const { registry, images, requests } = await ecr(300);
  const many = Array.from({ length: 1_000 }, (_, n) => ({
    imageDigest: digest(n),
    imageTags: [`v${n}`],
    imagePushedAt: n,
  }));
  images.set('111111111111/team/shop', many);
  const tags = await registry.tags(repository);
  expect(tags.map((one) => one.tag)).toEqual(many.map((one) => one.imageTags[0]));
  expect(requests).toHaveLength(4);
});

test('a repository that never ends is given up', async () => {
  const { registry, images, requests } = await ecr(1);
  images.set(
    '111111111111/team/shop',
    Array.from({ length: 101 }, (_, n) => ({ imageDigest: digest(n), imageTags: [`v${n}`], imagePushedAt: n })),
  );
  await expect(registry.tags(repository)).rejects.toMatchObject({ code: 'RegistryTooLarge', source: 'user' });
  expect(requests).toHaveLength(100);
});

test('account, region and role follow from the host', async () => {
  const { registry, images, requests } = await ecr();
  images.set('111111111111/a', []).set('222222222222/a', []);
  await registry.tags('111111111111.dkr.ecr.eu-west-1.amazonaws.com/a');
  await registry.tags('222222222222.dkr.ecr.cn-north-1.amazonaws.com.cn/a');
  expect(requests.map((one) => /Credential=([^,]+)/.exec(one.authorization)?.[1]?.replace(/\/\d{8}/, ''))).toEqual([
    'AKIABASE/eu-west-1/ecr/aws4_request',
    'ASIAROLE/cn-north-1/ecr/aws4_request',
  ]);
});

test.each([
  'docker.io/library/nginx',
  'ghcr.io/team/shop',
  'shop',
  'public.ecr.aws/x/y',
  '1.dkr.ecr.eu-west-1.amazonaws.com/a',
])('%s is not supported, and nothing is asked', async (other) => {
  const { registry, requests } = await ecr();
  await expect(registry.tags(other)).rejects.toMatchObject({
    code: 'RegistryUnsupported',
    source: 'user',
    retryable: false,
  });
  expect(requests).toEqual([]);
});

test('a missing repository, a missing right, throttling and faults are told apart', async () => {
  const { registry, refusals } = await ecr();
  await expect(registry.tags(repository)).rejects.toMatchObject({
    code: 'RegistryRepositoryMissing',
    retryable: false,
  });
  refusals.push({ status: 400, type: 'AccessDeniedException' });
  await expect(registry.tags(repository)).rejects.toMatchObject({
    code: 'RegistryForbidden',
    source: 'user',
    next: expect.stringContaining(
      'Allow ecr:DescribeImages on arn:aws:ecr:eu-west-1:111111111111:repository/team/shop',
    ),
  });
  refusals.push(...Array.from({ length: 3 }, () => ({ status: 400, type: 'ThrottlingException' })));
  await expect(registry.tags(repository)).rejects.toMatchObject({
    code: 'RegistryThrottled',
    source: 'remote',
    retryable: true,
  });
  refusals.push(...Array.from({ length: 3 }, () => ({ status: 500, type: 'ServerException' })));
  await expect(registry.tags(repository)).rejects.toMatchObject({
    code: 'RegistryUnreachable',
    source: 'remote',
    retryable: true,
  });
});

test('a fault that passes is not noticed', async () => {
  const { registry, images, refusals } = await ecr();
  images.set('111111111111/team/shop', []);
  refusals.push({ status: 400, type: 'ThrottlingException' }, { status: 500, type: 'ServerException' });
  expect(await registry.tags(repository)).toEqual([]);
});
