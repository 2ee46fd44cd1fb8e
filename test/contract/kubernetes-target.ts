// What the Kubernetes target promises, tried on a cluster through the real client. The sandbox and a real cluster must both pass.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApiDirectory } from '../../lib/adapters/kube/types.ts';
import type { ClusterUnderTest } from './cluster.ts';
import type { Deviations } from './cluster.deviations.ts';
import { applyCases } from './kubernetes-target/apply-cases.ts';
import { driftCases } from './kubernetes-target/drift-cases.ts';
import { faultCases } from './kubernetes-target/fault-cases.ts';
import { healthCases } from './kubernetes-target/health-cases.ts';
import { ownerCases } from './kubernetes-target/owner-cases.ts';
import { pruneCases } from './kubernetes-target/prune-cases.ts';
import { randomCases } from './kubernetes-target/random-cases.ts';
import { type TargetCase, Workbench } from './kubernetes-target/workbench.ts';

const parts: readonly (readonly [string, readonly TargetCase[]])[] = [
  ['apply', applyCases],
  ['drift', driftCases],
  ['prune', pruneCases],
  ['owners', ownerCases],
  ['faults', faultCases],
  ['health', healthCases],
  ['histories', randomCases],
];

/** Runs the suite. A case that is listed as a deviation must fail: an entry that is no longer needed is an error. */
export function kubernetesTargetContract(start: () => Promise<ClusterUnderTest>, deviations: Deviations): void {
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

  async function freshBench(): Promise<Workbench> {
    const name = `case-${randomBytes(5).toString('hex')}`;
    const bench = new Workbench(cluster.client, directory, name);
    await bench.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    return bench;
  }

  for (const [part, cases] of parts) {
    describe(`kubernetes target: ${part}`, () => {
      for (const { name, run } of cases) {
        const body = async () => run(await freshBench());
        const reason = deviations[name];
        const define = reason === undefined ? test : test.fails;
        define(reason === undefined ? name : `${name} (deviates: ${reason})`, body);
      }
    });
  }

  test('every listed deviation of the target names a case', () => {
    const names = new Set(parts.flatMap(([, cases]) => cases.map(({ name }) => name)));
    expect(Object.keys(deviations).filter((name) => !names.has(name))).toEqual([]);
  });
}
