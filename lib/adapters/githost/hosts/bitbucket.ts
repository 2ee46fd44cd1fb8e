// Bitbucket Cloud: API tokens of a person and access tokens of a repository, each under a fixed name.
import { tokenSignIn } from '../sign-in.ts';

/** Access tokens of a repository, project or workspace are told from API tokens by how they begin. */
const accessToken = 'ATCTT';

export const bitbucket = tokenSignIn(
  'Renew the token (read:repository:bitbucket, and write for image updates); an app password needs its "username", too',
  ({ token, username }) => ({
    username: username ?? (token.startsWith(accessToken) ? 'x-token-auth' : 'x-bitbucket-api-token-auth'),
    password: token,
  }),
);
