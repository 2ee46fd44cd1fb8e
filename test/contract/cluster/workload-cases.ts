// Kinds that users define, and what controllers make of workloads.
import { expect } from 'vitest';
import { isKubeError } from '../../../lib/adapters/kube/errors.ts';
import { lookupKind } from '../../../lib/adapters/kube/discovery.ts';
import type { JsonObject } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { eventually } from '../../support/eventually.ts';
import { at, type ClusterProbe, type ContractCase, managedBy, refusalOf } from './probe.ts';

export const workloadCases: readonly ContractCase[] = [
  {
    name: 'a custom kind: defined, discovered, applied, and gone with its definition',
    async run(probe) {
      const definition = await define(probe, { scope: 'Namespaced', spec: openSchema });
      const widget = custom(probe, { size: 1 });
      expect((await applyWhenServed(probe, widget)).spec).toEqual({ size: 1 });
      expect(lookupKind(probe.directory, widget.apiVersion, 'Widget')).toMatchObject({
        resource: { plural: 'widgets', namespaced: true },
      });
      const error = await refusalOf(probe.apply(custom(probe, { size: 2 }), { manager: 'm2' }));
      expect(error.conflicts).toEqual([{ manager: 'm1', field: '.spec.size' }]);
      await probe.client.delete(probe.ref(definition));
      await eventually(async () => (await probe.get(definition)) === undefined, { within: 10_000 });
      const ref = probe.ref(widget);
      await eventually(async () => (await refusalOf(probe.client.get(ref))).code === 'UnknownResource');
      await eventually(
        async () => lookupKind(await probe.rediscover(), widget.apiVersion, 'Widget').state === 'missing',
      );
    },
  },
  {
    name: 'fields of a custom kind without a schema are recorded one by one',
    async run(probe) {
      const definition = await define(probe, { scope: 'Namespaced', spec: openSchema });
      const live = await applyWhenServed(probe, custom(probe, { size: 1, deep: { er: ['x'] } }));
      expect(managedBy(live, 'm1')?.fieldsV1).toEqual({
        'f:spec': { 'f:deep': { '.': {}, 'f:er': {} }, 'f:size': {} },
      });
      await probe.client.delete(probe.ref(definition));
    },
  },
  {
    name: 'a definition says when it is established',
    async run(probe) {
      const definition = await define(probe, { scope: 'Cluster', spec: openSchema });
      const conditions = at(await probe.live(definition), 'status', 'conditions') as readonly JsonObject[];
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'Established', status: 'True' }));
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'NamesAccepted', status: 'True' }));
      const widget = custom(probe, { size: 1 }, {});
      expect((await applyWhenServed(probe, widget)).metadata.namespace).toBeUndefined();
      await probe.client.delete(probe.ref(definition));
    },
  },
  {
    name: 'a custom kind with a schema refuses unknown fields and wrong types',
    async run(probe) {
      const spec = { type: 'object', properties: { size: { type: 'integer', minimum: 1 } } };
      const definition = await define(probe, { scope: 'Namespaced', spec });
      await applyWhenServed(probe, custom(probe, { size: 1 }));
      expect(await refusalOf(probe.apply(custom(probe, { size: 1, colour: 'red' })))).toMatchObject({
        code: 'SchemaMistake',
      });
      expect(await refusalOf(probe.apply(custom(probe, { size: 'one' })))).toMatchObject({ code: 'SchemaMistake' });
      expect(await refusalOf(probe.apply(custom(probe, { size: 0 })))).toMatchObject({ code: 'Invalid', status: 422 });
      await probe.client.delete(probe.ref(definition));
    },
  },
  {
    name: 'a Deployment becomes available, and its status says of which generation it speaks',
    async run(probe) {
      const web = [{ name: 'web', image: 'web:1' }];
      const deployment = await probe.apply(probe.deployment('d', web, { replicas: 2 }));
      const ready = await eventually(
        async () => {
          const live = await probe.live(deployment);
          return at(live, 'status', 'availableReplicas') === 2 ? live : undefined;
        },
        { within: 15_000, what: 'the Deployment being available' },
      );
      expect(ready.status).toMatchObject({ observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2 });
      const conditions = at(ready, 'status', 'conditions') as readonly JsonObject[];
      expect(conditions).toContainEqual(expect.objectContaining({ type: 'Available', status: 'True' }));
      expect(conditions).toContainEqual(
        expect.objectContaining({ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }),
      );
    },
  },
  {
    name: 'what controllers write takes no field from us: the next apply changes nothing',
    async run(probe) {
      const deployment = probe.deployment('d', [{ name: 'web', image: 'web:1' }], { replicas: 1 });
      await probe.apply(deployment);
      const settled = await eventually(
        async () => {
          const live = await probe.live(deployment);
          return at(live, 'status', 'availableReplicas') === 1 ? live : undefined;
        },
        { within: 15_000 },
      );
      const again = await probe.apply(deployment);
      expect(again.metadata.generation).toBe(settled.metadata.generation);
      expect(at(again, 'spec')).toEqual(at(settled, 'spec'));
      const record = managedBy(again, 'm1');
      expect(record).toEqual(managedBy(settled, 'm1'));
    },
  },
];

const openSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Each case has a group of its own, so that cases do not see one another's kinds. */
function groupOfProbe(probe: ClusterProbe): string {
  return `${probe.namespace}.example.com`;
}

interface Definition {
  readonly scope: 'Namespaced' | 'Cluster';
  /** Schema of `spec`. */
  readonly spec: JsonObject;
}

/** Defines kind Widget and waits until the cluster says that it is served. */
async function define(probe: ClusterProbe, { scope, spec }: Definition): Promise<KubeObject> {
  const group = groupOfProbe(probe);
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } };
  const definition = await probe.apply({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope,
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  });
  await eventually(
    async () => {
      const conditions = at(await probe.live(definition), 'status', 'conditions') as readonly JsonObject[] | undefined;
      return conditions?.some(({ type, status }) => type === 'Established' && status === 'True');
    },
    { within: 10_000, what: 'the definition being established' },
  );
  const apiVersion = `${group}/v1`;
  await eventually(async () => lookupKind(await probe.rediscover(), apiVersion, 'Widget').state === 'found', {
    within: 10_000,
    what: 'discovery telling the new kind',
  });
  return definition;
}

function custom(
  probe: ClusterProbe,
  spec: JsonObject,
  metadata: JsonObject = { namespace: probe.namespace },
): KubeObject {
  return { apiVersion: `${groupOfProbe(probe)}/v1`, kind: 'Widget', metadata: { name: 'w', ...metadata }, spec };
}

/** Even an established kind may be answered with 404 for some milliseconds. */
function applyWhenServed(probe: ClusterProbe, object: KubeObject): Promise<KubeObject> {
  return eventually(
    async () => {
      try {
        return await probe.apply(object);
      } catch (error) {
        if (isKubeError(error, 'UnknownResource')) return undefined;
        throw error;
      }
    },
    { within: 10_000, what: 'the kind being served' },
  );
}
