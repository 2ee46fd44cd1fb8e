// Runs the controllers: each change wakes the controller of the object and of its owner, a controller may ask to be woken again.
import { isMap, listAt, textAt } from '../json.ts';
import { qualifiedName } from '../kinds/resource.ts';
import type { ChangeEvent, Stored } from '../store/objects.ts';
import type { Cluster } from '../api/cluster.ts';
import { Refusal } from '../api/status.ts';

/** Looks at one object and takes the next step; returns after how many milliseconds to look again. */
export type Reconcile = (cluster: Cluster, stored: Stored) => number | undefined;

/** What happens when an object is gone: gives the objects to look at. `gone` is its last state. */
export type Aftermath = (cluster: Cluster, gone: Stored) => readonly Stored[];

/** Controllers by resource, e.g. `deployments.apps`. */
export interface Controllers {
  readonly reconcile: Readonly<Record<string, Reconcile>>;
  /** For every resource: finalizers of the garbage collector, and the dependents of what is gone. */
  readonly everything: Reconcile;
  readonly aftermath: Aftermath;
}

/** Steps in one go before requests get their turn again. */
const BATCH = 32;

/** The running controllers. */
export interface Runner {
  stop(): void;
}

/** Starts them, with every object that is there already. */
export function startRunner(cluster: Cluster, controllers: Controllers, log: (line: string) => void): Runner {
  const timers = new Map<string, { readonly timer: NodeJS.Timeout; readonly due: number }>();
  const ready = new Set<string>();
  let running: NodeJS.Immediate | undefined;
  let stopped = false;

  const wake = (shelf: string, key: string, delay = 0): void => {
    const id = `${shelf}\t${key}`;
    if (stopped || ready.has(id)) return;
    const due = performance.now() + delay;
    const known = timers.get(id);
    if (known !== undefined && known.due <= due) return;
    if (known !== undefined) clearTimeout(known.timer);
    timers.delete(id);
    if (delay === 0) return enqueue(id);
    const timer = setTimeout(() => {
      timers.delete(id);
      enqueue(id);
    }, delay);
    timer.unref();
    timers.set(id, { timer, due });
  };
  const enqueue = (id: string): void => {
    ready.add(id);
    running ??= setImmediate(work);
  };
  const work = (): void => {
    running = undefined;
    for (const id of [...ready].slice(0, BATCH)) {
      ready.delete(id);
      step(id);
    }
    if (ready.size > 0 && !stopped) running = setImmediate(work);
  };
  const step = (id: string): void => {
    const [shelf = '', key = ''] = id.split('\t');
    for (const reconcile of [controllers.everything, controllers.reconcile[shelf]]) {
      // A step may have changed or removed the object: the next one looks anew.
      const stored = get(cluster, shelf, key);
      if (stored === undefined || reconcile === undefined) continue;
      try {
        const again = reconcile(cluster, stored);
        if (again !== undefined) wake(shelf, key, again);
      } catch (error) {
        // Someone else was faster, or the namespace is going: the next change wakes it again.
        if (!(error instanceof Refusal)) log(`sandbox cluster: controller of ${shelf} ${key}: ${String(error)}`);
      }
    }
  };
  const onChange = ({ type, stored, previous }: ChangeEvent): void => {
    if (type !== 'DELETED') wake(stored.shelf, stored.key);
    else for (const one of controllers.aftermath(cluster, previous ?? stored)) wake(one.shelf, one.key);
    for (const owner of ownersOf(cluster, stored)) wake(owner.shelf, owner.key);
  };
  const unsubscribe = cluster.store.subscribe(onChange);
  for (const shelf of cluster.store.shelves()) for (const { key } of cluster.store.list(shelf)) wake(shelf, key);
  return {
    stop() {
      stopped = true;
      unsubscribe();
      if (running !== undefined) clearImmediate(running);
      for (const { timer } of timers.values()) clearTimeout(timer);
    },
  };
}

function get(cluster: Cluster, shelf: string, key: string): Stored | undefined {
  const slash = key.indexOf('/');
  return slash < 0
    ? cluster.store.get(shelf, '', key)
    : cluster.store.get(shelf, key.slice(0, slash), key.slice(slash + 1));
}

/** The owners of an object that are there. */
export function ownersOf(cluster: Cluster, { object }: Stored): Stored[] {
  const namespace = textAt(object, 'metadata', 'namespace') ?? '';
  return listAt(object, 'metadata', 'ownerReferences').flatMap((reference) => {
    if (!isMap(reference)) return [];
    const resource = cluster.catalog.findKind(textAt(reference, 'apiVersion') ?? '', textAt(reference, 'kind') ?? '');
    if (resource === undefined) return [];
    const name = textAt(reference, 'name') ?? '';
    const owner = cluster.store.get(qualifiedName(resource), resource.namespaced ? namespace : '', name);
    return owner !== undefined && textAt(owner.object, 'metadata', 'uid') === textAt(reference, 'uid') ? [owner] : [];
  });
}
