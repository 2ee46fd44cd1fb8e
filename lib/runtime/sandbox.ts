// The embedded cluster and stacks of a data directory: started by whoever needs them first, shared through their files.
import path from 'node:path';

/** How to reach the sandbox. */
export interface Sandbox {
  /** Path of a kubeconfig for the embedded cluster. */
  readonly kubeconfig: string;
  /** Endpoint of the embedded CloudFormation. */
  readonly stacksEndpoint: string;
  readonly region: string;
  readonly account: string;
  readonly close: () => Promise<void>;
}

export const sandboxRegion = 'eu-west-1';
export const sandboxAccount = '111122223333';

/** Starts the embedded cluster and stacks on a data directory. Only one process may do this at a time. */
export async function startSandbox(dataDir: string): Promise<Sandbox> {
  const [{ startSandboxCluster }, { startSandboxStacks }] = await Promise.all([
    import('../adapters/sandbox/cluster/server.ts'),
    import('../adapters/sandbox/stacks/server.ts'),
  ]);
  const [cluster, stacks] = await Promise.all([
    startSandboxCluster({ dataDir: path.join(dataDir, 'sandbox', 'cluster') }),
    startSandboxStacks({
      dataDir: path.join(dataDir, 'sandbox', 'stacks'),
      region: sandboxRegion,
      account: sandboxAccount,
    }),
  ]);
  return {
    kubeconfig: cluster.kubeconfigPath,
    stacksEndpoint: stacks.endpoint,
    region: stacks.region,
    account: stacks.account,
    close: async () => {
      await Promise.all([cluster.close(), stacks.close()]);
    },
  };
}
