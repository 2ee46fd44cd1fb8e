// What holds when a config file says nothing. Data, so that it can be read, documented and tested in one place.
import type { Application, PrunePolicy } from './model.ts';

/** Kinds that are never pruned unless `prune.kinds` names them. */
export const protectedKinds = [
  'Namespace',
  'CustomResourceDefinition',
  'PersistentVolume',
  'PersistentVolumeClaim',
] as const;

/** Short names that `prune.kinds` also takes. */
export const kindShortNames: Readonly<Record<string, string>> = {
  CRD: 'CustomResourceDefinition',
  PV: 'PersistentVolume',
  PVC: 'PersistentVolumeClaim',
};

/** How often drift is looked for, and the range that `drift.every` may take. */
export const driftDefault = '15m';
export const driftRange = { least: '10s', most: '30d' } as const;

const prune: PrunePolicy = {
  enabled: true,
  confirm: false,
  adopted: false,
  kinds: [],
  budget: { percent: 50, atLeast: 5 },
};

/** Stacks are not pruned unless their own entry says so; `defaults` does not reach them. */
const stackPrune: PrunePolicy = { ...prune, enabled: false };

/** The policy part of an application before `defaults` and its entry are laid over it. */
export type Policy = Pick<Application, 'sync' | 'prune' | 'drift' | 'conflicts' | 'recurse'>;

const kubernetesPolicy: Policy = {
  sync: { auto: true, selfHeal: false },
  prune,
  drift: { everyMs: 15 * 60 * 1000 },
  conflicts: 'fail',
  recurse: true,
};

export const policyDefaults: { readonly kubernetes: Policy; readonly stack: Policy } = {
  kubernetes: kubernetesPolicy,
  stack: { ...kubernetesPolicy, prune: stackPrune },
};
