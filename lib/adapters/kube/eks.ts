// The connection to an EKS cluster: its endpoint from EKS, looked up again when the cluster is not where it was, and signed tokens.
import { type CredentialProvider, defaultCredentials, keepCredentials } from '../aws/credentials.ts';
import type { ClusterConnection, CredentialSource } from './connection.ts';
import { describeEksCluster, type EksCluster } from './eks-cluster.ts';
import { explainEks } from './eks-hints.ts';
import { eksCredentials } from './eks-token.ts';

export interface EksOptions {
  /** Name of the cluster. */
  readonly cluster: string;
  readonly region: string;
  /** Of the role that may describe the cluster and has an access entry; the SDK's default chain when absent. */
  readonly credentials?: CredentialProvider;
  /** ARN of that role, for messages; asked of AWS when it is needed and absent. */
  readonly principal?: string;
  /** Called for each request to EKS with the name of its call. */
  readonly onRequest?: (call: string) => void;
  /** Milliseconds since the epoch; for tests. */
  readonly now?: () => number;
}

/** Asks EKS where the cluster is: one request, and one more each time that the cluster is not there any more. Throws HoldfastError. */
export async function connectEks(options: EksOptions): Promise<ClusterConnection> {
  const now = options.now ?? (() => Date.now());
  const { cluster, region } = options;
  const credentials = keepCredentials(options.credentials ?? defaultCredentials(region), now);
  const source = eksCredentials({ cluster, region, credentials, now });
  const { onRequest } = options;
  const describe = async (): Promise<EksCluster> =>
    await describeEksCluster({ cluster, region, credentials, ...(onRequest === undefined ? {} : { onRequest }) });
  const connection = (found: EksCluster): ClusterConnection => ({
    server: found.server,
    ca: found.ca,
    credentials: source satisfies CredentialSource,
    relocate: async () => connection(await describe()),
    explain: async (error) =>
      await explainEks(error, {
        cluster: found,
        credentials,
        ...(options.principal === undefined ? {} : { principal: options.principal }),
      }),
  });
  return connection(await describe());
}
