// DescribeCluster through the SDK. A module of its own, so that the SDK is loaded when a cluster is looked at, and a bundle
// holds only this one call of it.
import { type Cluster, DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import type { CredentialProvider } from '../aws/credentials.ts';

/** What EKS says of a cluster; throws what the SDK throws. */
export async function askCluster(options: {
  readonly name: string;
  readonly region: string;
  readonly credentials: CredentialProvider;
}): Promise<Cluster> {
  const { name, region, credentials } = options;
  const client = new EKSClient({
    region,
    credentials,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 10_000 },
  });
  try {
    const { cluster } = await client.send(new DescribeClusterCommand({ name }));
    return cluster ?? {};
  } finally {
    client.destroy();
  }
}
