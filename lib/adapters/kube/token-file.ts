// A bearer token in a file that someone else renews, as in a Pod.
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../../core/errors.ts';
import type { Credentials, CredentialSource } from './connection.ts';

/** How long a token is used before its file is read again. */
const rereadAfterMs = 60_000;

export interface TokenFileOptions {
  readonly file: string;
  /** Client certificate and key to use besides. */
  readonly certificate: Credentials;
  /** Wall clock in milliseconds. */
  readonly now: () => number;
}

export function tokenFileCredentials({ file, certificate, now }: TokenFileOptions): CredentialSource {
  let last: { readonly credentials: Credentials; readonly readAt: number } | undefined;
  return {
    renewable: true,
    current: () => (last !== undefined && now() - last.readAt < rereadAfterMs ? last.credentials : undefined),
    async renew() {
      const token = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw unreadable(file, error.code ?? error.message);
      });
      if (token.trim() === '') throw unreadable(file, 'it is empty');
      const credentials = { ...certificate, authorization: `Bearer ${token.trim()}` };
      last = { credentials, readAt: now() };
      return credentials;
    },
  };
}

function unreadable(file: string, reason: string): HoldfastError {
  return new HoldfastError({
    code: 'TokenFileUnreadable',
    source: 'user',
    message: `The token file ${file} of the kubeconfig cannot be used: ${reason}`,
    object: file,
    reason,
    next: `ls -l ${file}`,
  });
}
