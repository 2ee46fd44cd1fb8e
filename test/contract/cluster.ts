// What Holdfast relies on in a Kubernetes API server, tried through our own client. The sandbox and a real one must both pass.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiDirectory, KubeClient } from '../../lib/adapters/kube/types.ts';
import { applyCases } from './cluster/apply-cases.ts';
import { conflictCases } from './cluster/conflict-cases.ts';
import { deleteCases } from './cluster/delete-cases.ts';
import { handoverCases } from './cluster/handover-cases.ts';
import { ClusterProbe, type ContractCase } from './cluster/probe.ts';
import { readCases } from './cluster/read-cases.ts';
import { refusalCases } from './cluster/refusal-cases.ts';
import { workloadCases } from './cluster/workload-cases.ts';
import type { Deviations } from './cluster.deviations.ts';

export interface ClusterUnderTest {
  /** Of an administrator. */
  readonly client: KubeClient;
  stop(): Promise<void>;
}

const parts: readonly (readonly [string, readonly ContractCase[]])[] = [
  ['apply', applyCases],
  ['ownership', conflictCases],
  ['handover', handoverCases],
  ['refusals', refusalCases],
  ['delete', deleteCases],
  ['reading', readCases],
  ['kinds and workloads', workloadCases],
];

/** Runs the suite. A case that is listed as a deviation must fail: an entry that is no longer needed is an error. */
export function clusterContract(start: () => Promise<ClusterUnderTest>, deviations: Deviations): void {
  let cluster: ClusterUnderTest;
  let directory: ApiDirectory;

  beforeAll(async () => {
    cluster = await start();
    directory = await cluster.client.discover();
  });
  afterAll(async () => {
    cluster?.client.close();
    await cluster?.stop();
  });

  /** Namespaces are never deleted: that takes a real cluster seconds, and nobody looks at them again. */
  async function freshProbe(): Promise<ClusterProbe> {
    const name = `case-${randomBytes(5).toString('hex')}`;
    const probe = new ClusterProbe(cluster.client, directory, name);
    await probe.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return probe;
  }

  for (const [part, cases] of parts) {
    describe(`cluster contract: ${part}`, () => {
      for (const { name, run } of cases) {
        const body = async () => run(await freshProbe());
        const reason = deviations[name];
        const define = reason === undefined ? test : test.fails;
        define(reason === undefined ? name : `${name} (deviates: ${reason})`, body);
      }
    });
  }

  test('every listed deviation names a case', () => {
    const names = new Set(parts.flatMap(([, cases]) => cases.map(({ name }) => name)));
    expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([]);
  });
}
