// What the API shows while a commit is being fanned out.
import { expect, test } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import type { Json } from '../../lib/core/json.ts';
import { newAppState, newRepoState } from '../../lib/core/reconcile/state.ts';
import { newerRow } from '../../lib/core/reconcile/rows.ts';
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

test.each(['row', 'state'])(
  'an application whose %s a newer version wrote is shown as such, with the others',
  async (what) => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    for (const name of ['api', 'web']) {
      const { app } = source();
      const row = json(source({ app: { ...app, id: `root/${name}`, name } })) as NonNullable<Row['source']>;
      await store.assign(`app/root/${name}`, row, { kind: 'push', at: clock.now() });
    }
    await settle(store, 'app/root/web', { ...newAppState, v: what === 'state' ? 2 : 1 });
    const list: Store['list'] = async (prefix) =>
      (await store.list(prefix)).map((row) =>
        what === 'row' && row.key === 'app/root/web' ? newerRow(row.key, 2) : row,
      );
    const views = createViews({
      store: { ...store, list },
      blobs: memoryBlobs(),
      alias: 'root',
      feed: createFeed({ start: 's' }),
    });
    expect((await views.status()).apps).toEqual([
      expect.objectContaining({ name: 'api' }),
      expect.objectContaining({
        name: 'web',
        sync: 'Unknown',
        health: 'Unknown',
        message: expect.stringMatching(/^StateTooNew: /),
        next: expect.stringContaining('Update Holdfast'),
      }),
    ]);
    expect((await views.status(['root/web'])).apps).toHaveLength(1);
    expect((await views.apps()).map(({ name }) => name).sort()).toEqual(['api', 'web']);
    expect((await views.drift()).apps.map(({ name }) => name)).toEqual(['api']);
  },
);
