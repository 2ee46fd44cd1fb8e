// Any other host that speaks Git over HTTP: user name and token.
import { tokenSignIn } from '../sign-in.ts';

export const generic = tokenSignIn(
  'Renew the secret of the repository; give its "username", too, when the host asks for a certain one',
  ({ token, username }) => ({ username: username ?? 'x-access-token', password: token }),
);
