// The story on a real kube-apiserver with real controllers; kubectl says what is there.
import type { Json } from '../../lib/core/json.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';
import { kubectl, type KubectlResult } from '../support/real/kubectl.ts';
import { type Bench, tellStory } from '../support/story.ts';
import { namespace } from '../support/story-manifests.ts';

async function realBench(): Promise<Bench> {
  const plane = await startControlPlane({ controllers: 'minimal', kubelet: true });
  const { kubeconfig } = plane;
  const call = async (...args: readonly string[]): Promise<KubectlResult> =>
    await kubectl(kubeconfig, ['-n', namespace, ...args]);
  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await call(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  return {
    target: '{ kubeconfig: {} }',
    elsewhere: `{ kubeconfig: { file: ${JSON.stringify(kubeconfig)} } }`,
    flags: ['--kubeconfig', kubeconfig],
    get: async (kind, name) => {
      const text = await done('get', kind, name, '-o', 'json', '--ignore-not-found');
      return text === '' ? undefined : (JSON.parse(text) as Json);
    },
    configMaps: async () =>
      (await done('get', 'configmaps', '-o', 'name')).split('\n').map((line) => line.replace('configmap/', '')),
    scale: async (name, replicas) => void (await done('scale', 'deployment', name, `--replicas=${replicas}`)),
    scaler: 'kubectl',
    annotate: async (kind, name, value) => void (await done('annotate', kind, name, `note=${value}`)),
    remove: async (kind, name) => void (await done('delete', kind, name)),
    close: async () => await plane.stop(),
  };
}

tellStory({ bench: realBench, within: 20_000, outlives: true });
