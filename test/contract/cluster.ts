// What Holdfast relies on in a Kubernetes API server, tried through our own client. The sandbox and a real one must both pass.
import { applyCases } from './cluster/apply-cases.ts';
import { conflictCases } from './cluster/conflict-cases.ts';
import { deleteCases } from './cluster/delete-cases.ts';
import { handoverCases } from './cluster/handover-cases.ts';
import { ClusterProbe, type ContractCase } from './cluster/probe.ts';
import { readCases } from './cluster/read-cases.ts';
import { refusalCases } from './cluster/refusal-cases.ts';
import { workloadCases } from './cluster/workload-cases.ts';
import type { Deviations } from './cluster.deviations.ts';
import { type ClusterUnderTest, runClusterCases } from './cluster-cases.ts';

const parts: readonly (readonly [string, readonly ContractCase[]])[] = [
  ['apply', applyCases],
  ['ownership', conflictCases],
  ['handover', handoverCases],
  ['refusals', refusalCases],
  ['delete', deleteCases],
  ['reading', readCases],
  ['kinds and workloads', workloadCases],
];

/** Runs the suite on one cluster. */
export function clusterContract(start: () => Promise<ClusterUnderTest>, deviations: Deviations): void {
  const bench = (...of: ConstructorParameters<typeof ClusterProbe>): ClusterProbe => new ClusterProbe(...of);
  runClusterCases({ name: 'cluster contract', parts, bench }, start, deviations);
}
