// What every handler and controller works on.
import type { Catalog } from '../kinds/catalog.ts';
import type { ObjectStore } from '../store/objects.ts';

/** The parts of a running sandbox cluster. */
export interface Cluster {
  readonly store: ObjectStore;
  readonly catalog: Catalog;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A moment as objects carry it: RFC 3339, whole seconds. */
export function timestamp(now: number): string {
  return `${new Date(now).toISOString().slice(0, 19)}Z`;
}
