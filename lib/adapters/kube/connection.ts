// Where a cluster is and who we are there: what a kubeconfig (or another way to log in) gives the client.
import type { KubeApiError } from './errors.ts';

/** What proves our identity, ready to be put into a request. */
export interface Credentials {
  /** Value of the `Authorization` header; absent for client certificates and anonymous access. */
  readonly authorization?: string;
  /** Client certificate and key, PEM. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** Gives credentials and renews them. */
export interface CredentialSource {
  /** The credentials to use now; undefined when they must be fetched first. Called for every request: cheap. */
  current(): Credentials | undefined;
  /** Fetches credentials; `rejected` are those the server just answered 401 to. Throws HoldfastError. */
  renew(rejected?: Credentials): Promise<Credentials>;
  /** Whether `renew` after a 401 could give other credentials. */
  readonly renewable: boolean;
}

/** One cluster and one identity. */
export interface ClusterConnection {
  /** Base URL, `https://host:port[/prefix]`. */
  readonly server: string;
  /** PEM bundle that must have signed the server's certificate; the machine's own roots when absent. */
  readonly ca?: string | Buffer;
  /** Name to expect in the server's certificate, when it is not the host of `server`. */
  readonly serverName?: string;
  /** The server's certificate is not checked. Only when a person wrote so in the kubeconfig. */
  readonly insecure?: boolean;
  readonly credentials: CredentialSource;
  /** Headers of every request, e.g. impersonation. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Where the cluster is now, asked when its certificate is not the expected one or its host name is gone. Throws HoldfastError. */
  readonly relocate?: () => Promise<ClusterConnection>;
  /** Says more of a failure than the client can know, e.g. which identity was refused. Never throws. */
  readonly explain?: (error: KubeApiError) => Promise<KubeApiError>;
}

/** Credentials that never change. */
export function fixedCredentials(credentials: Credentials): CredentialSource {
  return { current: () => credentials, renew: () => Promise.resolve(credentials), renewable: false };
}
