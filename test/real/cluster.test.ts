// The cluster contract on a real kube-apiserver, and what only a real one can show.
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import { clusterContract } from '../contract/cluster.ts';
import { realClusterDeviations } from '../contract/cluster.deviations.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';

clusterContract(async () => {
  const plane = await startControlPlane({ controllers: 'minimal' });
  const { connection } = await loadKubeconfig({ file: plane.kubeconfig });
  return { client: createKubeClient(connection), stop: () => plane.stop() };
}, realClusterDeviations);
