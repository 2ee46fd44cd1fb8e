// Where a cluster is known not to do what the cluster contract says, and why that is accepted. The suite fails for an entry
// that is no longer needed.

/** Name of the case -> reason. */
export type Deviations = Readonly<Record<string, string>>;

/** A real kube-apiserver: the contract is what it does. */
export const realClusterDeviations: Deviations = {};

/** The sandbox cluster: for trying and testing, on one machine. */
export const sandboxClusterDeviations: Deviations = {};
