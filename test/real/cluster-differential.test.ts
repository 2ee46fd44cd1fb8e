// The sandbox against a real kube-apiserver: the same random applies and edits, and after each the same outcome, the same
// object and the same records of ownership.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKubeClient } from '../../lib/adapters/kube/client.ts';
import { isKubeError } from '../../lib/adapters/kube/errors.ts';
import { loadKubeconfig } from '../../lib/adapters/kube/kubeconfig.ts';
import { startSandboxCluster } from '../../lib/adapters/sandbox/cluster/server.ts';
import type { Json, JsonObject } from '../../lib/core/json.ts';
import type { KubeObject } from '../../lib/core/kubernetes/object.ts';
import { ClusterProbe, managedFields } from '../contract/cluster/probe.ts';
import { startControlPlane } from '../support/cluster/control-plane.ts';

interface Side {
  readonly probe: (namespace: string) => Promise<ClusterProbe>;
  readonly stop: () => Promise<void>;
}

async function side(kubeconfig: string, stop: () => Promise<void>): Promise<Side> {
  const client = createKubeClient((await loadKubeconfig({ file: kubeconfig })).connection);
  const directory = await client.discover();
  return {
    async probe(namespace) {
      const probe = new ClusterProbe(client, directory, namespace);
      await probe.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      return probe;
    },
    async stop() {
      client.close();
      await stop();
    },
  };
}

let real: Side;
let sandbox: Side;
beforeAll(async () => {
  const plane = await startControlPlane({ controllers: 'none' });
  real = await side(plane.kubeconfig, () => plane.stop());
  const dataDir = await mkdtemp(path.join(tmpdir(), 'holdfast-differential-'));
  const cluster = await startSandboxCluster({ dataDir });
  sandbox = await side(cluster.kubeconfigPath, async () => {
    await cluster.close();
    await rm(dataDir, { recursive: true, force: true });
  });
});
afterAll(async () => {
  await real?.stop();
  await sandbox?.stop();
});

type Operation =
  | {
      readonly verb: 'apply';
      readonly manager: string;
      readonly force: boolean;
      readonly dryRun: boolean;
      readonly content: JsonObject;
    }
  | { readonly verb: 'edit'; readonly content: JsonObject };

/** Does one operation and tells everything that a client can see of it, but for ids, versions and times. */
async function outcome(probe: ClusterProbe, base: KubeObject, operation: Operation): Promise<Json> {
  const { metadata = {}, ...rest } = operation.content;
  const object = {
    ...base,
    ...rest,
    metadata: { ...base.metadata, namespace: probe.namespace, ...(metadata as JsonObject) },
  };
  const before = await probe.get(object);
  let answer: Json;
  try {
    const { verb } = operation;
    answer = seen(
      verb === 'apply' ? await probe.apply(object, operation) : await probe.edit(object, operation.content),
    );
  } catch (error) {
    if (!isKubeError(error)) throw error;
    const conflicts = error.conflicts.map(({ manager, field }) => `${manager} ${field}`).sort();
    answer = { code: error.code, status: error.status, conflicts };
  }
  const after = await probe.get(object);
  const written = before?.metadata.resourceVersion !== after?.metadata.resourceVersion;
  const live = after === undefined ? null : seen(after);
  // Controllers of the sandbox write status whenever they like.
  return object.kind === 'ReplicaSet' ? { answer, live } : { answer, written, live };
}

const ownWords = new Set([
  'status',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'namespace',
  'managedFields',
  'clusterIP',
  'clusterIPs',
]);

