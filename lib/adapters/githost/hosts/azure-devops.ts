// Azure DevOps: a personal access token under any name, or an Entra token, which is a JWT, as bearer.
import { tokenSignIn } from '../sign-in.ts';

const jwt = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/;

export const azureDevops = tokenSignIn(
  'Renew the token (Code: read, and write for image updates); a personal access token lives a year at most, an Entra token about an hour',
  ({ token, username }) =>
    jwt.test(token) ? { authorization: `Bearer ${token}` } : { username: username ?? 'holdfast', password: token },
);
