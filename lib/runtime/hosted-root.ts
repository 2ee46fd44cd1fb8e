// Opens the root repository on its Git host: signed in by the kind of the host, with a bare copy that may be lost at any time.
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GitCredentials, GitHttpOptions } from '../adapters/git/http.ts';
import { openRemote } from '../adapters/git/remote.ts';
import { remoteWriter } from '../adapters/git/write.ts';
import { gitSignIn } from '../adapters/githost/credentials.ts';
import type { AwsIdentity } from '../adapters/githost/sign-in.ts';
import { defaultGitLimits } from '../core/source/git.ts';
import type { RootRepository } from './home.ts';

export interface HostedRootOptions {
  readonly settings: {
    /** `https://…` or `codecommit::REGION://NAME`, without credentials. */
    readonly url: string;
    readonly branch: string;
    /** Kind of host, where the URL does not tell. */
    readonly host?: string | undefined;
  };
  readonly alias: string;
  /** Text of the secret; `fresh` past any cache, after the host refused what it gave before. */
  readonly secret?: ((fresh: boolean) => Promise<string | undefined>) | undefined;
  /** The secret is a map from alias to credentials, and these are wanted. */
  readonly secretAlias?: string | undefined;
  /** Our own AWS identity, for CodeCommit and CodeConnections. */
  readonly aws?: (() => Promise<AwsIdentity>) | undefined;
  /** Told each secret before it is used, so that no line shows it. */
  readonly register?: ((secret: string) => void) | undefined;
  /** Holds the copy; a directory of the machine's own for temporary files when absent. */
  readonly dataDirectory?: string | undefined;
  /** `AWS_REGION` and `AWS_ENDPOINT_URL_CODECOMMIT` are read. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds that one exchange with the host may take; as `GitHttpOptions.totalMs` when absent. */
  readonly exchangeMs?: number | undefined;
}

/** Opens it for fetching and pushing; nothing is asked of the host yet. Throws `GitUrlInvalid`. */
export async function openHostedRoot(options: HostedRootOptions): Promise<RootRepository> {
  const { settings, alias, env = process.env } = options;
  const signIn = gitSignIn({
    url: settings.url,
    host: settings.host,
    secret: options.secret,
    alias: options.secretAlias,
    aws: options.aws,
    region: env['AWS_REGION'],
    codecommitEndpoint: env['AWS_ENDPOINT_URL_CODECOMMIT'],
    now: options.now ?? Date.now,
  });
  const { url } = signIn.repository;
  const http: GitHttpOptions = {
    url,
    renew: signIn.renew,
    totalMs: options.exchangeMs,
    credentials: registering(signIn.credentials, options.register),
  };
  const dataDirectory = options.dataDirectory ?? path.join(tmpdir(), 'holdfast-git');
  const source = openRemote({ ...http, dataDirectory, limits: defaultGitLimits });
  return { alias, branch: settings.branch, url, source, writer: remoteWriter(source, http) };
}

type Credentials = NonNullable<GitHttpOptions['credentials']>;

function registering(credentials: Credentials, register: HostedRootOptions['register']): Credentials {
  let last: string | undefined;
  return async (rejected) => {
    const given = await credentials(rejected);
    const secret = given === undefined ? undefined : secretOf(given);
    if (secret !== undefined && secret !== last) register?.(secret);
    last = secret;
    return given;
  };
}

function secretOf(credentials: GitCredentials): string | undefined {
  if ('authorization' in credentials) return credentials.authorization.replace(/^\S+ /, '');
  // A signature is good for one repository and a quarter of an hour, and there is a new one for each exchange.
  return /^\d{8}T\d{6}Z[0-9a-f]{64}$/.test(credentials.password) ? undefined : credentials.password;
}
