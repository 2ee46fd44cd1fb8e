// Taking a manager's record off an object, or giving it to another manager, in one JSON patch that is bound to a version.
import { expect } from 'vitest';
import type { JsonObject } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { type ClusterProbe, type ContractCase, managedFields, refusalOf } from './probe.ts';

export const handoverCases: readonly ContractCase[] = [
  {
    name: 'a release takes labels and record away, and leaves the fields and the records of others',
    async run(probe) {
      const labels = { 'example.com/app': 'x' };
      await probe.apply(probe.configMap('a', { l: 'v' }), { manager: 'other' });
      const live = await probe.apply(probe.configMap('a', { k: 'v' }, { labels }));
      const left = managedFields(live).filter(({ manager }) => manager !== 'm1');
      const released = await patch(probe, live, [
        version(live),
        { op: 'remove', path: '/metadata/labels/example.com~1app' },
        { op: 'replace', path: '/metadata/managedFields', value: left },
      ]);
      expect(released.data).toEqual({ k: 'v', l: 'v' });
      expect(released.metadata.labels ?? {}).toEqual({});
      expect(managedFields(released)).toEqual(left);
      const taken = await probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm2' });
      expect(taken.data).toEqual({ k: 'w', l: 'v' });
    },
  },
  {
    name: 'without any record left, the next apply finds everything owned by before-first-apply',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a'));
      const released = await patch(probe, live, [
        version(live),
        { op: 'replace', path: '/metadata/managedFields', value: [] },
      ]);
      expect(managedFields(released)).toEqual([]);
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm2' }));
      expect(error.conflicts).toEqual([{ manager: 'before-first-apply', field: '.data.k' }]);
      const same = await probe.apply(probe.configMap('a'), { manager: 'm2' });
      expect(managedFields(same).map(({ manager, operation }) => [manager, operation])).toEqual([
        ['m2', 'Apply'],
        ['before-first-apply', 'Update'],
      ]);
    },
  },
  {
    name: 'a patch that is bound to an old version is refused',
    async run(probe) {
      const old = await probe.apply(probe.configMap('a'));
      const live = await probe.apply(probe.configMap('a', { k: 'w' }));
      const error = await refusalOf(
        patch(probe, live, [version(old), { op: 'replace', path: '/metadata/managedFields', value: [] }]),
      );
      expect(error).toMatchObject({ code: 'Stale', status: 409 });
      expect(await probe.live(live)).toEqual(live);
    },
  },
  {
    name: 'a record under a new name makes the new manager the owner',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a', { k: 'v', l: 'v' }));
      await patch(probe, live, [
        version(live),
        { op: 'replace', path: '/metadata/managedFields', value: renamed(live, 'm2') },
      ]);
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm1' }));
      expect(error.conflicts).toEqual([{ manager: 'm2', field: '.data.k' }]);
      const without = await probe.apply(probe.configMap('a', { k: 'v' }), { manager: 'm2' });
      expect(without.data).toEqual({ k: 'v' });
    },
  },
  {
    name: 'a patch that tests a value that is not there is refused as invalid',
    async run(probe) {
      const live = await probe.apply(probe.configMap('a'));
      const error = await refusalOf(patch(probe, live, [{ op: 'test', path: '/data/k', value: 'x' }]));
      expect(error).toMatchObject({ code: 'Invalid', status: 422 });
    },
  },
];

function version(object: KubeObject): JsonObject {
  return { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion ?? '' };
}

function renamed(object: KubeObject, manager: string): JsonObject[] {
  return managedFields(object).map((entry) => ({ ...entry, manager }));
}

function patch(probe: ClusterProbe, object: KubeObject, body: readonly JsonObject[]): Promise<KubeObject> {
  return probe.client.patch(probe.ref(object), 'json', body, { manager: 'm1' });
}
