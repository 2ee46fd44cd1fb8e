// What the API shows while a commit is being fanned out.
import { expect, test } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import type { Json } from '../../lib/core/json.ts';
import { newAppState, newRepoState } from '../../lib/core/reconcile/state.ts';
import type { Row, Store } from '../../lib/core/reconcile/store.ts';
import { createFeed } from '../../lib/runtime/feed.ts';
import { createViews } from '../../lib/runtime/views.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { source } from '../support/step.ts';

const json = (value: object): Json => value as unknown as Json;

async function settle(store: Store, key: string, state: object): Promise<void> {
  const taken = await store.take(key, 'me', 60_000);
  await store.release(key, taken!.lease, { seen: taken!.row.wanted, state: json(state) });
}

test('an application is never in sync with a head that came while its row was read', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const assign = async (seq: number, inputsKey: string): Promise<void> => {
    const row = json(source({ seq, inputsKey, revision: `commit-${seq}` })) as NonNullable<Row['source']>;
    await store.assign('app/root/web', row, { kind: 'push', at: clock.now() });
  };
  const head = async (seq: number): Promise<void> =>
    await settle(store, 'repo/root', {
      ...newRepoState,
      seq,
      revision: `commit-${seq}`,
      catalogueRevision: `commit-${seq}`,
    });
  await store.hint('repo/root', { kind: 'push', at: clock.now() });
  await assign(1, 'old');
  const applied = {
    revision: 'commit-1',
    seq: 1,
    inputsKey: 'old',
    desired: 'd',
    desiredDigest: 'd',
    runId: 'r',
    at: 1,
  };
  await settle(store, 'app/root/web', { ...newAppState, sync: 'Synced', health: 'Healthy', applied });
  await head(1);
  // The fan-out of a second commit ends between the two things that a status reads.
  const torn: Store = {
    ...store,
    list: async (prefix) => {
      const rows = await store.list(prefix);
      await assign(2, 'new');
      await head(2);
      return rows;
    },
  };
  const views = createViews({ store: torn, blobs: memoryBlobs(), alias: 'root', feed: createFeed({ start: 't' }) });
  const [web] = (await views.status()).apps;
  expect(web).toMatchObject({ sync: 'Synced', revision: 'commit-1' });
});

test('what to do next is said of the last try that did not end well, and not while another is under way', async () => {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const row = json(source({ seq: 1 })) as NonNullable<Row['source']>;
  await store.assign('app/root/web', row, { kind: 'push', at: clock.now() });
  const failure = { code: 'RoleRefused', source: 'user', message: 'no', retryable: true, next: 'holdfast doctor' };
  const failed = { inputsKey: 'i', seq: 1, failure, outcome: 'failed', attempts: 1, partial: false };
  const views = createViews({ store, blobs: memoryBlobs(), alias: 'root', feed: createFeed({ start: 't' }) });
  await settle(store, 'app/root/web', { ...newAppState, failed });
  expect((await views.status()).apps).toMatchObject([{ next: 'holdfast doctor' }]);
  const run = { id: 'r', phase: 'plan', startedAt: 0 };
  await settle(store, 'app/root/web', { ...newAppState, failed, run });
  expect((await views.status()).apps[0]).not.toHaveProperty('next');
});
