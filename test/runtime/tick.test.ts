// The tick: rings for what is due and for nothing else, and finds what events missed.
import { expect, test } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { memoryQueue } from '../../lib/adapters/queue/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { newRepoState } from '../../lib/core/reconcile/state.ts';
import type { Json } from '../../lib/core/json.ts';
import { writeJson } from '../../lib/runtime/rows.ts';
import { lastTick, tick } from '../../lib/runtime/tick.ts';
import { fakeClock } from '../support/fake-clock.ts';

function setup({ connected = true }: { readonly connected?: boolean } = {}) {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const queue = memoryQueue({ clock });
  const blobs = memoryBlobs();
  const parts = { store, queue, blobs, now: clock.now, connected: async () => connected };
  const rung = async (): Promise<string[]> => {
    const messages = [...(await queue.receive('source', 10, 1_000)), ...(await queue.receive('reconcile', 10, 1_000))];
    for (const message of messages) await queue.ack(message);
    return messages.map(({ queue: name, body }) => `${name} ${body}`);
  };
  return { clock, store, queue, blobs, parts, rung };
}

test('a row with a hint that nobody looked at is rung for in its own queue, and its age is said', async () => {
  const { clock, store, parts, rung } = setup({ connected: false });
  await store.hint('app/root/web', { kind: 'push', at: clock.now() });
  clock.advance(90_000);
  expect(await tick(parts)).toMatchObject({ rung: 1, oldestMs: 90_000 });
  expect(await rung()).toEqual(['reconcile app/root/web']);
});

test('a row that somebody works on is left alone', async () => {
  const { store, parts, rung } = setup({ connected: false });
  await store.hint('app/root/web', { kind: 'push', at: 0 });
  await store.take('app/root/web', 'me', 60_000);
  expect(await tick(parts)).toMatchObject({ rung: 0 });
  expect(await rung()).toEqual([]);
});

test('a repository that was just connected is looked at although it has no row yet', async () => {
  const { parts, rung } = setup();
  await tick(parts);
  expect(await rung()).toEqual(['source repo/root']);
});

test('without a repository nothing is polled', async () => {
  const { parts, rung } = setup({ connected: false });
  expect(await tick(parts)).toMatchObject({ rung: 0, oldestMs: 0 });
  expect(await rung()).toEqual([]);
});

test('registries are asked every 15 minutes when an application follows an image', async () => {
  const { clock, store, blobs, parts } = setup();
  await writeJson(blobs, 'catalogue/1', {
    v: 1,
    apps: [{ images: [{ repository: 'shop', policy: { semver: '*' } }] }],
  });
  await store.hint('repo/root', { kind: 'push', at: clock.now() });
  const taken = await store.take('repo/root', 'me', 60_000);
  const state = { ...newRepoState, catalogue: 'catalogue/1' } as unknown as Json;
  await store.release('repo/root', taken!.lease, { seen: taken!.row.wanted, state });
  const asked = async () => (await store.read('repo/root'))!.reasons.filter(({ kind }) => kind === 'image').length;
  await tick(parts);
  expect(await asked()).toBe(1);
  await tick(parts);
  expect(await asked()).toBe(1);
  clock.advance(15 * 60_000);
  await tick(parts);
  expect(await asked()).toBe(2);
});

test('a tick that was done says when, so that a schedule that stands still is seen', async () => {
  const { clock, store, parts } = setup({ connected: false });
  expect(await lastTick(store)).toBeUndefined();
  await tick(parts);
  clock.advance(60_000);
  await tick(parts);
  expect(await lastTick(store)).toBe(clock.now());
});
