// One SQLite file that several processes use at once: opened, brought to the current schema, and wrapped in transactions.
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { HoldfastError } from '../../core/errors.ts';
import { stateTooNew } from '../../core/reconcile/rows.ts';
import { migrations } from './schema.ts';

export interface DatabaseOptions {
  /** Path of the file; made, with its directory, when missing. Only the owner can read it. */
  readonly file: string;
  /** How long a call waits for another process's write, milliseconds. */
  readonly busyMs?: number;
  /** SQL that leads from one schema version to the next; version n is after the first n. */
  readonly migrations?: readonly string[];
}

/** A connection. Calls are synchronous; `write` is one transaction that no other process interleaves. */
export interface Database {
  /** Runs `work` in one transaction that writes. */
  write<T>(work: () => T): T;
  /**
   * Like `write`, in one transaction with what others ask for in the same turn of the event loop; done when it is committed. What
   * throws takes nobody with it: `work` may be called again, alone, and has to be without effects outside the database.
   */
  soon<T>(work: () => T): Promise<T>;
  /** Runs one statement that reads. */
  read<T>(work: () => T): T;
  /** A prepared statement, kept for the life of the connection. */
  statement(sql: string): Statement;
  close(): void;
}

export type SqlRow = Readonly<Record<string, string | number | null>>;

export interface Statement {
  get(...values: SQLInputValue[]): SqlRow | undefined;
  all(...values: SQLInputValue[]): readonly SqlRow[];
  /** Number of rows that were changed. */
  run(...values: SQLInputValue[]): number;
}

const SQLITE_BUSY = 5;
const OPEN_TRIES = 50;

/** Opens the file. Throws `StateTooNew` before anything is written when a newer version made it; `StoreUnavailable` when it cannot be used. */
export function openDatabase(options: DatabaseOptions): Database {
  const steps = options.migrations ?? migrations;
  return translated(options.file, () => {
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 });
    refuseNewer(options.file, steps.length);
    // Made before SQLite makes it, so that at no moment anybody else could read it.
    closeSync(openSync(options.file, 'a', 0o600));
    const connection = new DatabaseSync(options.file, { timeout: options.busyMs ?? 10_000 });
    try {
      prepareFile(connection);
      migrate(connection, options.file, steps);
    } catch (error) {
      connection.close();
      throw error;
    }
    return wrap(connection, options.file);
  });
}

function refuseNewer(file: string, known: number): void {
  if (!existsSync(file)) return;
  const reader = new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
  try {
    checkVersion(reader, file, known);
  } finally {
    reader.close();
  }
}

function checkVersion(connection: DatabaseSync, file: string, known: number): number {
  const found = Number(connection.prepare('PRAGMA user_version').get()?.['user_version']);
  if (found > known) throw stateTooNew(file, found, known);
  return found;
}

/** Switching to WAL wants the file for itself and does not wait for it, so two processes that open a new file together try again. */
function prepareFile(connection: DatabaseSync): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      connection.exec('PRAGMA journal_mode = WAL');
      break;
    } catch (error) {
      if (errorCode(error) !== SQLITE_BUSY || attempt >= OPEN_TRIES) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  // A commit survives the death of the process at once, and a loss of power from the next checkpoint on; the file is never torn.
  connection.exec('PRAGMA synchronous = NORMAL');
  connection.exec('PRAGMA wal_autocheckpoint = 4000');
  connection.exec('PRAGMA foreign_keys = ON');
}

function migrate(connection: DatabaseSync, file: string, steps: readonly string[]): void {
  if (checkVersion(connection, file, steps.length) === steps.length) return;
  connection.exec('BEGIN IMMEDIATE');
  try {
    const from = checkVersion(connection, file, steps.length);
    for (const step of steps.slice(from)) connection.exec(step);
    connection.exec(`PRAGMA user_version = ${steps.length}`);
    connection.exec('COMMIT');
  } catch (error) {
    connection.exec('ROLLBACK');
    throw error;
  }
}

function wrap(connection: DatabaseSync, file: string): Database {
  const statements = new Map<string, Statement>();
  const statement = (sql: string): Statement => {
    const kept = statements.get(sql);
    if (kept !== undefined) return kept;
    const made = wrapStatement(connection.prepare(sql));
    statements.set(sql, made);
    return made;
  };
  const begin = connection.prepare('BEGIN IMMEDIATE');
  const commit = connection.prepare('COMMIT');
  const rollback = connection.prepare('ROLLBACK');
  const transaction = <T>(work: () => T): T => {
    begin.run();
    try {
      const result = work();
      commit.run();
      return result;
    } catch (error) {
      if (connection.isTransaction) rollback.run();
      throw error;
    }
  };
  const gathered = gather((work) => translated(file, () => transaction(work)));
  return {
    write: (work) => translated(file, () => transaction(work)),
    soon: gathered.soon,
    read: (work) => translated(file, work),
    statement,
    close: () => {
      if (!connection.isOpen) return;
      gathered.flush();
      connection.close();
    },
  };
}

/** One piece of work that waits for its transaction. */
interface Waiting {
  /** Does it; answers how to tell whoever waits. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers what is asked for in one turn of the event loop into one transaction: a commit costs more than what most of them write. */
function gather(transaction: <T>(work: () => T) => T): { readonly soon: Database['soon']; readonly flush: () => void } {
  let waiting: Waiting[] = [];
  const alone = ({ run, reject }: Waiting): void => {
    try {
      transaction(run)();
    } catch (error) {
      reject(error);
    }
  };
  const flush = (): void => {
    const together = waiting;
    waiting = [];
    let refused: { readonly error: unknown } | undefined;
    let settle: readonly (() => void)[] = [];
    try {
      if (together.length > 1)
        settle = transaction(() =>
          together.map(({ run }) => {
            try {
              return run();
            } catch (error) {
              refused = { error };
              throw error;
            }
          }),
        );
    } catch (error) {
      // A file that cannot be used refuses all; a piece of work that throws speaks for itself only.
      if (refused === undefined) for (const { reject } of together) reject(error);
    }
    if (together.length === 1 || refused !== undefined) together.forEach(alone);
    else for (const tell of settle) tell();
  };
  return {
    flush,
    soon: async (work) =>
      await new Promise((resolve, reject) => {
        const run = (): (() => void) => {
          const value = work();
          return () => resolve(value);
        };
        if (waiting.push({ run, reject }) === 1) setImmediate(flush);
      }),
  };
}

function wrapStatement(prepared: StatementSync): Statement {
  return {
    get: (...values) => prepared.get(...values) as SqlRow | undefined,
    all: (...values) => prepared.all(...values) as unknown as readonly SqlRow[],
    run: (...values) => Number(prepared.run(...values).changes),
  };
}

function errorCode(error: unknown): number | undefined {
  return (error as { readonly errcode?: number }).errcode;
}

/** Ours pass; anything else means that the file did not do what it should. */
function translated<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof HoldfastError) throw error;
    const code = errorCode(error);
    throw new HoldfastError({
      code: 'StoreUnavailable',
      source: 'system',
      message: code === SQLITE_BUSY ? `${file} is in use by another process for too long` : `${file} cannot be used`,
      reason: error instanceof Error ? error.message : String(error),
      object: file,
      retryable: true,
      next: 'holdfast doctor',
      cause: error,
    });
  }
}
