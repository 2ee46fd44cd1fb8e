// Server-side apply: creating, updating, doing nothing, and writing only what was looked at.
import { expect } from 'vitest';
import { neverMatches } from '../../../lib/adapters/kube/types.ts';
import { eventually } from '../../support/eventually.ts';
import { at, type ContractCase, managedBy, managedFields, refusalOf } from './probe.ts';

export const applyCases: readonly ContractCase[] = [
  {
    name: 'an apply creates the object, with uid, version, time and our record of ownership',
    async run(probe) {
      const resource = probe.resource('v1', 'ConfigMap');
      const answer = await probe.client.apply(resource, probe.configMap('a'), { manager: 'm1' });
      expect(answer).toMatchObject({ created: true, warnings: [], object: { kind: 'ConfigMap', data: { k: 'v' } } });
      const { metadata } = answer.object;
      expect(metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
      expect(metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
      expect(metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      expect(managedFields(answer.object)).toEqual([
        {
          manager: 'm1',
          operation: 'Apply',
          apiVersion: 'v1',
          time: metadata.creationTimestamp,
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { 'f:k': {} } },
        },
      ]);
      expect(await probe.get(probe.configMap('a'))).toEqual(answer.object);
    },
  },
  {
    name: 'an apply of a change updates: same uid, a later version',
    async run(probe) {
      const before = await probe.apply(probe.configMap('a'));
      const resource = probe.resource('v1', 'ConfigMap');
      const after = await probe.client.apply(resource, probe.configMap('a', { k: 'w' }), { manager: 'm1' });
      expect(after).toMatchObject({
        created: false,
        object: { data: { k: 'w' }, metadata: { uid: before.metadata.uid } },
      });
      expect(Number(after.object.metadata.resourceVersion)).toBeGreaterThan(Number(before.metadata.resourceVersion));
    },
  },
  {
    name: 'an apply without a change leaves the resourceVersion',
    async run(probe) {
      for (const object of [probe.configMap('a'), probe.deployment('d')]) {
        await probe.apply(object);
        // Controllers write status now and then: looked at again until nobody else wrote in between.
        await eventually(async () => {
          const before = await probe.live(object);
          const after = await probe.apply(object);
          return after.metadata.resourceVersion === before.metadata.resourceVersion;
        });
      }
    },
  },
  {
    name: 'the generation counts changes of the spec, not of labels',
    async run(probe) {
      const generation = async (...args: Parameters<typeof probe.apply>) =>
        (await probe.apply(...args)).metadata.generation;
      const deployment = probe.deployment('d');
      expect(await generation(deployment)).toBe(1);
      const labelled = { ...deployment, metadata: { ...deployment.metadata, labels: { l: '1' } } };
      expect(await generation(labelled)).toBe(1);
      const changed = probe.deployment('d', [{ name: 'web', image: 'web:2' }]);
      expect(await generation({ ...changed, metadata: labelled.metadata })).toBe(2);
    },
  },
  {
    name: 'a dry run shows the result of a create and writes nothing',
    async run(probe) {
      const shown = await probe.apply(probe.configMap('a'), { dryRun: true });
      expect(shown).toMatchObject({ data: { k: 'v' }, metadata: { name: 'a', namespace: probe.namespace } });
      expect(managedBy(shown, 'm1')).toBeDefined();
      expect(await probe.get(probe.configMap('a'))).toBeUndefined();
    },
  },
  {
    name: 'a dry run shows the result of an update, with the old version, and writes nothing',
    async run(probe) {
      const before = await probe.apply(probe.configMap('a'));
      const shown = await probe.apply(probe.configMap('a', { k: 'w' }), { dryRun: true });
      expect(shown).toMatchObject({ data: { k: 'w' }, metadata: { resourceVersion: before.metadata.resourceVersion } });
      expect(await probe.live(probe.configMap('a'))).toEqual(before);
    },
  },
  {
    name: 'resourceVersion "1" creates what is not there',
    async run(probe) {
      const object = await probe.apply(probe.configMap('a'), { resourceVersion: neverMatches });
      expect(object.metadata.resourceVersion).not.toBe(neverMatches);
      expect(await probe.live(probe.configMap('a'))).toEqual(object);
    },
  },
  {
    name: 'resourceVersion "1" is refused when the object is there, even for the same content',
    async run(probe) {
      const before = await probe.apply(probe.configMap('a'));
      const error = await refusalOf(probe.apply(probe.configMap('a'), { resourceVersion: neverMatches }));
      expect(error).toMatchObject({ code: 'Stale', status: 409 });
      expect(await probe.live(probe.configMap('a'))).toEqual(before);
    },
  },
  {
    name: 'the current resourceVersion lets an update pass, an old one does not, not even with force',
    async run(probe) {
      const first = await probe.apply(probe.configMap('a'));
      const { resourceVersion = '' } = first.metadata;
      const second = await probe.apply(probe.configMap('a', { k: 'w' }), { resourceVersion });
      expect(second.data).toEqual({ k: 'w' });
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'x' }), { resourceVersion, force: true }));
      expect(error).toMatchObject({ code: 'Stale', status: 409 });
      const dry = await refusalOf(probe.apply(probe.configMap('a', { k: 'x' }), { resourceVersion, dryRun: true }));
      expect(dry).toMatchObject({ code: 'Stale', status: 409 });
    },
  },
  {
    name: 'the uid of another object is refused',
    async run(probe) {
      const { uid = '' } = (await probe.apply(probe.configMap('a'))).metadata;
      expect((await probe.apply(probe.configMap('a', { k: 'w' }), { uid })).data).toEqual({ k: 'w' });
      const other = '00000000-0000-4000-8000-000000000000';
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'x' }), { uid: other }));
      expect(error.code).toBe('Stale');
    },
  },
  {
    name: 'with a uid, an object that is not there is not created',
    async run(probe) {
      const uid = '00000000-0000-4000-8000-000000000000';
      expect((await refusalOf(probe.apply(probe.configMap('a'), { uid }))).code).toBe('Stale');
      expect(await probe.get(probe.configMap('a'))).toBeUndefined();
    },
  },
  {
    name: 'a field that we no longer apply is removed, one of others stays',
    async run(probe) {
      await probe.apply(probe.configMap('a', { k: 'v', gone: 'x' }, { labels: { mine: '1' } }));
      await probe.edit(probe.configMap('a'), { data: { theirs: 'y' } });
      const after = await probe.apply(probe.configMap('a', { k: 'v' }));
      expect(after.data).toEqual({ k: 'v', theirs: 'y' });
      expect(after.metadata.labels).toBeUndefined();
    },
  },
  {
    name: 'a field that two managers apply stays until both have let go',
    async run(probe) {
      await probe.apply(probe.configMap('a', { k: 'v', both: 'x' }));
      await probe.apply(probe.configMap('a', { both: 'x' }), { manager: 'm2' });
      expect((await probe.apply(probe.configMap('a', { k: 'v' }))).data).toEqual({ k: 'v', both: 'x' });
      expect((await probe.apply(probe.configMap('a', {}), { manager: 'm2' })).data).toEqual({ k: 'v' });
    },
  },
  {
    name: 'creating what exists is refused',
    async run(probe) {
      const resource = probe.resource('v1', 'ConfigMap');
      const created = await probe.client.create(resource, probe.configMap('a'), { manager: 'm1' });
      expect(managedBy(created, 'm1')).toMatchObject({ operation: 'Update' });
      const error = await refusalOf(probe.client.create(resource, probe.configMap('a'), { manager: 'm1' }));
      expect(error).toMatchObject({ code: 'AlreadyExists', status: 409 });
    },
  },
  {
    name: 'what the server fills in is owned by nobody',
    async run(probe) {
      const live = await probe.apply(probe.deployment('d'));
      expect(at(live, 'spec', 'strategy', 'type')).toBe('RollingUpdate');
      expect(at(live, 'spec', 'template', 'spec', 'restartPolicy')).toBe('Always');
      expect(JSON.stringify(managedBy(live, 'm1')?.fieldsV1)).not.toContain('strategy');
    },
  },
  {
    name: 'a Service gets an address, and keeps it',
    async run(probe) {
      const service = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 's', namespace: probe.namespace },
        spec: { selector: { app: 'x' }, ports: [{ port: 80 }] },
      };
      const address = at(await probe.apply(service), 'spec', 'clusterIP');
      expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      const spec = { ...service.spec, ports: [{ port: 81 }] };
      expect(at(await probe.apply({ ...service, spec }), 'spec', 'clusterIP')).toBe(address);
    },
  },
  {
    name: 'a Secret is stored as base64, and applying its stringData again changes nothing',
    async run(probe) {
      const metadata = { name: 's', namespace: probe.namespace };
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { password: 'hunter2' } };
      const first = await probe.apply(secret);
      expect(first.data).toEqual({ password: Buffer.from('hunter2').toString('base64') });
      expect(first.stringData).toBeUndefined();
      expect((await probe.apply(secret)).metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    },
  },
  {
    name: 'a cluster-scoped object is applied without a namespace',
    async run(probe) {
      const role = {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: probe.namespace },
        rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
      };
      const live = await probe.apply(role);
      expect(live.metadata.namespace).toBeUndefined();
      expect(await probe.get(role)).toEqual(live);
      expect(await probe.client.delete(probe.ref(role))).toBe('deleted');
    },
  },
];
