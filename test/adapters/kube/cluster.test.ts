// Unit tests of what the steps share: the limit of requests, one question about kinds, and rights.
import { describe, expect, it } from 'vitest';
import { Cluster } from '../../../lib/adapters/kube/cluster.ts';
import { declaredResource } from '../../../lib/adapters/kube/kinds.ts';
import { allows } from '../../../lib/adapters/kube/rights.ts';
import type { ApiDirectory, ApiResource, KubeClient } from '../../../lib/adapters/kube/types.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';

const directory: ApiDirectory = { v: 1, resources: [], versions: [], stale: [], etags: {} };

function clusterOf(client: Partial<KubeClient>, concurrency = 3) {
  let connections = 0;
  const connect = async () => {
    connections += 1;
    return client as KubeClient;
  };
  return { cluster: new Cluster({ connect, concurrency }), connections: () => connections };
}

describe('Cluster', () => {
  it('never has more requests in flight than allowed, and loses none', async () => {
    const { cluster, connections } = clusterOf({});
    let now = 0;
    let most = 0;
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        cluster.request(async () => {
          now += 1;
          most = Math.max(most, now);
          await Promise.resolve();
          now -= 1;
          return index;
        }),
      ),
    );
    expect(most).toBe(3);
    expect(results).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(connections()).toBe(1);
  });

  it('gives room back when a request fails', async () => {
    const { cluster } = clusterOf({}, 1);
    await expect(cluster.request(() => Promise.reject(new TypeError('no')))).rejects.toThrow('no');
    await expect(cluster.request(async () => 1)).resolves.toBe(1);
  });

  it('asks once for all who want to know what is served, and again after a while or when told to', async () => {
    let asked = 0;
    const { cluster } = clusterOf({
      discover: async () => {
        asked += 1;
        return directory;
      },
    });
    await Promise.all([cluster.directory(0), cluster.directory(5), cluster.directory(59_999)]);
    expect(asked).toBe(1);
    await cluster.directory(60_000);
    expect(asked).toBe(2);
    cluster.forgetDirectory();
    await cluster.directory(60_001);
    expect(asked).toBe(3);
  });

  it('asks again after a failure', async () => {
    let asked = 0;
    const { cluster } = clusterOf({
      discover: () => {
        asked += 1;
        return asked === 1 ? Promise.reject(new TypeError('down')) : Promise.resolve(directory);
      },
    });
    await expect(cluster.directory(0)).rejects.toThrow('down');
    await expect(cluster.directory(1)).resolves.toBe(directory);
  });

  it('connects again after it could not', async () => {
    let tries = 0;
    const connect = async () => {
      tries += 1;
      if (tries === 1) throw new TypeError('no kubeconfig');
      return {} as KubeClient;
    };
    const cluster = new Cluster({ connect, concurrency: 1 });
    await expect(cluster.client()).rejects.toThrow('no kubeconfig');
    await expect(cluster.client()).resolves.toEqual({});
  });
});

const pods: ApiResource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true, verbs: [] };

describe('allows', () => {
  const rule = { verbs: ['get'], groups: [''], resources: ['pods'], names: [] as string[] };
  it.each([
    [[rule], 'get', true],
    [[rule], 'create', false],
    [[{ ...rule, verbs: ['*'] }], 'create', true],
    [[{ ...rule, groups: ['apps'] }], 'get', false],
    [[{ ...rule, resources: ['*'], groups: ['*'] }], 'get', true],
    [[{ ...rule, names: ['other'] }], 'get', false],
    [[{ ...rule, names: ['web'] }], 'get', true],
    [[], 'get', false],
  ])('%j for %s: %s', (rules, verb, expected) => {
    expect(allows({ rules, incomplete: false }, verb, pods, 'web')).toBe(expected);
  });
});

describe('declaredResource', () => {
  const crd: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boxes.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { kind: 'Box', plural: 'boxes' },
      versions: [{ name: 'v1' }],
    },
  };
  it('is what a CRD will serve', () => {
    expect(declaredResource([crd], 'example.com/v1', 'Box')).toMatchObject({ plural: 'boxes', namespaced: false });
    expect(declaredResource([crd], 'example.com/v2', 'Box')).toBeUndefined();
    expect(declaredResource([crd], 'other.com/v1', 'Box')).toBeUndefined();
  });
});
