// Deleting: with preconditions, with finalizers, and what becomes of dependents.
import { expect } from 'vitest';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { eventually } from '../../support/eventually.ts';
import { type ClusterProbe, type ContractCase, refusalOf } from './probe.ts';

export const deleteCases: readonly ContractCase[] = [
  {
    name: 'an object is deleted; then it is absent',
    async run(probe) {
      const ref = probe.ref(probe.configMap('a'));
      await probe.apply(probe.configMap('a'));
      expect(await probe.client.delete(ref)).toBe('deleted');
      expect(await probe.client.get(ref)).toBeUndefined();
      expect(await probe.client.delete(ref)).toBe('absent');
    },
  },
  {
    name: 'an object of the same name that came later is not deleted',
    async run(probe) {
      const ref = probe.ref(probe.configMap('a'));
      const first = await probe.apply(probe.configMap('a'));
      await probe.client.delete(ref);
      const second = await probe.apply(probe.configMap('a'));
      expect(second.metadata.uid).not.toBe(first.metadata.uid);
      const { uid = '' } = first.metadata;
      expect(await refusalOf(probe.client.delete(ref, { uid }))).toMatchObject({ code: 'Stale', status: 409 });
      expect(await probe.client.get(ref)).toEqual(second);
    },
  },
  {
    name: 'an object that has changed is not deleted',
    async run(probe) {
      const ref = probe.ref(probe.configMap('a'));
      const { resourceVersion = '' } = (await probe.apply(probe.configMap('a'))).metadata;
      const changed = await probe.apply(probe.configMap('a', { k: 'w' }));
      expect(await refusalOf(probe.client.delete(ref, { resourceVersion }))).toMatchObject({
        code: 'Stale',
        status: 409,
      });
      const { uid = '', resourceVersion: now = '' } = changed.metadata;
      expect(await probe.client.delete(ref, { uid, resourceVersion: now })).toBe('deleted');
    },
  },
  {
    name: 'a dry run of a delete deletes nothing',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a'));
      expect(await probe.client.delete(probe.ref(live), { dryRun: true })).toBe('deleted');
      expect(await probe.live(live)).toEqual(live);
    },
  },
  {
    name: 'a finalizer holds an object until it is taken away',
    async run(probe) {
      const held = await probe.apply(probe.configMap('a', {}, { finalizers: ['example.com/hold'] }));
      expect(await probe.client.delete(probe.ref(held))).toBe('deleting');
      expect((await probe.live(held)).metadata.deletionTimestamp).toBeDefined();
      await probe.apply(probe.configMap('a', {}));
      expect(await probe.get(held)).toBeUndefined();
    },
  },
  {
    name: 'Background: the dependents go after the owner',
    async run(probe) {
      const { owner, dependent } = await family(probe);
      expect(await probe.client.delete(probe.ref(owner), { propagation: 'Background' })).toBe('deleted');
      await gone(probe, dependent);
    },
  },
  {
    name: 'Foreground: the owner waits for its dependents',
    async run(probe) {
      const { owner, dependent } = await family(probe);
      const hold = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { finalizers: ['example.com/hold'] } };
      await probe.edit(dependent, hold);
      expect(await probe.client.delete(probe.ref(owner), { propagation: 'Foreground' })).toBe('deleting');
      await eventually(async () => (await probe.live(dependent)).metadata.deletionTimestamp !== undefined);
      expect((await probe.live(owner)).metadata.finalizers).toContain('foregroundDeletion');
      await probe.edit(dependent, { metadata: { finalizers: null } });
      await gone(probe, owner);
    },
  },
  {
    name: 'Orphan: the dependents stay, without an owner',
    async run(probe) {
      const { owner, dependent } = await family(probe);
      await probe.client.delete(probe.ref(owner), { propagation: 'Orphan' });
      await gone(probe, owner);
      expect((await probe.live(dependent)).metadata.ownerReferences).toBeUndefined();
    },
  },
];

/** A ConfigMap and another one that it owns. */
async function family(probe: ClusterProbe): Promise<{ owner: KubeObject; dependent: KubeObject }> {
  const owner = await probe.apply(probe.configMap('owner'));
  const reference = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'owner',
    uid: owner.metadata.uid ?? '',
    blockOwnerDeletion: true,
  };
  const dependent = await probe.apply(probe.configMap('dependent', {}, { ownerReferences: [reference] }));
  return { owner, dependent };
}

function gone(probe: ClusterProbe, object: KubeObject): Promise<unknown> {
  const what = `${object.metadata.name} going`;
  return eventually(async () => (await probe.get(object)) === undefined, { within: 10_000, what });
}
