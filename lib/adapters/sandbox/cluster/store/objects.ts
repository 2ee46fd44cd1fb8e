// Every object of the cluster, by resource, namespace and name, with one counter for all versions and a memory of recent changes for watches.
import type { JsonObject } from '../../../../core/json.ts';
import { listAt, mapAt, textAt } from '../json.ts';
import { Journal } from './journal.ts';

/** An object as it is kept. Never changed: a write makes a new one. */
export interface Stored {
  readonly shelf: string;
  readonly key: string;
  readonly version: number;
  readonly object: JsonObject;
  /** The object's JSON, written once for journal, answers and lists. */
  readonly text: string;
}

/** What happened to an object. `stored` is the object after it, for a deletion the last state under the deletion's version. */
export interface ChangeEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly stored: Stored;
  readonly previous: Stored | undefined;
}

type Listener = (event: ChangeEvent) => void;

/** How many changes a watch may be behind. */
const HISTORY = 1_024;

/** The objects. One process at a time may have a directory open. */
export class ObjectStore {
  readonly #shelves = new Map<string, Map<string, Stored>>();
  readonly #sorted = new Map<string, readonly Stored[]>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #listeners = new Set<Listener>();
  readonly #history: ChangeEvent[] = [];
  readonly #journal: Journal;
  #version = 1;
  #historyFrom: number;

  constructor(path: string) {
    this.#journal = Journal.open(path, (entry) => {
      this.#version = Math.max(this.#version, entry.version);
      if (entry.kind === 'delete') this.#forget(entry.shelf, entry.key);
      else this.#keep(toStored(entry.shelf, entry.version, JSON.parse(entry.text), entry.text));
    });
    this.#historyFrom = this.#version;
  }

  /** The version of the last write. */
  get version(): number {
    return this.#version;
  }

  get(shelf: string, namespace: string, name: string): Stored | undefined {
    return this.#shelves.get(shelf)?.get(keyOf(namespace, name));
  }

  /** All objects of a resource, or those of one namespace, in key order. */
  list(shelf: string, namespace?: string): readonly Stored[] {
    let all = this.#sorted.get(shelf);
    if (all === undefined) {
      all = [...(this.#shelves.get(shelf)?.values() ?? [])].sort((a, b) => (a.key < b.key ? -1 : 1));
      this.#sorted.set(shelf, all);
    }
    return namespace === undefined ? all : all.filter(({ key }) => key.startsWith(`${namespace}/`));
  }

  /** Every resource that has objects. */
  shelves(): string[] {
    return [...this.#shelves.keys()].filter((shelf) => (this.#shelves.get(shelf)?.size ?? 0) > 0);
  }

  /** Objects that name the owner in their ownerReferences. */
  dependentsOf(uid: string): Stored[] {
    const found: Stored[] = [];
    for (const place of this.#dependents.get(uid) ?? []) {
      const [shelf = '', key = ''] = place.split('\t');
      const stored = this.#shelves.get(shelf)?.get(key);
      if (stored !== undefined) found.push(stored);
    }
    return found;
  }

  /** Writes an object under the next version, which it gets as its resourceVersion. */
  put(shelf: string, object: JsonObject): Stored {
    const version = ++this.#version;
    const versioned = withVersion(object, version);
    const stored = toStored(shelf, version, versioned, JSON.stringify(versioned));
    const previous = this.#shelves.get(shelf)?.get(stored.key);
    this.#journal.append({ kind: 'put', shelf, version, text: stored.text });
    this.#keep(stored);
    this.#announce({ type: previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous });
    return stored;
  }

  /** Removes an object; the deletion has a version of its own. */
  remove(stored: Stored): void {
    const version = ++this.#version;
    this.#journal.append({ kind: 'delete', shelf: stored.shelf, version, key: stored.key });
    this.#forget(stored.shelf, stored.key);
    const last = withVersion(stored.object, version);
    const gone = toStored(stored.shelf, version, last, JSON.stringify(last));
    this.#announce({ type: 'DELETED', stored: gone, previous: stored });
  }

  /** Calls the listener after each write until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The changes after a version, or `undefined` when they are no longer known. */
  since(version: number): readonly ChangeEvent[] | undefined {
    if (version < this.#historyFrom) return undefined;
    return this.#history.filter(({ stored }) => stored.version > version);
  }

  close(): void {
    this.#listeners.clear();
    this.#journal.close();
  }

  #keep(stored: Stored): void {
    let shelf = this.#shelves.get(stored.shelf);
    if (shelf === undefined) this.#shelves.set(stored.shelf, (shelf = new Map()));
    const previous = shelf.get(stored.key);
    if (previous !== undefined) this.#unlink(previous);
    shelf.set(stored.key, stored);
    for (const uid of ownersOf(stored.object)) {
      let dependents = this.#dependents.get(uid);
      if (dependents === undefined) this.#dependents.set(uid, (dependents = new Set()));
      dependents.add(`${stored.shelf}\t${stored.key}`);
    }
    this.#sorted.delete(stored.shelf);
  }

  #forget(shelf: string, key: string): void {
    const stored = this.#shelves.get(shelf)?.get(key);
    if (stored === undefined) return;
    this.#unlink(stored);
    this.#shelves.get(shelf)?.delete(key);
    this.#sorted.delete(shelf);
  }

  #unlink(stored: Stored): void {
    for (const uid of ownersOf(stored.object)) {
      const dependents = this.#dependents.get(uid);
      dependents?.delete(`${stored.shelf}\t${stored.key}`);
      if (dependents?.size === 0) this.#dependents.delete(uid);
    }
  }

  #announce(event: ChangeEvent): void {
    this.#history.push(event);
    if (this.#history.length > HISTORY * 2) {
      const dropped = this.#history.splice(0, HISTORY);
      this.#historyFrom = dropped.at(-1)?.stored.version ?? this.#historyFrom;
    }
    for (const listener of this.#listeners) listener(event);
    if (this.#journal.isLong) this.#journal.rewrite(this.#entries());
  }

  *#entries() {
    for (const [shelf, objects] of this.#shelves) {
      for (const { version, text } of objects.values()) yield { kind: 'put', shelf, version, text } as const;
    }
    // The counter must not go back when its last write was a deletion.
    yield { kind: 'delete', shelf: '', version: this.#version, key: '' } as const;
  }
}

/** Kind and version come first, so that a list can leave them out of the text. */
function withVersion({ kind, apiVersion, metadata, ...rest }: JsonObject, version: number): JsonObject {
  return { kind, apiVersion, metadata: { ...mapAt(metadata), resourceVersion: String(version) }, ...rest };
}

function toStored(shelf: string, version: number, object: JsonObject, text: string): Stored {
  const metadata = mapAt(object, 'metadata');
  return {
    shelf,
    key: keyOf(textAt(metadata, 'namespace') ?? '', textAt(metadata, 'name') ?? ''),
    version,
    object,
    text,
  };
}

function keyOf(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

function ownersOf(object: JsonObject): string[] {
  const references = mapAt(object, 'metadata')['ownerReferences'];
  if (references === undefined) return [];
  return listAt(object, 'metadata', 'ownerReferences').flatMap((reference) => textAt(reference, 'uid') ?? []);
}
