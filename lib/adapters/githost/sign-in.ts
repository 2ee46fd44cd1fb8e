// What every kind of Git host gives: how one signs in there, and what to do when it refuses.
import { HoldfastError } from '../../core/errors.ts';
import type { HostedRepository } from '../../core/githost/host.ts';
import type { GitSecret } from '../../core/githost/secret.ts';
import type { GitCredentials } from '../git/http.ts';

/** Credentials of AWS, as the SDK's providers give them. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface SignInContext {
  readonly repository: HostedRepository;
  /** The repository's secret; undefined when there is none. `fresh` reads it again, past any cache. */
  readonly secret: (fresh: boolean) => Promise<GitSecret | undefined>;
  /** Absent when there is no AWS identity here. */
  readonly aws: (() => Promise<AwsIdentity>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Asked before each exchange; with `rejected` after the host refused what it gave before. */
export type SignIn = (rejected: boolean) => Promise<GitCredentials | undefined>;

export interface HostSignIn {
  readonly open: (context: SignInContext) => SignIn;
  /** What to do when the host refuses the credentials. */
  readonly renew: string;
}

/** A sign-in by token alone: `form` says how this host wants it. */
export function tokenSignIn(
  renew: string,
  form: (secret: Extract<GitSecret, { kind: 'token' }>) => GitCredentials,
): HostSignIn {
  const open = ({ repository, secret }: SignInContext): SignIn => {
    return async (rejected) => {
      const found = await secret(rejected);
      if (found === undefined) return undefined;
      if (found.kind === 'token') return form(found);
      throw secretInvalid(repository.url, 'it is of a GitHub App, and the repository is not on GitHub');
    };
  };
  return { open, renew };
}

/** The error for a secret that cannot be used. `problem` never repeats it. */
export function secretInvalid(url: string, problem: string): HoldfastError {
  return new HoldfastError({
    code: 'GitSecretInvalid',
    source: 'user',
    message: `The secret of the repository cannot be used: ${problem}`,
    object: url,
    next: 'Store a token as {"token": "…"} or a GitHub App as {"githubApp": {"appId", "installationId", "privateKey"}}',
  });
}
