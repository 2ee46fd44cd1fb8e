// Looks at live objects with as few requests as possible: one list per kind for all applications, then proof for what it lacks.
import { asFailure, type Failure } from '../../core/errors.ts';
import { assess, objectHealth } from '../../core/kubernetes/health/assess.ts';
import { isUnchanged, type LiveMark } from '../../core/kubernetes/inventory.ts';
import { baselineOf } from '../../core/kubernetes/managed.ts';
import { annotatedOwner, isLabelled, isOurs, ownerSelector } from '../../core/kubernetes/marks.ts';
import { idKey, idText, type KubeObject } from '../../core/kubernetes/object.ts';
import type { TargetContext } from '../../core/plan/target.ts';
import type { Cluster } from './cluster.ts';
import { clusterFaults, isKubeError } from './errors.ts';
import type { Kinds } from './kinds.ts';
import type { ApiResource, ListOptions, ResourceLookup } from './types.ts';
import type { Item, View } from './view.ts';

/** More lookups than this for one kind, and a list of metadata is cheaper than a GET each. */
const fewLookups = 8;
const maxRestarts = 3;
/** Metadata is small: larger pages mean fewer requests for what may be a whole cluster. */
const metadataPage = 2_000;

interface Sought {
  readonly view: View;
  readonly item: Item;
}

/** Everything to look for of one resource. */
interface Search {
  readonly resource: ApiResource;
  /** `namespace/name` -> who looks for it. */
  readonly sought: Map<string, Sought[]>;
}

export interface Looking {
  readonly cluster: Cluster;
  readonly kinds: Kinds;
  readonly context: TargetContext;
}

/** Looks at every item that has no look yet. Afterwards each has one; an item that cannot be seen is `unknown`. */
export async function lookAt(looking: Looking, views: readonly View[]): Promise<void> {
  await Promise.all(gather(looking, views).map((search) => lookFor(looking, search, views)));
}

/** What is most likely not there yet is looked for by its name first: where nothing is ours, there is no list of ours to ask for. */
async function lookFor(looking: Looking, search: Search, views: readonly View[]): Promise<void> {
  const sought = open(search);
  const isNew = sought.length > fewLookups && sought.every(({ item }) => item.entry === undefined);
  const everywhere = listedNamespace(sought) === '';
  const inUse = isNew && everywhere ? await namesInUse(looking, search.resource, '') : undefined;
  if (inUse === undefined || inUse === 'refused' || inUse.owned) await listOwned(looking, search, views);
  await proveRest(looking, search, inUse);
}

/**
 * After a lost inventory: objects that carry our marks, of kinds that Git does not name any more, are found by asking for every
 * kind. Only where something of ours was seen: before its first apply an application has nothing to find.
 */
export async function findForgotten(looking: Looking, views: readonly View[]): Promise<void> {
  const lost = views.filter(hasForgotten);
  if (lost.length === 0) return;
  const listed = new Set(views.flatMap((view) => [...view.items.values()].map(({ id }) => `${id.group}/${id.kind}`)));
  const others = looking.kinds.removable().filter(({ group, kind }) => !listed.has(`${group}/${kind}`));
  const alone = lost.length === 1 ? lost[0] : undefined;
  const labelSelector = ownerSelector(looking.context.installation, alone?.marks);
  const byOwner = new Map(lost.map((view) => [view.request.app.id, view]));
  await Promise.all(
    others.map(async (resource) => {
      const search: Search = { resource, sought: new Map() };
      const receive = (items: readonly KubeObject[]): void => {
        for (const live of items) receiveOne(looking, search, byOwner, live);
      };
      try {
        await listPages(looking, resource, { labelSelector, namespace: '' }, receive);
      } catch (error) {
        // A kind that we may not list is one that we did not write.
        if (!isKubeError(error) || isKubeError(error, ...clusterFaults)) throw error;
      }
    }),
  );
}

function hasForgotten({ request, items, extras, marks }: View): boolean {
  if (!request.pruneHeld) return false;
  if (extras.size > 0) return true;
  return [...items.values()].some(({ id, look }) => look?.state === 'present' && isOurs(look.object, id, marks));
}

