// Opening the file: versions, rights, and what a broken or foreign file gets.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { openDatabase, type Database } from '../../../lib/adapters/store/database.ts';
import { migrations } from '../../../lib/adapters/store/schema.ts';
import { sqliteStore } from '../../../lib/adapters/store/sqlite.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp-dir.ts';

function open(file: string, steps?: readonly string[]): Database {
  const database = openDatabase({ file, busyMs: 50, ...(steps === undefined ? {} : { migrations: steps }) });
  onTestFinished(() => database.close());
  return database;
}

const storeOn = (database: Database) => sqliteStore({ database, clock: fakeClock(), alive: () => true });

it('refuses a file of a newer version and leaves every byte of it', () => {
  const file = join(tempDir(), 'state.db');
  open(file, [...migrations, 'CREATE TABLE tomorrow (x)']).close();
  const before = readFileSync(file);
  expect(() => openDatabase({ file })).toThrow(
    expect.objectContaining({
      code: 'StateTooNew',
      message: expect.stringContaining(`format ${migrations.length + 1}`),
    }),
  );
  expect(readFileSync(file).equals(before)).toBe(true);
});

it('brings an older file to the current version and keeps what is in it', async () => {
  const file = join(tempDir(), 'state.db');
  const old = open(file);
  await storeOn(old).hint('app/main/shop', { kind: 'push', at: 1 });
  old.close();
  const next = open(file, [...migrations, 'ALTER TABLE rows ADD COLUMN colour TEXT']);
  expect(next.statement('PRAGMA user_version').get()).toEqual({ user_version: migrations.length + 1 });
  expect(next.statement('SELECT key, wanted, colour FROM rows').all()).toEqual([
    { key: 'app/main/shop', wanted: 1, colour: null },
  ]);
});

it('brings a file of the first version to the current one, whole', async () => {
  const file = join(tempDir(), 'state.db');
  const old = open(file, migrations.slice(0, 1));
  old
    .statement(
      `INSERT INTO rows (key, v, wanted, handled, fence, reasons, intent) VALUES ('app/main/shop', 1, 1, 0, 0, '[]', '{}')`,
    )
    .run();
  await storeOn(old).setValue('port', 1, undefined);
  old.close();
  const store = storeOn(open(file));
  expect(await store.read('app/main/shop')).toMatchObject({ wanted: 1 });
  expect(await store.getValue('port')).toBe(1);
  await store.setFollows('root', ['r.example/shop']);
  expect(await store.followers('r.example/shop')).toEqual(['root']);
});

it('lists a row of a newer version as such, and the others as ever', async () => {
  const database = open(join(tempDir(), 'state.db'));
  const store = storeOn(database);
  for (const key of ['app/main/a', 'app/main/b']) await store.hint(key, { kind: 'push', at: 1 });
  database.statement(`UPDATE rows SET v = 2, reasons = 'other' WHERE key = 'app/main/a'`).run();
  const rows = await store.list('app/');
  expect(rows.map(({ key, newer }) => [key, newer])).toEqual([
    ['app/main/a', 2],
    ['app/main/b', undefined],
  ]);
  expect(await store.due(2, 10)).toEqual(['app/main/b']);
  await expect(store.read('app/main/a')).rejects.toMatchObject({ code: 'StateTooNew' });
});