function seen(object: KubeObject): JsonObject {
  const records = managedFields(object)
    .filter(({ subresource }) => subresource !== 'status')
    .map(({ time: _time, ...record }) => record)
    .sort((a, b) => `${a.operation}${a.manager}`.localeCompare(`${b.operation}${b.manager}`));
  const strip = (value: Json | undefined): Json | undefined =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value).flatMap(([key, inner]) => (ownWords.has(key) ? [] : [[key, strip(inner)]])),
        )
      : value;
  return { ...(strip(object) as JsonObject), records };
}

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const present = (object: Record<string, unknown>): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as JsonObject;
const record = (model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<JsonObject> =>
  fc.record(Object.fromEntries(Object.entries(model).map(([key, arbitrary]) => [key, some(arbitrary)]))).map(present);
const items = (keys: readonly string[], item: (key: string) => fc.Arbitrary<JsonObject>) =>
  fc.subarray([...keys]).chain((chosen) => fc.tuple(...chosen.map(item)));

const words = fc.constantFrom('1', '2');
const strings = record({ a: words, b: words, c: words });
const metadata = record({
  labels: strings,
  annotations: strings,
  finalizers: fc.subarray(['x.example/1', 'x.example/2']),
});

const env = items(['A', 'B'], (name) => words.map((value) => ({ name, value })));
const ports = fc.subarray([
  { containerPort: 80, protocol: 'TCP' },
  { containerPort: 80, protocol: 'UDP' },
  { containerPort: 81 },
]);
const resources = fc.constantFrom({ limits: { cpu: '1' } }, { limits: { cpu: '1000m', memory: '1Gi' } }, {});
const containers = items(['web', 'side'], (name) =>
  record({ args: fc.subarray(['x', 'y']), env, ports, resources, command: fc.constant(['run']) }).chain((rest) =>
    words.map((tag) => ({ name, image: `i:${tag}`, ...rest })),
  ),
);
/** One kind of source for each name: two in one volume are refused by validation, which the sandbox does not have. */
const volumes = items(['v', 'w'], (name) =>
  name === 'v' ? fc.constant({ name, emptyDir: {} }) : words.map((value) => ({ name, configMap: { name: value } })),
);
const podSpec = fc.record({ containers, more: record({ volumes, nodeSelector: strings, priorityClassName: words }) });
const labels = { app: 'x' };
const replicaSet = fc.record({ podSpec, metadata, more: record({ minReadySeconds: fc.constantFrom(0, 5) }) }).map(
  ({ podSpec: { containers, more: pod }, metadata, more }): JsonObject => ({
    metadata,
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, ...pod } },
      ...more,
    },
  }),
);
/** Names differ, because validation wants that, which the sandbox does not have. */
const servicePorts = items(['80/TCP', '80/UDP', '81/'], (key) => {
  const [port, protocol] = key.split('/');
  return fc.constantFrom(8080, 'http', undefined).map((targetPort) =>
    present({
      name: `p${port}${protocol?.toLowerCase()}`,
      port: Number(port),
      protocol: protocol || undefined,
      targetPort,
    }),
  );
});

interface Kind {
  readonly base: KubeObject;
  readonly content: fc.Arbitrary<JsonObject>;
  readonly edit: fc.Arbitrary<JsonObject>;
}

const kinds: Record<string, Kind> = {
  ConfigMap: {
    base: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    content: record({ metadata }).chain((rest) => strings.map((data) => ({ data: { always: '1', ...data }, ...rest }))),
    edit: record({
      data: record({ a: fc.constantFrom(null, '1', '3'), d: words }),
      metadata: record({ labels: strings }),
    }),
  },
  ReplicaSet: {
    base: { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'x' } },
    content: replicaSet,
    edit: record({
      spec: record({ minReadySeconds: fc.constantFrom(null, 7) }),
      metadata: record({ annotations: strings }),
    }),
  },
  Service: {
    base: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' } },
    content: record({
      spec: record({ selector: strings, ports: servicePorts, publishNotReadyAddresses: fc.boolean() }),
      metadata,
    }),
    edit: record({ spec: record({ selector: strings, publishNotReadyAddresses: fc.boolean() }) }),
  },
};

function operations({ content, edit }: Kind): fc.Arbitrary<Operation[]> {
  const apply = fc.record({
    verb: fc.constant('apply' as const),
    manager: fc.constantFrom('m1', 'm2'),
    force: fc.boolean(),
    dryRun: fc.constantFrom(false, false, false, true),
    content,
  });
  const byHand = fc.record({ verb: fc.constant('edit' as const), content: edit });
  return fc.array(fc.oneof({ weight: 4, arbitrary: apply }, { weight: 1, arbitrary: byHand }), {
    minLength: 1,
    maxLength: 6,
  });
}

test.each(Object.entries(kinds))('%s', async (_name, kind) => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(operations(kind), async (sequence) => {
      const namespace = `d-${kind.base.kind.toLowerCase()}-${run++}`;
      const [ours, theirs] = [await sandbox.probe(namespace), await real.probe(namespace)];
      for (const operation of sequence) {
        expect(await outcome(ours, kind.base, operation)).toEqual(await outcome(theirs, kind.base, operation));
      }
    }),
    // The same sequences every time; HOLDFAST_SEED and HOLDFAST_RUNS search further.
    { seed: Number(process.env.HOLDFAST_SEED ?? 1), numRuns: Number(process.env.HOLDFAST_RUNS ?? 60) },
  );
});