function gather({ kinds }: Looking, views: readonly View[]): readonly Search[] {
  const searches = new Map<string, Search>();
  for (const view of views) {
    for (const item of view.items.values()) {
      if (item.look !== undefined) continue;
      const found = readableKind(kinds, item);
      if (found.state === 'missing') item.look = { state: 'unserved' };
      else if (found.state === 'unknown') item.look = { state: 'unknown', failure: unseen(item, found.reason) };
      else addTo(searches, found.resource, { view, item });
    }
  }
  return [...searches.values()];
}

/**
 * The resource to read an item through. A recorded object whose version is served no more is still there, in another
 * version; what Git wants in a version that is not served is a mistake that must be told.
 */
function readableKind(kinds: Kinds, { id, apiVersion, wanted }: Item): ResourceLookup {
  const found = kinds.lookup(id.group, id.kind, apiVersion);
  if (found.state !== 'missing' || wanted !== undefined) return found;
  return kinds.lookup(id.group, id.kind, undefined);
}

function addTo(searches: Map<string, Search>, resource: ApiResource, sought: Sought): void {
  const key = `${resource.group}/${resource.version}/${resource.plural}`;
  let search = searches.get(key);
  if (search === undefined) {
    search = { resource, sought: new Map() };
    searches.set(key, search);
  }
  const { id } = sought.item;
  const name = `${id.namespace}/${id.name}`;
  const others = search.sought.get(name);
  if (others === undefined) search.sought.set(name, [sought]);
  else others.push(sought);
}

function unseen(item: Item, reason: string): Failure {
  return {
    code: 'LiveStateUnknown',
    source: 'remote',
    message: `${idText(item.id)} cannot be seen`,
    retryable: true,
    object: idText(item.id),
    reason,
  };
}

function open(search: Search): readonly Sought[] {
  return [...search.sought.values()].flat().filter(({ item }) => item.look === undefined);
}

function namespacesOf(sought: readonly Sought[]): readonly string[] {
  return [...new Set(sought.map(({ item }) => item.id.namespace))];
}

/** What tells whether an object is as it was left. With its resourceVersion unchanged nothing of it can have changed. */
function markOf({ entry }: Item, live: KubeObject, view: View, context: TargetContext): LiveMark {
  const { uid, resourceVersion } = live.metadata;
  const untouched =
    entry?.baseline !== undefined &&
    resourceVersion !== undefined &&
    entry.uid === uid &&
    entry.resourceVersion === resourceVersion &&
    entry.apiVersion === live.apiVersion;
  const baseline = untouched ? entry.baseline : baselineOf(live, view.marks.manager, context.hmac);
  return { uid, resourceVersion, baseline };
}

/** Keeps of a live object what the application needs to know. */
function see({ view, item }: Sought, live: KubeObject, resource: ApiResource, context: TargetContext): void {
  const mark = markOf(item, live, view, context);
  item.health = objectHealth(item.id, assess(live, resource.hasStatus));
  const { entry, wanted } = item;
  const sameText = wanted === undefined ? view.opened === undefined : wanted.digest === entry?.digest;
  const deleting = live.metadata.deletionTimestamp !== undefined;
  const unchanged = entry !== undefined && sameText && !deleting && isUnchanged(entry, mark);
  const keep = !unchanged || view.request.depth === 'full';
  item.look = keep ? { state: 'present', object: live, unchanged } : { state: 'unchanged', mark };
}

/** One paged list by owner label, in one namespace when there is only one, else in all, else in each. */
async function listOwned(looking: Looking, search: Search, views: readonly View[]): Promise<void> {
  const sought = open(search);
  const namespaces = namespacesOf(sought);
  const alone = views.length === 1 ? views[0] : undefined;
  const selector = ownerSelector(looking.context.installation, alone?.marks);
  const byOwner = new Map(views.map((view) => [view.request.app.id, view]));
  const receive = (items: readonly KubeObject[]) => {
    for (const live of items) receiveOne(looking, search, byOwner, live);
  };
  const narrow = alone !== undefined && namespaces.length === 1 && !alone.request.pruneHeld;
  try {
    await listPages(
      looking,
      search.resource,
      { labelSelector: selector, namespace: narrow ? (namespaces[0] ?? '') : '' },
      receive,
    );
  } catch (error) {
    if (!isKubeError(error, 'Forbidden') || !search.resource.namespaced || narrow) return failAll(sought, error);
    // Rights in some namespaces only: ask in each of ours.
    await Promise.all(
      namespaces.map(async (namespace) => {
        try {
          await listPages(looking, search.resource, { labelSelector: selector, namespace }, receive);
        } catch (inner) {
          failAll(
            sought.filter(({ item }) => item.id.namespace === namespace),
            inner,
          );
        }
      }),
    );
  }
}

