// Reading: what is served, lists with selectors and pages, metadata only, and watches.
import { expect } from 'vitest';
import { lookupGroupKind, lookupKind } from '../../../lib/adapters/kube/discovery.ts';
import { createKubernetesTarget } from '../../../lib/adapters/kube/target.ts';
import type { ApiResource, ListOptions, WatchEvent } from '../../../lib/adapters/kube/types.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import type { TargetContext } from '../../../lib/core/plan/target.ts';
import { type ClusterProbe, type ContractCase, managedBy } from './probe.ts';

const builtIn: readonly [apiVersion: string, kind: string, plural: string, namespaced: boolean][] = [
  ['v1', 'Namespace', 'namespaces', false],
  ['v1', 'ConfigMap', 'configmaps', true],
  ['v1', 'Secret', 'secrets', true],
  ['v1', 'Service', 'services', true],
  ['v1', 'ServiceAccount', 'serviceaccounts', true],
  ['v1', 'Pod', 'pods', true],
  ['v1', 'PersistentVolume', 'persistentvolumes', false],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', true],
  ['apps/v1', 'Deployment', 'deployments', true],
  ['apps/v1', 'StatefulSet', 'statefulsets', true],
  ['apps/v1', 'DaemonSet', 'daemonsets', true],
  ['batch/v1', 'Job', 'jobs', true],
  ['batch/v1', 'CronJob', 'cronjobs', true],
  ['networking.k8s.io/v1', 'Ingress', 'ingresses', true],
  ['networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', true],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', true],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', true],
  ['rbac.authorization.k8s.io/v1', 'Role', 'roles', true],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false],
  ['apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', false],
  ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', false],
];

