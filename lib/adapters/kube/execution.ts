// What acting on a plan needs to know beyond the plan: plain JSON, because acting may happen in another process.
import type { ObjectEntry } from '../../core/kubernetes/inventory.ts';

/** One object to write, exactly as it was looked at. */
export interface WriteStep {
  /** Change id. */
  readonly change: string;
  /** `idKey` of the object. */
  readonly key: string;
  readonly action: 'create' | 'update' | 'adopt';
  /** Absent for a create. */
  readonly uid?: string;
  readonly resourceVersion: string;
  readonly force: boolean;
  /** Paths left to their owners, in the server's spelling. */
  readonly strip: readonly string[];
}

/** One object to delete, or to take our marks off. */
export interface RemoveStep {
  readonly change: string;
  readonly key: string;
  readonly action: 'delete' | 'release';
  readonly apiVersion: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Id of the application that gets a released object. */
  readonly to?: string;
}

export interface Execution {
  readonly v: 1;
  /** Waves: each is finished before the next one starts. */
  readonly writes: readonly (readonly WriteStep[])[];
  readonly removals: readonly (readonly RemoveStep[])[];
  /** Entries of everything that stays as it is. */
  readonly settled: readonly ObjectEntry[];
  /** Digest of the settings that the entries are good for. */
  readonly settings: string;
}

/** Reads an execution back; undefined for what another version wrote. */
export function asExecution(value: unknown): Execution | undefined {
  const execution = value as Execution | undefined;
  return typeof execution === 'object' && execution !== null && execution.v === 1 ? execution : undefined;
}
