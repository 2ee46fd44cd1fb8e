// What a message of the source queue makes the function do: look at the repository that is connected, and nothing else.
import { expect, test, vi } from 'vitest';
import { memoryStore } from '../../../lib/adapters/store/memory.ts';
import { workOf } from '../../../lib/runtime/lambda/source.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const root = { v: 1, url: 'https://git.example/team/apps', branch: 'main' } as const;
const delivery = (alias: string): string =>
  JSON.stringify({
    v: 1,
    kind: 'push',
    alias,
    delivery: 'd-1',
    digest: 'a'.repeat(64),
    ref: 'refs/heads/main',
    after: 'b'.repeat(40),
  });

function setup(fixed: typeof root | undefined = root) {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const logger = { info: vi.fn(), warn: vi.fn() };
  return { store, clock, asked: { store, fixed, now: clock.now, logger } };
}

test('a delivery is kept once, and hints', async () => {
  const { store, asked } = setup();
  expect(await workOf(delivery('root'), asked)).toEqual({ key: 'repo/root', root });
  expect((await store.read('repo/root'))?.wanted).toBe(1);
  expect(await workOf(delivery('root'), asked)).toBeUndefined();
});

test.each([
  ['of an alias that nothing is connected under', root, 'other'],
  ['before a repository is connected', undefined, 'root'],
])('a delivery %s leaves no row that would be rung for each minute', async (_name, fixed, alias) => {
  const { store, clock, asked } = setup(fixed);
  expect(await workOf(delivery(alias), { ...asked, fixed })).toBeUndefined();
  clock.advance(3_600_000);
  expect(await store.due(clock.now(), 10)).toEqual([]);
  expect(asked.logger.warn).toHaveBeenCalledOnce();
});

test.each(['app/root/a', '', '{"v":2,"kind":"push"}', 'repo/x y'])('%j is refused', async (body) => {
  await expect(workOf(body, setup().asked)).rejects.toMatchObject({ code: 'EventMalformed' });
});
