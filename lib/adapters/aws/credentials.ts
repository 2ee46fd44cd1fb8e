// AWS credentials: their shape, the default chain, and keeping them until shortly before they expire.
import { callerError } from './caller-errors.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  /** Twelve digits, when the source of the credentials tells. */
  readonly accountId?: string;
}

/** Gives credentials; with `forceRefresh` not the kept ones. Clients of the SDK take it as it is. */
export type CredentialProvider = (options?: { readonly forceRefresh?: boolean }) => Promise<AwsCredentials>;

/** Credentials are renewed this long before they expire; the SDK's own margin. */
const earlyMs = 5 * 60_000;

/** What the SDK finds: environment, profile, SSO, container, instance. Throws `AwsCredentials`. Nothing is loaded before the first call. */
export function defaultCredentials(region: string): CredentialProvider {
  let chain: CredentialProvider | undefined;
  return async (options) => {
    if (chain === undefined) {
      const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
      chain ??= defaultProvider({ clientConfig: { region } });
    }
    try {
      return await chain(options);
    } catch (error) {
      throw callerError(error, 'sts:AssumeRole');
    }
  };
}

/** Keeps credentials until five minutes before they expire; callers at the same time share one request. `now` in milliseconds since the epoch. */
export function keepCredentials(get: CredentialProvider, now: () => number): CredentialProvider {
  let last: AwsCredentials | undefined;
  let asking: Promise<AwsCredentials> | undefined;
  const fresh = (credentials: AwsCredentials): boolean =>
    credentials.expiration === undefined || now() < credentials.expiration.getTime() - earlyMs;
  return async (options) => {
    if (last !== undefined && options?.forceRefresh !== true && fresh(last)) return last;
    asking ??= get(options)
      .then((credentials) => (last = credentials))
      .finally(() => (asking = undefined));
    return await asking;
  };
}
