// The Kubernetes target on a real kube-apiserver with its controllers.
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import { kubernetesTargetContract } from '../contract/kubernetes-target.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';

kubernetesTargetContract(async () => {
  const plane = await startControlPlane({ controllers: 'minimal' });
  const { connection } = await loadKubeconfig({ file: plane.kubeconfig });
  return { client: createKubeClient(connection), stop: () => plane.stop() };
}, {});
