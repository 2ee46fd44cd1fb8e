// The embedded cluster and stacks of a data directory: started by whoever needs them first, shared through their files.
import path from 'node:path';
import { tryLock } from '../adapters/sandbox/lock.ts';
import { HoldfastError } from '../core/errors.ts';

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

/** How long to wait for another process, e.g. a second `holdfast apply` with the same data directory. */
const lockWaitMs = 60_000;
const lockPollMs = 50;

/**
 * Starts the embedded cluster and stacks on a data directory. Only one process does this at a time: others wait until it ends,
 * or use what `elsewhere` finds meanwhile. Throws `SandboxBusy`.
 */
export async function startSandbox(
  dataDir: string,
  elsewhere: () => Promise<Sandbox | undefined> = async () => undefined,
): Promise<Sandbox> {
  const directory = path.join(dataDir, 'sandbox');
  for (let waited = 0; ; waited += lockPollMs) {
    const found = await elsewhere();
    if (found !== undefined) return found;
    const unlock = tryLock(path.join(directory, 'lock'));
    if (unlock !== undefined) return await startLocked(directory, unlock);
    if (waited >= lockWaitMs) throw busy(dataDir);
    await new Promise((resolve) => setTimeout(resolve, lockPollMs));
  }
}

async function startLocked(directory: string, unlock: () => void): Promise<Sandbox> {
  try {
    const [{ startSandboxCluster }, { startSandboxStacks }] = await Promise.all([
      import('../adapters/sandbox/cluster/server.ts'),
      import('../adapters/sandbox/stacks/server.ts'),
    ]);
    const [cluster, stacks] = await Promise.all([
      startSandboxCluster({ dataDir: path.join(directory, 'cluster') }),
      startSandboxStacks({ dataDir: path.join(directory, 'stacks'), region: sandboxRegion, account: sandboxAccount }),
    ]);
    return {
      kubeconfig: cluster.kubeconfigPath,
      stacksEndpoint: stacks.endpoint,
      region: stacks.region,
      account: stacks.account,
      close: async () => {
        await Promise.all([cluster.close(), stacks.close()]);
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

function busy(dataDir: string): HoldfastError {
  return new HoldfastError({
    code: 'SandboxBusy',
    source: 'user',
    message: `Another process works with the sandbox of ${dataDir}`,
    next: 'Wait until it is done, or use another directory with --data DIR',
    retryable: true,
  });
}
