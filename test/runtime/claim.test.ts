// One server per data directory, also when two start at the same moment or one was killed.
import { expect, test } from 'vitest';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { claimDirectory } from '../../lib/runtime/claim.ts';
import { fakeClock } from '../support/fake-clock.ts';

const alive = (): boolean => true;
const store = () => memoryStore({ clock: fakeClock() });

test('of two that start together one has it', async () => {
  const shared = store();
  const claims = await Promise.allSettled([
    claimDirectory(shared, 'hf1:1', alive),
    claimDirectory(shared, 'hf1:2', alive),
  ]);
  expect(claims.map((claim) => claim.status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = claims.find((claim) => claim.status === 'rejected');
  expect(refused?.reason).toMatchObject({ code: 'AlreadyRunning' });
});

test('it is free after a release, and after the death of its holder', async () => {
  const shared = store();
  const first = await claimDirectory(shared, 'hf1:1', alive);
  await first.release();
  await claimDirectory(shared, 'hf1:2', alive);
  await expect(claimDirectory(shared, 'hf1:3', alive)).rejects.toMatchObject({
    code: 'AlreadyRunning',
    message: 'A Holdfast server (process 2) already works with this data directory',
  });
  await expect(claimDirectory(shared, 'hf1:3', (holder) => holder !== 'hf1:2')).resolves.toBeDefined();
});

test('a release of a claim that was lost takes nothing from its new holder', async () => {
  const shared = store();
  const first = await claimDirectory(shared, 'hf1:1', alive);
  await claimDirectory(shared, 'hf1:2', (holder) => holder !== 'hf1:1');
  await first.release();
  await expect(claimDirectory(shared, 'hf1:3', alive)).rejects.toMatchObject({ code: 'AlreadyRunning' });
});
