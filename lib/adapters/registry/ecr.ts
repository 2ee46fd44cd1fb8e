// Tags of repositories in Amazon ECR. Registries of several accounts and regions; which one is said by the repository's host.
import { HoldfastError } from '../../core/errors.ts';
import type { ImageRegistry, ImageTag } from '../../core/image/registry.ts';
import { callerError, readThrown } from '../aws/caller-errors.ts';
import type { CredentialProvider } from '../aws/credentials.ts';
import { partitionOf } from '../aws/partition.ts';
import type { EcrClient } from './ecr-call.ts';

export interface EcrOptions {
  /** Credentials for the registries of an account; the SDK's default chain when absent or when it answers none. */
  readonly credentials?: (account: string, region: string) => CredentialProvider | undefined;
  /** Called for each request with the name of its call. */
  readonly onRequest?: (call: string) => void;
}

interface Repository {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

const host = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.(?:com|com\.cn|eu)$/;
const pageSize = 1_000;
/** A repository of ECR holds 100,000 images at most, unless its owner had that raised. */
const maxPages = 100;
const call = 'ecr:DescribeImages';

/** The registry of this and other accounts. Nothing is loaded or asked before the first question. */
export function ecrRegistry(options: EcrOptions): ImageRegistry {
  const clients = new Map<string, Promise<EcrClient>>();
  const clientFor = async (account: string, region: string): Promise<EcrClient> => {
    const key = `${account}/${region}`;
    const client = clients.get(key) ?? openClient(options, account, region);
    clients.set(key, client);
    return await client;
  };
  return {
    tags: async (repository) => {
      const where = parse(repository);
      const client = await clientFor(where.account, where.region);
      try {
        return await allTags(client, where, options.onRequest);
      } catch (error) {
        throw registryError(error, repository, where);
      }
    },
  };
}

async function openClient({ credentials }: EcrOptions, account: string, region: string): Promise<EcrClient> {
  const { ecrClient } = await import('./ecr-call.ts');
  return ecrClient(region, credentials?.(account, region));
}

function parse(repository: string): Repository {
  const slash = repository.indexOf('/');
  const [, account, region] = host.exec(repository.slice(0, Math.max(slash, 0))) ?? [];
  if (account !== undefined && region !== undefined) return { account, region, name: repository.slice(slash + 1) };
  throw new HoldfastError({
    code: 'RegistryUnsupported',
    source: 'user',
    message: `Tags of ${repository} cannot be read: only repositories of Amazon ECR are supported`,
    object: repository,
    next: 'Name it ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, for example behind a pull-through cache',
  });
}

/** One request for every thousand images: tags, digests and times together, which listing by tag would not give. */
async function allTags(
  client: EcrClient,
  { account, name }: Repository,
  onRequest: EcrOptions['onRequest'],
): Promise<readonly ImageTag[]> {
  const tags: ImageTag[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    onRequest?.('describe-images');
    const answer = await client({
      registryId: account,
      repositoryName: name,
      maxResults: pageSize,
      filter: { tagStatus: 'TAGGED' },
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    for (const { imageTags = [], imageDigest, imagePushedAt } of answer.imageDetails ?? []) {
      const digest = imageDigest === undefined ? {} : { digest: imageDigest };
      const pushedAt = imagePushedAt?.getTime() ?? 0;
      for (const tag of imageTags) tags.push({ tag, ...digest, pushedAt });
    }
    ({ nextToken } = answer);
    if (nextToken === undefined || nextToken === '') return tags;
  }
  throw new HoldfastError({
    code: 'RegistryTooLarge',
    source: 'user',
    message: `${name} holds more than ${maxPages * pageSize} tagged images`,
    object: name,
    next: 'Add a lifecycle policy to the repository',
  });
}

function registryError(error: unknown, repository: string, { account, region, name }: Repository): HoldfastError {
  if (error instanceof HoldfastError) return error;
  if (readThrown(error).name === 'RepositoryNotFoundException') {
    return new HoldfastError({
      code: 'RegistryRepositoryMissing',
      source: 'user',
      message: `There is no repository ${name} in the registry of account ${account} in ${region}`,
      object: repository,
      next: `aws ecr describe-repositories --registry-id ${account} --region ${region}`,
    });
  }
  const known = callerError(error, call);
  const said = { object: repository, ...(known.reason === undefined ? {} : { reason: known.reason }), cause: error };
  if (known.code === 'AwsForbidden') {
    const right = `Allow ${call} on arn:${partitionOf(region).name}:ecr:${region}:${account}:repository/${name}`;
    return new HoldfastError({
      ...said,
      code: 'RegistryForbidden',
      source: 'user',
      message: `${repository} may not be read`,
      next: `${right}; in another account also in the repository's own policy`,
    });
  }
  if (known.code === 'AwsUnreachable')
    return new HoldfastError({
      ...said,
      code: 'RegistryUnreachable',
      source: 'remote',
      message: `The registry of ${repository} does not answer`,
      retryable: true,
    });
  if (known.code === 'AwsThrottled')
    return new HoldfastError({
      ...said,
      code: 'RegistryThrottled',
      source: 'remote',
      message: `The registry of ${repository} asks to slow down`,
      retryable: true,
    });
  return new HoldfastError({ ...known.toFailure(), object: repository, cause: error });
}
