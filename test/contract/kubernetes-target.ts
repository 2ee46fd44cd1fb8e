// What the Kubernetes target promises, tried on a cluster through the real client. The sandbox and a real cluster must both pass.
import type { Deviations } from './cluster.deviations.ts';
import { type ClusterUnderTest, runClusterCases } from './cluster-cases.ts';
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

/** Runs the suite on one cluster. */
export function kubernetesTargetContract(start: () => Promise<ClusterUnderTest>, deviations: Deviations): void {
  const bench = (...of: ConstructorParameters<typeof Workbench>): Workbench => new Workbench(...of);
  runClusterCases({ name: 'kubernetes target', parts, bench }, start, deviations);
}
