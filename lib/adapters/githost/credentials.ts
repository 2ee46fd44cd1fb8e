// Signing in to Git hosts: from a repository's URL and secret to what is sent with each exchange. A kind of host is one file and one line.
import type { HostKind } from '../../core/githost/host.ts';
import { isLoopback, readRepositoryUrl } from '../../core/githost/host.ts';
import type { HostedRepository } from '../../core/githost/host.ts';
import { HoldfastError } from '../../core/errors.ts';
import { readGitSecret } from '../../core/githost/secret.ts';
import type { GitSecret } from '../../core/githost/secret.ts';
import type { AwsIdentity, HostSignIn, SignIn } from './sign-in.ts';
import { secretInvalid } from './sign-in.ts';
import { azureDevops } from './hosts/azure-devops.ts';
import { bitbucket } from './hosts/bitbucket.ts';
import { codecommit, codeconnections } from './hosts/codecommit.ts';
import { generic } from './hosts/generic.ts';
import { gitea } from './hosts/gitea.ts';
import { github } from './hosts/github.ts';
import { gitlab } from './hosts/gitlab.ts';

const hosts: Readonly<Record<HostKind, HostSignIn>> = {
  github,
  gitlab,
  bitbucket,
  gitea,
  'azure-devops': azureDevops,
  codecommit,
  codeconnections,
  generic,
};

export interface GitCredentialsOptions {
  /** URL of the repository, in any form that `readRepositoryUrl` takes. */
  readonly url: string;
  /** Kind of host; guessed from the URL when absent. */
  readonly host?: string | undefined;
  /** Text of the secret; undefined when there is none. `fresh` asks for it past any cache. */
  readonly secret?: ((fresh: boolean) => Promise<string | undefined>) | undefined;
  /** The secret is a map from alias to credentials, and this one's are wanted. */
  readonly alias?: string | undefined;
  readonly aws?: (() => Promise<AwsIdentity>) | undefined;
  /** Region of a URL that names none. */
  readonly region?: string | undefined;
  /** Where CodeCommit is, when it is not at its own address (`AWS_ENDPOINT_URL_CODECOMMIT`). */
  readonly codecommitEndpoint?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface GitSignIn {
  /** Where the repository is fetched from: normalised, and at the endpoint that was given. */
  readonly repository: HostedRepository;
  /** To be asked before each exchange; with true after the host refused what it gave before. Throws `GitSecretInvalid`, `GitIdentityMissing`, … */
  readonly credentials: SignIn;
  /** What to do when the host refuses the credentials. */
  readonly renew: string;
}

/** How to sign in to a repository; nothing is read yet. Throws `GitUrlInvalid`. */
export function gitSignIn(options: GitCredentialsOptions): GitSignIn {
  const repository = atEndpoint(hosted(options), options.codecommitEndpoint);
  const host = hosts[repository.kind];
  const secret = async (fresh: boolean): Promise<GitSecret | undefined> => {
    const text = await options.secret?.(fresh);
    const result = text === undefined ? ({ kind: 'none' } as const) : readGitSecret(text, options.alias);
    if (result.kind === 'problem') throw secretInvalid(repository.url, result.problem);
    if (result.kind === 'none') return undefined;
    const { protocol, hostname } = new URL(repository.url);
    if (protocol === 'https:' || isLoopback(hostname)) return result.secret;
    throw secretInvalid(repository.url, 'it is only sent over https://, and the URL begins with http://');
  };
  return {
    repository,
    credentials: host.open({ repository, secret, aws: options.aws, now: options.now }),
    renew: host.renew,
  };
}

/** The function that is asked before each exchange, alone. Throws `GitUrlInvalid`. */
export function gitCredentials(options: GitCredentialsOptions): SignIn {
  return gitSignIn(options).credentials;
}

function hosted(options: GitCredentialsOptions): HostedRepository {
  const result = readRepositoryUrl(options.url, { host: options.host, region: options.region });
  if (result.kind === 'repository') return result.repository;
  throw new HoldfastError({
    code: 'GitUrlInvalid',
    source: 'user',
    message: `The URL of the repository cannot be used: ${result.problems.join('; ')}`,
    next: 'Give the URL alone, as the host offers it for cloning over HTTPS, and the token as a secret of the repository',
  });
}

/** CodeCommit somewhere else (an emulator, a proxy): the same path and region at that address. */
function atEndpoint(repository: HostedRepository, endpoint: string | undefined): HostedRepository {
  if (repository.kind !== 'codecommit' || endpoint === undefined || endpoint === '') return repository;
  const base = endpoint.replace(/\/+$/, '');
  if (!URL.canParse(base)) throw endpointInvalid();
  return { ...repository, url: `${base}/v1/repos/${repository.name}` };
}

function endpointInvalid(): HoldfastError {
  return new HoldfastError({
    code: 'GitUrlInvalid',
    source: 'user',
    message: 'AWS_ENDPOINT_URL_CODECOMMIT is not a URL',
    next: 'Unset it, or give the address of a CodeCommit endpoint',
  });
}
