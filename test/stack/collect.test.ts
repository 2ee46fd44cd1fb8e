// What the tick removes is what its role lets it remove: one blob that it may not touch would end every clean-up after it.
import { expect, it } from 'vitest';
import { memoryBlobs } from '../../lib/adapters/blob/memory.ts';
import { memoryStore } from '../../lib/adapters/store/memory.ts';
import { collectGarbage } from '../../lib/runtime/gc.ts';
import { rightsTable } from '../../tools/rights-table.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { templateFor } from '../support/stack/synth.ts';

it('may remove every kind of blob that is collected', async () => {
  const listed: string[] = [];
  const list = async (prefix: string): Promise<readonly string[]> => {
    listed.push(prefix);
    return [];
  };
  await collectGarbage({ store: memoryStore({ clock: fakeClock() }), blobs: { ...memoryBlobs(), list }, now: () => 0 });
  const collects =
    rightsTable(templateFor()).find((line) => line.startsWith('tick ObjectsCollect: s3:DeleteObject')) ?? '';
  expect(listed).not.toEqual([]);
  expect(listed.filter((prefix) => !collects.includes(`/${prefix}*`))).toEqual([]);
});
