// What a chart learns of its cluster, on the embedded one.
import { join } from 'node:path';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import { openHand } from '../../lib/runtime/sandbox-cluster.ts';
import { tellChartStory } from '../support/chart-story.ts';
import { eventually } from '../support/eventually.ts';
import { live } from '../support/server.ts';

tellChartStory(async (dataDir) => {
  const file = join(dataDir, 'sandbox', 'cluster', 'kubeconfig');
  return {
    target: '{ sandbox: {} }',
    flags: [],
    // The embedded cluster starts with its first application.
    version: async () =>
      await eventually(
        async () => {
          const client = createKubeClient((await loadKubeconfig({ file })).connection);
          try {
            return (await client.version()).gitVersion;
          } finally {
            client.close();
          }
        },
        { within: 20_000, every: 100 },
      ),
    configMap: async (name) => {
      const hand = await openHand(file);
      try {
        return await live(hand, 'configmap', name, 'default');
      } finally {
        hand.close();
      }
    },
    close: async () => undefined,
  };
});
