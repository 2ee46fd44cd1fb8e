// What a cluster refuses, and how our client names it.
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { eventually } from '../../support/eventually.ts';
import { type ContractCase, refusalOf } from './probe.ts';

export const refusalCases: readonly ContractCase[] = [
  {
    name: 'a field that the kind does not have is a mistake in the manifest',
    async run(probe) {
      const error = await refusalOf(probe.apply(probe.deployment('d', undefined, { replcas: 1 })));
      expect(error).toMatchObject({ code: 'SchemaMistake', retryable: false, source: 'user' });
      expect(error.reason).toContain('.spec.replcas');
      expect(await probe.get(probe.deployment('d'))).toBeUndefined();
    },
  },
  {
    name: 'a value of the wrong type is a mistake in the manifest',
    async run(probe) {
      const error = await refusalOf(probe.apply(probe.deployment('d', undefined, { replicas: 'two' })));
      expect(error).toMatchObject({ code: 'SchemaMistake', source: 'user' });
      expect(error.reason).toContain('.spec.replicas');
    },
  },
  {
    name: 'a quantity that is none is a mistake in the manifest',
    async run(probe) {
      const limits = { resources: { limits: { cpu: 'lots' } } };
      const quantity = probe.deployment('d', [{ name: 'web', image: 'web:1', ...limits }]);
      expect(await refusalOf(probe.apply(quantity))).toMatchObject({ code: 'SchemaMistake', retryable: false });
    },
  },
  {
    name: 'an item twice in a list with keys is a mistake in the manifest',
    async run(probe) {
      const twice = probe.deployment('d', [{ name: 'web', image: 'web:1', env: [{ name: 'A' }, { name: 'A' }] }]);
      expect(await refusalOf(probe.apply(twice))).toMatchObject({ code: 'SchemaMistake', retryable: false });
    },
  },
  {
    name: 'a value that is out of range is invalid, with its field',
    async run(probe) {
      const error = await refusalOf(probe.apply(probe.deployment('d', undefined, { replicas: -1 })));
      expect(error).toMatchObject({ code: 'Invalid', status: 422 });
      expect(error.causes.map(({ field }) => field)).toContain('spec.replicas');
    },
  },
  {
    name: 'a name that is no DNS name is invalid',
    async run(probe) {
      const error = await refusalOf(probe.apply(probe.configMap('Not_A_Name')));
      expect(error).toMatchObject({ code: 'Invalid', status: 422 });
      expect(error.causes.map(({ field }) => field)).toContain('metadata.name');
    },
  },
  {
    name: 'the selector of a Deployment cannot change',
    async run(probe) {
      await probe.apply(probe.deployment('d'));
      const selector = { matchLabels: { app: 'other' } };
      const template = {
        metadata: { labels: { app: 'other' } },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      };
      const error = await refusalOf(probe.apply(probe.deployment('d', undefined, { selector, template })));
      expect(error).toMatchObject({ code: 'Immutable', status: 422 });
      expect(error.causes.map(({ field }) => field)).toContain('spec.selector');
    },
  },
  {
    name: 'an immutable ConfigMap cannot change',
    async run(probe) {
      await probe.apply({ ...probe.configMap('a'), immutable: true });
      const error = await refusalOf(probe.apply({ ...probe.configMap('a', { k: 'w' }), immutable: true }));
      expect(error).toMatchObject({ code: 'Immutable', status: 422 });
    },
  },
  {
    name: 'managedFields cannot be applied',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a'));
      const { managedFields } = live.metadata;
      const error = await refusalOf(
        probe.apply(probe.configMap('a', { k: 'v' }, { managedFields: managedFields ?? [] })),
      );
      expect(error).toMatchObject({ code: 'BadRequest', status: 400 });
    },
  },
  {
    name: 'a namespace that is not there is said to be missing',
    async run(probe) {
      const nowhere = probe.configMap('a', {}, { namespace: `${probe.namespace}-none` });
      expect(await refusalOf(probe.apply(nowhere))).toMatchObject({ code: 'NamespaceMissing', status: 404 });
      expect(await refusalOf(probe.apply(nowhere, { dryRun: true }))).toMatchObject({ code: 'NamespaceMissing' });
      expect(await probe.get(nowhere)).toBeUndefined();
    },
  },
  {
    name: 'nothing can be created in a namespace that is being deleted',
    async run(probe) {
      const name = `${probe.namespace}-dying`;
      const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      const held = probe.configMap('held', {}, { namespace: name, finalizers: ['example.com/hold'] });
      await probe.apply(namespace);
      await probe.apply(held);
      expect(await probe.client.delete(probe.ref(namespace))).toBe('deleting');
      expect((await probe.live(namespace)).status).toMatchObject({ phase: 'Terminating' });
      const late = probe.configMap('late', {}, { namespace: name });
      expect(await refusalOf(probe.apply(late))).toMatchObject({
        code: 'NamespaceTerminating',
        status: 403,
        retryable: true,
      });
      await probe.apply({ ...held, metadata: { name: 'held', namespace: name } });
      await eventually(async () => (await probe.get(namespace)) === undefined, {
        within: 15_000,
        what: 'the namespace going',
      });
    },
  },
  {
    name: 'a kind that is not served is unknown, in a known group and in an unknown one',
    async run(probe) {
      for (const group of ['apps', 'nobody.example.com']) {
        const resource = { group, version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true, verbs: [] };
        const ref = { resource, namespace: probe.namespace, name: 'w' };
        expect(await refusalOf(probe.client.get(ref))).toMatchObject({ code: 'UnknownResource', status: 404 });
        expect(await refusalOf(probe.client.list(resource).next())).toMatchObject({ code: 'UnknownResource' });
        expect(await refusalOf(probe.client.delete(ref))).toMatchObject({ code: 'UnknownResource' });
      }
    },
  },
  {
    name: 'a refused Secret gives nothing of its values away',
    async run(probe) {
      const metadata = { name: 's', namespace: probe.namespace };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'hunter2 is not base64' } };
      const error = await refusalOf(probe.apply(secret));
      expect(JSON.stringify([error, error.message, error.toFailure()])).not.toContain('hunter2');
    },
  },
];
