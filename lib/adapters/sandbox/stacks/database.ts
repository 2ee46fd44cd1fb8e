// Durable state of the sandbox in SQLite. Each change is one transaction, so a kill at any moment loses nothing half-way.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { ChangeSetRecord, DetectionRecord, EventRecord, LiveResource, StackRecord } from './records.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS entry (kind TEXT, key TEXT, parent TEXT, due INTEGER, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS entry_due ON entry (kind, due) WHERE due IS NOT NULL;
  CREATE INDEX IF NOT EXISTS entry_parent ON entry (kind, parent);
  CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY AUTOINCREMENT, stack TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS event_stack ON event (stack, seq);
`;

interface Kinds {
  stack: StackRecord;
  changeSet: ChangeSetRecord;
  detection: DetectionRecord;
  live: LiveResource;
}
type Kind = keyof Kinds;

/** Which key, owner and due time each kind of entry has. */
const index: { readonly [K in Kind]: (entry: Kinds[K]) => { key: string; parent: string; due: number | undefined } } = {
  stack: (entry) => ({ key: entry.id, parent: entry.name, due: entry.operation?.due }),
  changeSet: (entry) => ({ key: entry.id, parent: entry.stackId, due: entry.due }),
  detection: (entry) => ({ key: entry.id, parent: entry.stackId, due: entry.due }),
  live: (entry) => ({ key: liveKey(entry.type, entry.physicalId), parent: entry.stackId, due: undefined }),
};

export function liveKey(type: string, physicalId: string): string {
  return `${type}|${physicalId}`;
}

export class Database {
  readonly #db: DatabaseSync;
  readonly #get: StatementSync;
  readonly #put: StatementSync;

  constructor(dataDir: string) {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    this.#db = new DatabaseSync(join(dataDir, 'stacks.sqlite'));
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;');
    this.#db.exec(schema);
    this.#get = this.#db.prepare('SELECT body FROM entry WHERE kind = ? AND key = ?');
    this.#put = this.#db.prepare(
      'INSERT INTO entry (kind, key, parent, due, body) VALUES (?, ?, ?, ?, ?) ' +
        'ON CONFLICT (kind, key) DO UPDATE SET parent = excluded.parent, due = excluded.due, body = excluded.body',
    );
  }

  /** All writes inside `work` happen or none. */
  transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  get<K extends Kind>(kind: K, key: string): Kinds[K] | undefined {
    const row = this.#get.get(kind, key);
    return row === undefined ? undefined : (JSON.parse(String(row['body'])) as Kinds[K]);
  }

  put<K extends Kind>(kind: K, entry: Kinds[K]): void {
    const { key, parent, due } = index[kind](entry);
    this.#put.run(kind, key, parent, due ?? null, JSON.stringify(entry));
  }

  remove(kind: Kind, key: string): void {
    this.#db.prepare('DELETE FROM entry WHERE kind = ? AND key = ?').run(kind, key);
  }

  /** Entries of a kind, of one owner if given, by key. */
  list<K extends Kind>(kind: K, parent?: string): readonly Kinds[K][] {
    const rows =
      parent === undefined
        ? this.#db.prepare('SELECT body FROM entry WHERE kind = ? ORDER BY key').all(kind)
        : this.#db.prepare('SELECT body FROM entry WHERE kind = ? AND parent = ? ORDER BY key').all(kind, parent);
    return rows.map((row) => JSON.parse(String(row['body'])) as Kinds[K]);
  }

  /** Kind and key of everything whose time has come, earliest first. */
  due(now: number): readonly { readonly kind: Kind; readonly key: string }[] {
    const rows = this.#db
      .prepare('SELECT kind, key FROM entry WHERE due IS NOT NULL AND due <= ? ORDER BY due')
      .all(now);
    return rows.map((row) => ({ kind: String(row['kind']) as Kind, key: String(row['key']) }));
  }

  /** The next time at which something is due. */
  nextDue(): number | undefined {
    const due = this.#db.prepare('SELECT MIN(due) AS due FROM entry WHERE due IS NOT NULL').get()?.['due'];
    return due === null || due === undefined ? undefined : Number(due);
  }

  /** The live stack of that name: never one that was deleted. */
  stackNamed(name: string): StackRecord | undefined {
    return this.list('stack', name).find((stack) => stack.status !== 'DELETE_COMPLETE');
  }

  addEvent(event: EventRecord): void {
    this.#db.prepare('INSERT INTO event (stack, body) VALUES (?, ?)').run(event.stackId, JSON.stringify(event));
  }

  /** Events newest first, from below `before`, with their sequence numbers. */
  events(
    stackId: string,
    before: number,
    limit: number,
  ): readonly { readonly seq: number; readonly event: EventRecord }[] {
    const rows = this.#db
      .prepare('SELECT seq, body FROM event WHERE stack = ? AND seq < ? ORDER BY seq DESC LIMIT ?')
      .all(stackId, before, limit);
    return rows.map((row) => ({ seq: Number(row['seq']), event: JSON.parse(String(row['body'])) as EventRecord }));
  }

  close(): void {
    this.#db.close();
  }
}
