// GitLab: personal, project and group tokens under any name, deploy tokens under their own.
import { tokenSignIn } from '../sign-in.ts';

export const gitlab = tokenSignIn(
  'Renew the token (read_repository, and write_repository for image updates); a deploy token needs its "username", too',
  ({ token, username }) => ({ username: username ?? 'oauth2', password: token }),
);
