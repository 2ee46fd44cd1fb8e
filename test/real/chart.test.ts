// What a chart learns of its cluster, on a real kube-apiserver.
import type { Json } from '../../lib/core/json.ts';
import { tellChartStory } from '../support/chart-story.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';
import { kubectl } from '../support/real/kubectl.ts';

tellChartStory(async () => {
  const plane = await startControlPlane();
  return {
    target: '{ kubeconfig: {} }',
    flags: ['--kubeconfig', plane.kubeconfig],
    version: async () => {
      const { stdout } = await kubectl(plane.kubeconfig, ['get', '--raw', '/version']);
      return (JSON.parse(stdout) as { gitVersion: string }).gitVersion;
    },
    configMap: async (name) => {
      const get = ['get', 'configmap', name, '-n', 'default', '-o', 'json', '--ignore-not-found'];
      const { stdout } = await kubectl(plane.kubeconfig, get);
      return stdout === '' ? undefined : (JSON.parse(stdout) as Json);
    },
    close: async () => await plane.stop(),
  };
});
