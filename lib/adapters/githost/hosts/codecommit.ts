// CodeCommit and CodeConnections: no secret, each exchange is signed anew with our AWS identity.
import { HoldfastError } from '../../../core/errors.ts';
import { codecommitCredentials } from '../codecommit-signature.ts';
import type { HostSignIn, SignInContext, SignIn } from '../sign-in.ts';

function open({ repository, aws, now }: SignInContext): SignIn {
  return async () => {
    const { region, url } = repository;
    if (aws === undefined || region === undefined) throw identityMissing(url);
    const identity = await aws().catch((cause: unknown) => {
      throw identityMissing(url, cause);
    });
    return codecommitCredentials({ url, region, identity, at: now() });
  };
}

function identityMissing(url: string, cause?: unknown): HoldfastError {
  return new HoldfastError({
    code: 'GitIdentityMissing',
    source: 'system',
    message: 'There are no AWS credentials to sign in to the Git host with',
    object: url,
    retryable: cause !== undefined,
    next: 'Run with an AWS profile or role',
    cause,
  });
}

export const codecommit: HostSignIn = {
  open,
  renew:
    'Allow codecommit:GitPull (and codecommit:GitPush for image updates) on the repository to the role that fetches',
};

export const codeconnections: HostSignIn = {
  open,
  renew:
    'Allow codeconnections:UseConnection on the connection to the role that fetches, and see in the console that the connection is available',
};
