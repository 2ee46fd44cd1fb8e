// What the parts of acting share: what is wanted and recorded, and the last look before every write.
import { type Failure, HoldfastError } from '../../core/errors.ts';
import type { ObjectEntry } from '../../core/kubernetes/inventory.ts';
import type { TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import type { Kinds } from './kinds.ts';
import type { View, Wanted } from './view.ts';

/** Milliseconds for one write: longer than a server takes, shorter than what is left of a lease after its last renewal. */
export const writeTimeoutMs = 15_000;

/** Everything a step of acting needs. */
export interface Acting {
  readonly cluster: Cluster;
  readonly context: TargetContext;
  readonly view: View;
  /** `idKey` -> what Git wants. */
  readonly wanted: ReadonlyMap<string, Wanted>;
  /** Entries as they are now; changed with every result. */
  readonly entries: Map<string, ObjectEntry>;
  readonly failures: Failure[];
  /** Set when the lease or the cluster was lost: nothing more is sent. */
  stopped: boolean;
  /** What the cluster serves; read anew after a CRD was written. */
  kinds(): Promise<Kinds>;
}

/** The last look before a write leaves: still ours to write, nobody said stop, and the cluster is there. The write itself is never cut off. */
export function beforeWrite(acting: Acting): void {
  acting.context.guard();
  if (acting.context.signal.aborted || acting.stopped) {
    throw new HoldfastError({ code: 'Interrupted', source: 'system', message: 'Stopped', retryable: true });
  }
}
