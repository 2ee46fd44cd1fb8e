// GitHub and GitHub Enterprise: a token, or an App that is installed there.
import type { HostSignIn } from '../sign-in.ts';
import { githubAppTokens } from '../github-app.ts';

export const github: HostSignIn = {
  renew:
    'Renew the token (Contents: read, and write for image updates), or check that the App is installed on the repository',
  open: ({ repository, secret, now }) => {
    const app = githubAppTokens({ repositoryUrl: repository.url, now });
    return async (rejected) => {
      const found = await secret(rejected);
      if (found === undefined) return undefined;
      const username = found.kind === 'token' ? found.username : undefined;
      const password = found.kind === 'token' ? found.token : await app(found, rejected);
      return { username: username ?? 'x-access-token', password };
    };
  },
};