export const readCases: readonly ContractCase[] = [
  {
    name: 'discovery tells the built-in kinds, their names and their scope',
    run(probe) {
      for (const [apiVersion, kind, plural, namespaced] of builtIn) {
        const found = lookupKind(probe.directory, apiVersion, kind);
        expect(found, `${apiVersion} ${kind}`).toMatchObject({ state: 'found', resource: { plural, namespaced } });
      }
      expect(lookupGroupKind(probe.directory, 'apps', 'Deployment')).toMatchObject({ resource: { version: 'v1' } });
      expect(lookupKind(probe.directory, 'apps/v1', 'Widget')).toEqual({ state: 'missing' });
      expect(probe.directory.versions).toContain('apps/v1');
      return Promise.resolve();
    },
  },
  {
    name: 'discovery takes two requests, and the same answer again when nothing changed',
    async run(probe) {
      const before = probe.client.counts().discovery ?? 0;
      const fresh = await probe.client.discover();
      expect(Object.keys(fresh.etags).sort()).toEqual(['/api', '/apis']);
      expect(await probe.client.discover(fresh)).toEqual(fresh);
      expect(probe.client.counts().discovery).toBe(before + 4);
    },
  },
  {
    name: 'charts are told the version and every served kind, for one request besides discovery',
    async run(probe) {
      const target = createKubernetesTarget({ name: 'facts', connect: () => Promise.resolve(probe.client) });
      const context = { now: () => 0, signal: new AbortController().signal } as TargetContext;
      const before = probe.client.counts().discovery ?? 0;
      const seen = await target.cluster?.(context);
      expect(probe.client.counts().discovery).toBe(before + 3);
      expect(seen?.version).toMatch(/^v1\.\d+\.\d+/);
      expect(seen?.unknown).toEqual([]);
      const kinds = builtIn.flatMap(([apiVersion, kind]) => [apiVersion, `${apiVersion}/${kind}`]);
      expect(seen?.apis).toEqual(expect.arrayContaining(kinds));
      expect(seen?.apis.filter((api) => /\/(?:Scale|Status)$|undefined/.test(api))).toEqual([]);
    },
  },
  {
    name: 'the version is told',
    async run(probe) {
      expect((await probe.client.version()).gitVersion).toMatch(/^v1\.\d+\.\d+/);
    },
  },
  {
    name: 'a list comes in pages and has every object once',
    async run(probe) {
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const name of names) await probe.apply(probe.configMap(name, {}, { labels: { set: 'pages' } }));
      const sizes: number[] = [];
      const found: string[] = [];
      const versions = new Set<string>();
      const options = { namespace: probe.namespace, labelSelector: 'set=pages', pageSize: 2 };
      for await (const page of probe.client.list(probe.resource('v1', 'ConfigMap'), options)) {
        sizes.push(page.items.length);
        found.push(...page.items.map(({ metadata }) => metadata.name ?? ''));
        versions.add(page.resourceVersion);
      }
      expect(sizes).toEqual([2, 2, 1]);
      expect(found).toEqual(names);
      expect(versions.size).toBe(1);
    },
  },
  {
    name: 'listed objects are what a get gives, with apiVersion and kind',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a', { k: 'v' }, { labels: { set: 'same' } }));
      expect(await listed(probe, { labelSelector: 'set=same' })).toEqual([live]);
    },
  },
  {
    name: 'label selectors: equal, not equal, in, not in, exists, not exists',
    async run(probe) {
      await probe.apply(probe.configMap('a', {}, { labels: { tier: 'web', app: 'x' } }));
      await probe.apply(probe.configMap('b', {}, { labels: { tier: 'db' } }));
      await probe.apply(probe.configMap('c', {}, { labels: { app: 'x' } }));
      const names = async (labelSelector: string) =>
        (await listed(probe, { labelSelector }))
          .map(({ metadata }) => metadata.name)
          .filter((name) => name !== 'kube-root-ca.crt');
      expect(await names('tier=web')).toEqual(['a']);
      expect(await names('tier!=web')).toEqual(['b', 'c']);
      expect(await names('tier in (web,db)')).toEqual(['a', 'b']);
      expect(await names('tier notin (web)')).toEqual(['b', 'c']);
      expect(await names('tier')).toEqual(['a', 'b']);
      expect(await names('!tier,app=x')).toEqual(['c']);
    },
  },
  {
    name: 'a field selector by name',
    async run(probe) {
      await probe.apply(probe.configMap('a'));
      await probe.apply(probe.configMap('b'));
      expect((await listed(probe, { fieldSelector: 'metadata.name=b' })).map(({ metadata }) => metadata.name)).toEqual([
        'b',
      ]);
    },
  },
  {
    name: 'a list over all namespaces',
    async run(probe) {
      await probe.apply(probe.configMap('a', {}, { labels: { owner: probe.namespace } }));
      const everywhere = await listed(probe, { namespace: '', labelSelector: `owner=${probe.namespace}` });
      expect(everywhere.map(({ metadata }) => metadata.namespace)).toEqual([probe.namespace]);
      expect(await listed(probe, { namespace: `${probe.namespace}-none` })).toEqual([]);
    },
  },
  {
    name: 'a list of metadata only has labels, versions and ownership, and no content',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a', { k: 'v' }, { labels: { set: 'meta' } }));
      const [item, ...more] = await listed(probe, { labelSelector: 'set=meta', metadataOnly: true });
      expect(more).toEqual([]);
      expect(item).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: live.metadata });
      expect(item === undefined ? undefined : managedBy(item, 'm1')).toBeDefined();
    },
  },
  {
    name: 'a watch begins with what exists, then tells changes in order',
    async run(probe) {
      await probe.apply(probe.configMap('a', { k: '1' }, { labels: { set: 'watch' } }));
      const watch = await watching(probe, { labelSelector: 'set=watch' });
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { data: { k: '1' } } });
      await probe.apply(probe.configMap('a', { k: '2' }, { labels: { set: 'watch' } }));
      await probe.client.delete(probe.ref(probe.configMap('a')));
      expect(await watch.next()).toMatchObject({ type: 'MODIFIED', object: { data: { k: '2' } } });
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
      await watch.end();
    },
  },
  {
    name: 'a watch from the version of a list tells only what came later',
    async run(probe) {
      await probe.apply(probe.configMap('early', {}, { labels: { set: 'later' } }));
      const options = { namespace: probe.namespace, labelSelector: 'set=later' };
      const first = await probe.client.list(probe.resource('v1', 'ConfigMap'), options).next();
      const { resourceVersion } = first.value ?? { resourceVersion: '' };
      await probe.apply(probe.configMap('late', {}, { labels: { set: 'later' } }));
      const watch = await watching(probe, { ...options, resourceVersion });
      expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'late' } } });
      await watch.end();
    },
  },
  {
    name: 'an object that stops matching leaves a watch with a selector',
    async run(probe) {
      await probe.apply(probe.configMap('a', {}, { labels: { set: 'leave' } }));
      const watch = await watching(probe, { labelSelector: 'set=leave' });
      expect((await watch.next()).type).toBe('ADDED');
      await probe.apply(probe.configMap('a', {}, { labels: { set: 'left' } }));
      expect(await watch.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'a' } } });
      await watch.end();
    },
  },
  {
    name: 'the rights of an administrator are everything',
    async run(probe) {
      const { rules, incomplete } = await probe.client.selfSubjectRules(probe.namespace);
      expect(incomplete).toBe(false);
      expect(rules).toContainEqual({ verbs: ['*'], groups: ['*'], resources: ['*'], names: [] });
    },
  },
];

async function listed(probe: ClusterProbe, options: ListOptions): Promise<KubeObject[]> {
  const items: KubeObject[] = [];
  const all = { namespace: probe.namespace, ...options };
  for await (const page of probe.client.list(probe.resource('v1', 'ConfigMap'), all)) items.push(...page.items);
  return items;
}

interface Watching {
  next(): Promise<WatchEvent>;
  end(): Promise<void>;
}

/** A watch of ConfigMaps; `next` leaves bookmarks out. */
function watching(
  probe: ClusterProbe,
  options: { labelSelector: string; resourceVersion?: string },
): Promise<Watching> {
  const resource: ApiResource = probe.resource('v1', 'ConfigMap');
  const events = probe.client.watch(resource, { namespace: probe.namespace, timeoutSeconds: 30, ...options });
  const next = async (): Promise<WatchEvent> => {
    for (;;) {
      const { value, done } = await events.next();
      if (done === true) throw new Error('the watch ended');
      if (value.type !== 'BOOKMARK') return value;
    }
  };
  return Promise.resolve({ next, end: () => events.return() as Promise<unknown> as Promise<void> });
}
