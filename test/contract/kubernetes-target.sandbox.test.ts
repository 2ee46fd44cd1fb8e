// The Kubernetes target on the sandbox cluster, through the same client.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import { startSandboxCluster } from '../../lib/adapters/sandbox/cluster/server.ts';
import { kubernetesTargetContract } from './kubernetes-target.ts';

kubernetesTargetContract(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-target-'));
  const sandbox = await startSandboxCluster({ dataDir });
  const { connection } = await loadKubeconfig({ file: sandbox.kubeconfigPath });
  const stop = async () => {
    await sandbox.close();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { client: createKubeClient(connection), stop };
}, {});
