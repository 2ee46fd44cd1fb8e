// Where a cluster is known not to do what the cluster contract says, and why that is accepted. The suite fails for an entry
// that is no longer needed.

/** Name of the case -> reason. */
export type Deviations = Readonly<Record<string, string>>;

/** A real kube-apiserver: the contract is what it does. */
export const realClusterDeviations: Deviations = {};

/** The sandbox cluster: for trying and testing, on one machine. */
export const sandboxClusterDeviations: Deviations = {
  'a custom kind with a schema refuses unknown fields and wrong types':
    'the sandbox takes definitions without looking at their schemas',
  'a quantity that is none is a mistake in the manifest': 'the sandbox does not read quantities of limits and requests',
  'without any record left, the next apply finds everything owned by before-first-apply':
    'the sandbox keeps records that a patch empties',
  'fields of a custom kind without a schema are recorded one by one':
    'the sandbox records maps without a schema as items of their own',
};
