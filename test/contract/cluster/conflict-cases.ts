// Ownership of fields: who owns what, who is refused, and how lists with keys are merged.
import { expect } from 'vitest';
import { at, containersOf, type ContractCase, managedBy, managedFields, refusalOf } from './probe.ts';

export const conflictCases: readonly ContractCase[] = [
  {
    name: 'another value for a field of another manager is refused, with owner and field',
    async run(probe) {
      const before = await probe.apply(probe.configMap('a'));
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm2' }));
      expect(error).toMatchObject({ code: 'Conflict', status: 409, retryable: false });
      expect(error.conflicts).toEqual([{ manager: 'm1', field: '.data.k' }]);
      expect(await probe.live(probe.configMap('a'))).toEqual(before);
    },
  },
  {
    name: 'a dry run is refused for the same conflict',
    async run(probe) {
      await probe.apply(probe.configMap('a'));
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm2', dryRun: true }));
      expect(error.conflicts).toEqual([{ manager: 'm1', field: '.data.k' }]);
    },
  },
  {
    name: 'every conflicting manager and field is told, list items by their key',
    async run(probe) {
      const replicas = (count: number) => ({ replicas: count });
      await probe.apply(probe.deployment('d', [{ name: 'web', image: 'web:1' }], replicas(1)));
      await probe.apply(probe.configMap('x'));
      const other = probe.deployment('d', [{ name: 'web', image: 'web:2' }], replicas(2));
      const error = await refusalOf(probe.apply(other, { manager: 'm2' }));
      expect([...error.conflicts].sort((a, b) => a.field.localeCompare(b.field))).toEqual([
        { manager: 'm1', field: '.spec.replicas' },
        { manager: 'm1', field: '.spec.template.spec.containers[name="web"].image' },
      ]);
    },
  },
  {
    name: 'the same value is no conflict: both own the field then',
    async run(probe) {
      await probe.apply(probe.configMap('a'));
      const both = await probe.apply(probe.configMap('a'), { manager: 'm2' });
      expect(
        managedFields(both)
          .map(({ manager }) => manager)
          .sort(),
      ).toEqual(['m1', 'm2']);
    },
  },
  {
    name: 'force takes the field: the other manager owns it no longer',
    async run(probe) {
      await probe.apply(probe.configMap('a', { k: 'v', mine: '1' }));
      const taken = await probe.apply(probe.configMap('a', { k: 'w' }), { manager: 'm2', force: true });
      expect(taken.data).toEqual({ k: 'w', mine: '1' });
      expect(managedBy(taken, 'm1')?.fieldsV1).toEqual({ 'f:data': { 'f:mine': {} } });
      expect(managedBy(taken, 'm2')?.fieldsV1).toEqual({ 'f:data': { 'f:k': {} } });
    },
  },
  {
    name: 'a hand edit takes the field, and the next apply is refused with the editor as owner',
    async run(probe) {
      await probe.apply(probe.configMap('a'));
      const edited = await probe.edit(probe.configMap('a'), { data: { k: 'by hand' } });
      expect(managedBy(edited, 'kubectl-edit')).toMatchObject({
        operation: 'Update',
        apiVersion: 'v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:k': {} } },
      });
      expect(managedBy(edited, 'm1')?.fieldsV1 ?? {}).not.toMatchObject({ 'f:data': { 'f:k': {} } });
      const error = await refusalOf(probe.apply(probe.configMap('a', { k: 'v' })));
      expect(error.conflicts).toEqual([{ manager: 'kubectl-edit', field: '.data.k' }]);
      const healed = await probe.apply(probe.configMap('a', { k: 'v' }), { force: true });
      expect(healed.data).toEqual({ k: 'v' });
      expect(managedBy(healed, 'kubectl-edit')?.fieldsV1 ?? {}).not.toHaveProperty(['f:data', 'f:k']);
    },
  },
  {
    name: 'a hand edit back to our value leaves nothing to apply',
    async run(probe) {
      await probe.apply(probe.configMap('a'));
      await probe.edit(probe.configMap('a'), { data: { k: 'by hand' } });
      await probe.edit(probe.configMap('a'), { data: { k: 'v' } });
      expect((await probe.apply(probe.configMap('a'))).data).toEqual({ k: 'v' });
    },
  },
  {
    name: 'a field that was removed by hand comes back',
    async run(probe) {
      await probe.apply(probe.configMap('a', { k: 'v', l: 'v' }));
      const edited = await probe.edit(probe.configMap('a'), { data: { l: null } });
      expect(edited.data).toEqual({ k: 'v' });
      expect((await probe.apply(probe.configMap('a', { k: 'v', l: 'v' }))).data).toEqual({ k: 'v', l: 'v' });
    },
  },
  {
    name: 'containers are merged by name',
    async run(probe) {
      await probe.apply(probe.deployment('d'));
      const sidecar = probe.deployment('d', [{ name: 'proxy', image: 'proxy:1' }]);
      const both = await probe.apply(sidecar, { manager: 'm2' });
      expect(containersOf(both).map(({ name }) => name)).toEqual(['web', 'proxy']);
      const alone = await probe.apply(probe.deployment('d', []), { manager: 'm2' });
      expect(containersOf(alone).map(({ name }) => name)).toEqual(['web']);
    },
  },
  {
    name: 'environment variables are merged by name, and ours go when we drop them',
    async run(probe) {
      const env = (...names: string[]) => [
        { name: 'web', image: 'web:1', env: names.map((name) => ({ name, value: name })) },
      ];
      const names = (object: Parameters<typeof containersOf>[0]) =>
        (containersOf(object)[0]?.env as { name: string }[] | undefined)?.map(({ name }) => name);
      await probe.apply(probe.deployment('d', env('A', 'B')));
      const theirs = probe.deployment('d', env('C'));
      expect(names(await probe.apply(theirs, { manager: 'm2' }))).toEqual(['A', 'B', 'C']);
      expect(names(await probe.apply(probe.deployment('d', env('B'))))).toEqual(['B', 'C']);
    },
  },
  {
    name: 'container ports have two keys: number and protocol',
    async run(probe) {
      const web = (ports: readonly { containerPort: number; protocol: string; name?: string }[]) =>
        probe.deployment('d', [{ name: 'web', image: 'web:1', ports }]);
      await probe.apply(web([{ containerPort: 53, protocol: 'TCP' }]));
      const both = await probe.apply(web([{ containerPort: 53, protocol: 'UDP' }]), { manager: 'm2' });
      expect(containersOf(both)[0]?.ports).toEqual([
        { containerPort: 53, protocol: 'TCP' },
        { containerPort: 53, protocol: 'UDP' },
      ]);
      const fields = at(
        managedBy(both, 'm2')?.fieldsV1,
        'f:spec',
        'f:template',
        'f:spec',
        'f:containers',
        'k:{"name":"web"}',
        'f:ports',
      );
      expect(fields).toEqual({
        'k:{"containerPort":53,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
      });
      await probe.apply(web([{ containerPort: 53, protocol: 'TCP', name: 'dns' }]));
      const error = await refusalOf(
        probe.apply(web([{ containerPort: 53, protocol: 'TCP', name: 'other' }]), { manager: 'm2' }),
      );
      const item = '.spec.template.spec.containers[name="web"].ports[containerPort=53,protocol="TCP"].name';
      expect(error.conflicts).toEqual([{ manager: 'm1', field: item }]);
    },
  },
  {
    name: 'the default of a key counts: a port without protocol is a TCP port',
    async run(probe) {
      const web = (ports: readonly { containerPort: number; protocol?: string; name?: string }[]) =>
        probe.deployment('d', [{ name: 'web', image: 'web:1', ports }]);
      const first = await probe.apply(web([{ containerPort: 80 }]));
      expect(containersOf(first)[0]?.ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
      const named = await probe.apply(web([{ containerPort: 80, protocol: 'TCP', name: 'http' }]));
      expect(containersOf(named)[0]?.ports).toEqual([{ containerPort: 80, protocol: 'TCP', name: 'http' }]);
    },
  },
  {
    name: 'a list without keys is one value: another one is a conflict',
    async run(probe) {
      const web = (...args: string[]) => probe.deployment('d', [{ name: 'web', image: 'web:1', args }]);
      await probe.apply(web('a', 'b'));
      const error = await refusalOf(probe.apply(web('a'), { manager: 'm2' }));
      expect(error.conflicts).toEqual([{ manager: 'm1', field: '.spec.template.spec.containers[name="web"].args' }]);
    },
  },
  {
    name: 'a list that is a set is united',
    async run(probe) {
      const held = (...finalizers: string[]) => probe.configMap('a', undefined, { finalizers });
      await probe.apply(held('example.com/one'));
      const both = await probe.apply(held('example.com/two'), { manager: 'm2' });
      expect(both.metadata.finalizers).toEqual(['example.com/one', 'example.com/two']);
      const one = await probe.apply(held(), { manager: 'm2' });
      expect(one.metadata.finalizers).toEqual(['example.com/one']);
      await probe.apply(held());
    },
  },
  {
    name: 'a record of ownership names list items by their keys',
    async run(probe) {
      const live = await probe.apply(
        probe.deployment('d', [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] }]),
      );
      expect(managedBy(live, 'm1')).toMatchObject({ operation: 'Apply', apiVersion: 'apps/v1' });
      expect(at(managedBy(live, 'm1')?.fieldsV1, 'f:spec', 'f:template', 'f:spec', 'f:containers')).toEqual({
        'k:{"name":"web"}': {
          '.': {},
          'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
          'f:image': {},
          'f:name': {},
        },
      });
    },
  },
];