/** What keeps a kind from being seen makes its objects unknown; what keeps the cluster from being reached ends the look. */
function failAll(sought: readonly Sought[], error: unknown): void {
  if (!isKubeError(error) || isKubeError(error, ...clusterFaults)) throw error;
  for (const { item } of sought) {
    if (item.look === undefined)
      item.look = { state: 'unknown', failure: { ...asFailure(error), object: idText(item.id) } };
  }
}

async function listPages(
  { cluster, context }: Looking,
  resource: ApiResource,
  options: ListOptions,
  receive: (items: readonly KubeObject[]) => void,
): Promise<void> {
  for (let restarts = 0; ; restarts += 1) {
    try {
      await cluster.request(async (client) => {
        for await (const page of client.list(resource, { ...options, signal: context.signal })) receive(page.items);
      });
      return;
    } catch (error) {
      if (!isKubeError(error, 'Expired') || restarts >= maxRestarts) throw error;
    }
  }
}

function receiveOne(looking: Looking, search: Search, byOwner: ReadonlyMap<string, View>, live: KubeObject): void {
  const { namespace = '', name = '' } = live.metadata;
  const sought = search.sought.get(`${namespace}/${name}`);
  if (sought !== undefined) {
    for (const one of sought) see(one, live, search.resource, looking.context);
  }
  const id = { group: search.resource.group, kind: search.resource.kind, namespace, name };
  const owner = annotatedOwner(live, id);
  const view = owner?.installation === looking.context.installation ? byOwner.get(owner.application) : undefined;
  const key = idKey(id);
  if (view === undefined || view.items.has(key) || !isOurs(live, id, view.marks)) return;
  view.extras.set(key, { id, apiVersion: live.apiVersion, uid: live.metadata.uid });
}

/** The owner label proves presence only: what is not in the list is looked up without it. */
async function proveRest(looking: Looking, search: Search, known: InUse | undefined): Promise<void> {
  let rest = open(search);
  if (rest.length === 0) return;
  if (known !== undefined || rest.length > fewLookups) {
    const inUse = known ?? (await namesInUse(looking, search.resource, listedNamespace(rest)));
    if (inUse !== 'refused') {
      for (const { item } of rest) {
        if (!inUse.names.has(`${item.id.namespace}/${item.id.name}`)) item.look = { state: 'absent' };
      }
      rest = open(search);
    }
  }
  await Promise.all(rest.map((one) => lookUp(looking, search.resource, one)));
}

/** What a list of metadata says; `refused` when the cluster does not allow it. */
type InUse =
  | {
      readonly names: ReadonlySet<string>;
      /** Something carries the label of this installation. */
      readonly owned: boolean;
    }
  | 'refused';

/** The only namespace of what is looked for; empty for all. */
function listedNamespace(sought: readonly Sought[]): string {
  const [namespace = '', ...others] = namespacesOf(sought);
  return others.length === 0 ? namespace : '';
}

/** Names of all objects of a resource in a namespace (empty: in all), from lists of metadata. */
async function namesInUse(looking: Looking, resource: ApiResource, namespace: string): Promise<InUse> {
  const names = new Set<string>();
  let owned = false;
  const receive = (items: readonly KubeObject[]) => {
    for (const { metadata } of items) {
      names.add(`${metadata.namespace ?? ''}/${metadata.name ?? ''}`);
      owned ||= isLabelled(metadata, looking.context.installation);
    }
  };
  try {
    await listPages(looking, resource, { metadataOnly: true, namespace, pageSize: metadataPage }, receive);
    return { names, owned };
  } catch (error) {
    // Without the list each object is looked up by itself; without the cluster nothing is.
    if (isKubeError(error) && !isKubeError(error, ...clusterFaults)) return 'refused';
    throw error;
  }
}

async function lookUp({ cluster, context }: Looking, resource: ApiResource, sought: Sought): Promise<void> {
  const { namespace, name } = sought.item.id;
  try {
    const live = await cluster.request((client) =>
      client.get({ resource, namespace, name }, { signal: context.signal }),
    );
    if (live === undefined) sought.item.look = { state: 'absent' };
    else see(sought, live, resource, context);
  } catch (error) {
    failAll([sought], error);
  }
}
