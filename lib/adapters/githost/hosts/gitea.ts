// Gitea and Forgejo: a token under any name.
import { tokenSignIn } from '../sign-in.ts';

export const gitea = tokenSignIn(
  'Renew the token (repository: read, and write for image updates)',
  ({ token, username }) => ({ username: username ?? 'holdfast', password: token }),
);