it('takes back a step that fails half-way', () => {
  const file = join(tempDir(), 'state.db');
  open(file).close();
  const broken = [...migrations, 'CREATE TABLE half (x); CREATE TABLE rows (y)'];
  expect(() => openDatabase({ file, migrations: broken })).toThrow(
    expect.objectContaining({ code: 'StoreUnavailable' }),
  );
  const again = open(file);
  expect(again.statement('PRAGMA user_version').get()).toEqual({ user_version: migrations.length });
  expect(again.statement("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
});

it('refuses a row and a run of a newer version', async () => {
  const database = open(join(tempDir(), 'state.db'));
  const store = storeOn(database);
  await store.hint('app/main/shop', { kind: 'push', at: 1 });
  await store.putRun({ v: 1, id: 'r1', app: 'main/shop', seq: 1, record: {} });
  database.statement('UPDATE rows SET v = 2').run();
  database.statement('UPDATE runs SET v = 2').run();
  const tooNew = { code: 'StateTooNew' };
  await expect(store.read('app/main/shop')).rejects.toMatchObject(tooNew);
  await expect(store.hint('app/main/shop', { kind: 'push', at: 2 })).rejects.toMatchObject(tooNew);
  await expect(store.take('app/main/shop', 'me', 1000)).rejects.toMatchObject(tooNew);
  await expect(store.run('r1')).rejects.toMatchObject(tooNew);
  expect(database.statement('SELECT v, wanted, fence FROM rows').all()).toEqual([{ v: 2, wanted: 1, fence: 0 }]);
});

it('lets only the owner read the file, its log and its directory', async () => {
  const directory = join(tempDir(), 'data');
  const file = join(directory, 'state.db');
  await storeOn(open(file)).hint('app/main/shop', { kind: 'push', at: 1 });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect([file, `${file}-wal`].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600]);
});

it('says that the store is unavailable when another process will not let go', async () => {
  const file = join(tempDir(), 'state.db');
  const store = storeOn(open(file));
  const other = new DatabaseSync(file);
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const unavailable = {
    code: 'StoreUnavailable',
    retryable: true,
    message: expect.stringContaining('another process'),
  };
  await expect(store.hint('app/main/shop', { kind: 'push', at: 1 })).rejects.toMatchObject(unavailable);
  other.exec('ROLLBACK');
  await store.hint('app/main/shop', { kind: 'push', at: 1 });
});

it('says that the store is unavailable when the file is something else, or closed', async () => {
  const file = join(tempDir(), 'state.db');
  writeFileSync(file, 'this is not a database, but long enough to be looked at as one'.repeat(20));
  expect(() => openDatabase({ file })).toThrow(expect.objectContaining({ code: 'StoreUnavailable' }));
  const database = open(join(tempDir(), 'state.db'));
  const store = storeOn(database);
  await store.close();
  await store.close();
  await expect(store.hint('app/main/shop', { kind: 'push', at: 1 })).rejects.toMatchObject({
    code: 'StoreUnavailable',
  });
});

function counting(file: string): { readonly database: Database; readonly values: () => readonly unknown[] } {
  const database = open(file);
  database.write(() => database.statement('CREATE TABLE seen (value INTEGER)').run());
  return {
    database,
    values: () =>
      database
        .statement('SELECT value FROM seen')
        .all()
        .map(({ value }) => value),
  };
}

const insert = (database: Database, value: number): number =>
  database.statement('INSERT INTO seen VALUES (?)').run(value);

it('commits what is asked for in one turn together, and says so afterwards', async () => {
  const file = join(tempDir(), 'state.db');
  const { database } = counting(file);
  const other = open(file);
  const version = (): unknown => other.statement('PRAGMA data_version').get()?.['data_version'];
  const before = version();
  const both = [1, 2].map(async (value) => await database.soon(() => insert(database, value)));
  expect(version()).toBe(before);
  expect(await Promise.all(both)).toEqual([1, 1]);
  expect(version()).toBe(Number(before) + 1);
  expect(other.statement('SELECT count(*) AS n FROM seen').get()).toEqual({ n: 2 });
});

it('lets what throws take back its own writes and nobody else’s', async () => {
  const { database, values } = counting(join(tempDir(), 'state.db'));
  const lost = new HoldfastError({ code: 'LeaseLost', source: 'system', message: 'Lost' });
  const answers = await Promise.allSettled([
    database.soon(() => insert(database, 1)),
    database.soon(() => {
      insert(database, 2);
      throw lost;
    }),
    database.soon(() => insert(database, 3)),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(answers[1]).toMatchObject({ reason: lost });
  expect(values()).toEqual([1, 3]);
});

it('refuses all of them when another process holds the file', async () => {
  const file = join(tempDir(), 'state.db');
  const { database, values } = counting(file);
  const other = new DatabaseSync(file);
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const answers = await Promise.allSettled([1, 2].map((value) => database.soon(() => insert(database, value))));
  other.exec('ROLLBACK');
  const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'StoreUnavailable' }) };
  expect(answers).toEqual([refused, refused]);
  expect(values()).toEqual([]);
});

it('writes what was asked for before it closes', async () => {
  const file = join(tempDir(), 'state.db');
  const { database } = counting(file);
  const written = database.soon(() => insert(database, 1));
  database.close();
  expect(await written).toBe(1);
  expect(open(file).statement('SELECT value FROM seen').all()).toEqual([{ value: 1 }]);
});
