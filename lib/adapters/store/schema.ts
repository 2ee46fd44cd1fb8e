// The tables of the SQLite file. A released step is never edited: a change is one more step at the end.

/** Step n leads from schema version n - 1 to n. */
export const migrations: readonly string[] = [
  `
  -- The head of a row. Its state is kept apart, because every hint rewrites the head and the state may be large.
  CREATE TABLE rows (
    key TEXT PRIMARY KEY,
    v INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    handled INTEGER NOT NULL,
    due REAL,
    fence INTEGER NOT NULL,
    holder TEXT,
    until REAL,
    -- When the lease ends on the machine's monotonic clock.
    deadline REAL,
    reasons TEXT NOT NULL,
    source TEXT,
    intent TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE states (key TEXT PRIMARY KEY, state TEXT NOT NULL);
  CREATE TABLE runs (id TEXT PRIMARY KEY, v INTEGER NOT NULL, app TEXT NOT NULL, seq INTEGER NOT NULL, record TEXT NOT NULL);
  CREATE INDEX runs_of_app ON runs (app, seq);
  CREATE TABLE deliveries (id TEXT PRIMARY KEY, digest TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
  CREATE INDEX deliveries_by_age ON deliveries (at);
  CREATE TABLE named (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  -- The highest fencing number of any removed row.
  CREATE TABLE fence_floor (one INTEGER PRIMARY KEY CHECK (one = 1), fence INTEGER NOT NULL);
  INSERT INTO fence_floor VALUES (1, 0);
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    visible REAL NOT NULL,
    receipt TEXT NOT NULL
  );
  CREATE INDEX messages_visible ON messages (queue, visible, id);
  CREATE TABLE dead_letters (
    id TEXT PRIMARY KEY,
    queue TEXT NOT NULL,
    body TEXT NOT NULL,
    reason TEXT NOT NULL,
    at REAL NOT NULL,
    attempts INTEGER NOT NULL
  );
  `,
  `
  -- Which image repositories a repository's applications follow.
  CREATE TABLE follows (image TEXT NOT NULL, alias TEXT NOT NULL, PRIMARY KEY (image, alias)) WITHOUT ROWID;
  CREATE INDEX follows_of_alias ON follows (alias);
  `,
  `
  -- Content under keys that say what it is, as long as it is small.
  CREATE TABLE blobs (key TEXT PRIMARY KEY, bytes BLOB NOT NULL);
  `,
  `
  -- Takes that no release has followed, and releases in a row after a failure.
  ALTER TABLE rows ADD COLUMN takes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE rows ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
  `,
];
