// The story on the embedded cluster.
import { join } from 'node:path';
import { openHand, type SandboxHand } from '../../lib/runtime/sandbox-cluster.ts';
import { live } from '../support/server.ts';
import { type Bench, tellStory } from '../support/story.ts';
import { namespace } from '../support/story-manifests.ts';

/** The embedded cluster lives and dies with the server, so every look opens it anew. */
function sandboxBench(dataDir: string): Bench {
  const kubeconfig = join(dataDir, 'sandbox', 'cluster', 'kubeconfig');
  const using = async <T>(use: (hand: SandboxHand) => Promise<T>): Promise<T> => {
    const hand = await openHand(kubeconfig);
    try {
      return await use(hand);
    } finally {
      hand.close();
    }
  };
  return {
    target: '{ sandbox: {} }',
    elsewhere: `{ kubeconfig: { file: ${JSON.stringify(kubeconfig)} } }`,
    flags: [],
    get: async (kind, name) => await using(async (hand) => await live(hand, kind, name, namespace)),
    configMaps: async () =>
      await using(async (hand) =>
        (await hand.get({ kind: 'configmap', namespace }))
          .filter((object) => object.metadata.namespace === namespace)
          .map((object) => object.metadata.name ?? ''),
      ),
    scale: async (name, replicas) => {
      const change = { path: ['spec', 'replicas'], value: replicas };
      await using(async (hand) => await hand.edit({ kind: 'deployment', name, namespace }, [change]));
    },
    scaler: 'kubectl-edit',
    annotate: async (kind, name, value) => {
      const change = { path: ['metadata', 'annotations', 'note'], value };
      await using(async (hand) => await hand.edit({ kind, name, namespace }, [change]));
    },
    remove: async (kind, name) => void (await using(async (hand) => await hand.remove({ kind, name, namespace }))),
    close: async () => undefined,
  };
}

tellStory({ bench: async (dataDir) => sandboxBench(dataDir), within: 10_000, outlives: false });
