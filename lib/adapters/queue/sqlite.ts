// The queues in the same SQLite file as the store, for every process of the machine.
import { randomUUID } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { DeadLetter, Message, QueueName } from '../../core/reconcile/store.ts';
import type { Database, SqlRow } from '../store/database.ts';
import { boundedDelay, type LocalQueue, MAX_ATTEMPTS, MAX_DELAY_MS, NEVER_FINISHED, waitFor } from './rules.ts';

export interface SqliteQueueOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How often to look for what other processes sent, milliseconds. */
  readonly pollMs?: number;
}

const INSERT = "INSERT INTO messages (queue, body, attempts, visible, receipt) VALUES (?, ?, 0, ?, '')";
const VISIBLE = 'FROM messages WHERE queue = ?1 AND (visible <= ?2 OR visible > ?2 + ?3)';
const BURY = `INSERT INTO dead_letters (id, queue, body, reason, at, attempts)
  SELECT 'm' || id, queue, body, ?2, ?3, attempts FROM messages WHERE id = ?1`;

/** What the calls share; each runs inside a transaction of its caller. */
function messageTable({ database, clock }: SqliteQueueOptions) {
  const bury = (id: number, reason: string): void => {
    database.statement(BURY).run(id, reason, clock.now());
    database.statement('DELETE FROM messages WHERE id = ?').run(id);
  };
  return {
    bury,
    /** Whether the message is still the one that was handed out with this receipt. */
    mine: (message: Message): boolean => {
      const find = database.statement('SELECT 1 FROM messages WHERE id = ? AND receipt = ?');
      return find.get(Number(message.id), message.receipt) !== undefined;
    },
    handOut: (columns: SqlRow, hiddenUntil: number): Message | undefined => {
      const id = Number(columns['id']);
      const attempts = Number(columns['attempts']) + 1;
      if (attempts > MAX_ATTEMPTS) {
        bury(id, NEVER_FINISHED);
        return undefined;
      }
      const receipt = randomUUID();
      const update = 'UPDATE messages SET attempts = ?, visible = ?, receipt = ? WHERE id = ?';
      database.statement(update).run(attempts, hiddenUntil, receipt, id);
      return { id: String(id), queue: columns['queue'] as QueueName, body: String(columns['body']), attempts, receipt };
    },
    anyVisible: (queue: QueueName): boolean =>
      database.statement(`SELECT 1 ${VISIBLE} LIMIT 1`).get(queue, clock.now(), MAX_DELAY_MS) !== undefined,
    send: (queue: QueueName, body: string, visible: number): void => {
      database.statement(INSERT).run(queue, body, visible);
    },
  };
}

/** Two queues with delay, visibility and dead letters. Another process finds a message within `pollMs`. */
export function sqliteQueue(options: SqliteQueueOptions): LocalQueue {
  const { database, clock, pollMs = 50 } = options;
  const { bury, mine, handOut, anyVisible, send } = messageTable(options);
  const listeners = new Set<() => void>();
  const ring = (): void => {
    for (const listener of listeners) listener();
  };

  return {
    send: async (queue, body, delayMs = 0) => {
      database.write(() => send(queue, body, clock.now() + boundedDelay(delayMs)));
      ring();
    },
    receive: async (queue, max, visibilityMs) => {
      // An idle worker looks often: it must not take the write lock for nothing.
      if (!database.read(() => anyVisible(queue))) return [];
      return database.write(() => {
        const now = clock.now();
        const found = database.statement(`SELECT * ${VISIBLE} ORDER BY visible, id LIMIT ?4`);
        const hiddenUntil = now + boundedDelay(visibilityMs);
        return found.all(queue, now, MAX_DELAY_MS, max).flatMap((columns) => handOut(columns, hiddenUntil) ?? []);
      });
    },
    ack: async (message) => {
      database.write(() => {
        if (mine(message)) database.statement('DELETE FROM messages WHERE id = ?').run(Number(message.id));
      });
    },
    retry: async (message, reason, delayMs) => {
      database.write(() => {
        if (!mine(message)) return;
        if (message.attempts >= MAX_ATTEMPTS) return bury(Number(message.id), reason);
        const visible = clock.now() + boundedDelay(delayMs);
        database
          .statement("UPDATE messages SET visible = ?, receipt = '' WHERE id = ?")
          .run(visible, Number(message.id));
      });
      ring();
    },
    bury: async (message, reason) => {
      database.write(() => {
        if (mine(message)) bury(Number(message.id), reason);
      });
    },
    deadLetters: async (limit) =>
      database.read(() =>
        database
          .statement('SELECT * FROM dead_letters ORDER BY at DESC, rowid DESC LIMIT ?')
          .all(limit)
          .map(readLetter),
      ),
    redrive: async (id) => {
      const found = database.write(() => {
        const letter = database.statement('SELECT queue, body FROM dead_letters WHERE id = ?').get(id);
        if (letter === undefined) return false;
        database.statement('DELETE FROM dead_letters WHERE id = ?').run(id);
        send(letter['queue'] as QueueName, String(letter['body']), clock.now());
        return true;
      });
      ring();
      return found;
    },
    arrival: (queues, timeoutMs, signal) =>
      waitFor({
        look: () => database.read(() => queues.some(anyVisible)),
        listeners,
        timeoutMs,
        everyMs: pollMs,
        signal,
      }),
  };
}

function readLetter(columns: SqlRow): DeadLetter {
  return {
    id: String(columns['id']),
    queue: columns['queue'] as QueueName,
    body: String(columns['body']),
    reason: String(columns['reason']),
    at: Number(columns['at']),
    attempts: Number(columns['attempts']),
  };
}
