// The store contract on every store we ship.
import { onTestFinished } from 'vitest';
import { join } from 'node:path';
import { openDatabase } from '../../lib/adapters/store/database.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { sqliteStore } from '../../lib/adapters/store/sqlite.ts';
import type { Store } from '../../lib/core/reconcile/store.ts';
import { tempDir } from '../support/temp-dir.ts';
import { storeContract } from './store.ts';

storeContract('memory', ({ clock, dead }) => {
  const store = memoryStore({ clock, alive: (holder) => !dead.has(holder) });
  return { store, reopen: () => store };
});

storeContract('sqlite', ({ clock, dead }) => {
  const file = join(tempDir(), 'state.db');
  const open = (): Store => {
    const database = openDatabase({ file });
    onTestFinished(() => database.close());
    return sqliteStore({ database, clock, alive: (holder) => !dead.has(holder) });
  };
  return { store: open(), reopen: open };
});
