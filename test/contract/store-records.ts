// What every store promises about what it keeps beside rows: runs, deliveries, named values, followed images.
import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../lib/core/trigger/model.ts';
import type { StoreUnderTest, StoreWorld } from './store.ts';

const HOUR = 3_600_000;

/** The second part of the store contract. */
export function storeRecordsContract(name: string, begin: () => Promise<StoreUnderTest & StoreWorld>): void {
  const push = (world: StoreWorld): Trigger => ({ kind: 'push', at: world.clock.now(), note: 'abc' });

  describe(`${name}: runs, deliveries, values`, () => {
    it('keeps runs by their order, newest first, and replaces one that goes on', async () => {
      const world = await begin();
      for (const seq of [2, 1, 3])
        await world.store.putRun({ v: 1, id: `r${seq}`, app: 'main/shop', seq, record: { seq } });
      await world.store.putRun({ v: 1, id: 'x', app: 'main/other', seq: 9, record: null });
      await world.store.putRun({ v: 1, id: 'r3', app: 'main/shop', seq: 3, record: { outcome: 'Applied' } });
      expect((await world.store.runs('main/shop', 2)).map(({ id }) => id)).toEqual(['r3', 'r2']);
      expect(await world.store.run('r3')).toEqual({
        v: 1,
        id: 'r3',
        app: 'main/shop',
        seq: 3,
        record: { outcome: 'Applied' },
      });
      expect(await world.store.run('nope')).toBeUndefined();
    });

    it('removes the run 200 before a new one, and what is before it, but nothing of other applications and no pinned run', async () => {
      const world = await begin();
      const put = (seq: number, app = 'main/shop') =>
        world.store.putRun({ v: 1, id: `${app.slice(5)}-${seq}`, app, seq, record: null });
      await world.store.intend('app/main/shop', { pin: 'shop-2' }, push(world));
      for (const seq of [1, 2, 3, 4, 200]) await put(seq);
      await put(1, 'main/other');
      expect((await world.store.runs('main/shop', 500)).map(({ seq }) => seq)).toEqual([200, 4, 3, 2, 1]);
      await put(203);
      expect((await world.store.runs('main/shop', 500)).map(({ seq }) => seq)).toEqual([203, 200, 4, 2]);
      expect(await world.store.run('shop-3')).toBeUndefined();
      expect(await world.store.run('shop-2')).toBeDefined();
      expect(await world.store.runs('main/other', 500)).toHaveLength(1);
      await world.store.intend('app/main/shop', { pin: undefined }, push(world));
      await put(203);
      await put(204);
      expect((await world.store.runs('main/shop', 500)).map(({ seq }) => seq)).toEqual([204, 203, 200]);
    });

    it('takes a run along when it is put under another number or application', async () => {
      const world = await begin();
      await world.store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 1, record: 1 });
      await world.store.putRun({ v: 1, id: 'r', app: 'main/shop', seq: 2, record: 2 });
      expect(await world.store.runs('main/shop', 9)).toEqual([{ v: 1, id: 'r', app: 'main/shop', seq: 2, record: 2 }]);
      await world.store.putRun({ v: 1, id: 'r', app: 'main/other', seq: 1, record: 3 });
      expect(await world.store.runs('main/shop', 9)).toEqual([]);
      expect(await world.store.run('r')).toEqual({ v: 1, id: 'r', app: 'main/other', seq: 1, record: 3 });
    });

    it('tells who follows an image', async () => {
      const world = await begin();
      await world.store.setFollows('team-b', ['r.example/shop', 'r.example/web', 'r.example/shop']);
      await world.store.setFollows('root', ['r.example/shop']);
      expect(await world.store.followers('r.example/shop')).toEqual(['root', 'team-b']);
      expect(await world.store.followers('r.example/web')).toEqual(['team-b']);
      expect(await world.store.followers('r.example')).toEqual([]);
      await world.store.setFollows('team-b', ['r.example/web', 'r.example/api']);
      expect(await world.reopen().followers('r.example/shop')).toEqual(['root']);
      expect(await world.store.followers('r.example/api')).toEqual(['team-b']);
      await world.store.setFollows('team-b', []);
      expect(await world.store.followers('r.example/web')).toEqual([]);
    });

    it('knows a delivery again, and one whose body was changed', async () => {
      const world = await begin();
      expect(await world.store.delivery('d1', 'aa')).toBe('new');
      expect(await world.store.delivery('d1', 'aa')).toBe('duplicate');
      expect(await world.store.delivery('d1', 'bb')).toBe('mismatch');
      expect(await world.store.delivery('d1', 'aa')).toBe('duplicate');
    });

    it('forgets a delivery after seven days, not before', async () => {
      const world = await begin();
      await world.store.delivery('d1', 'aa');
      world.clock.advance(7 * 24 * HOUR);
      expect(await world.store.delivery('d1', 'aa')).toBe('duplicate');
      world.clock.advance(1);
      expect(await world.store.delivery('d1', 'bb')).toBe('new');
    });

    it('raises wanted with a new delivery, and only then', async () => {
      const world = await begin();
      const hint = { key: 'repo/main', trigger: push(world) };
      expect(await world.store.delivery('d1', 'aa', hint)).toBe('new');
      expect(await world.store.delivery('d1', 'aa', hint)).toBe('duplicate');
      expect(await world.store.delivery('d1', 'bb', hint)).toBe('mismatch');
      expect(await world.store.read('repo/main')).toMatchObject({ wanted: 1, reasons: [hint.trigger] });
    });

    it('sets a value only where the expected one is', async () => {
      const world = await begin();
      const { store } = world;
      expect(await store.setValue('port', 1, 2)).toBe(false);
      expect(await store.setValue('port', 1, undefined)).toBe(true);
      expect(await store.setValue('port', 2, undefined)).toBe(false);
      expect(await store.getValue('port')).toBe(1);
      expect(await store.setValue('port', { b: 1, a: [null] }, 1)).toBe(true);
      expect(await store.setValue('port', 'next', { a: [null], b: 1 })).toBe(true);
      expect(await store.getValue('port')).toBe('next');
      expect(await store.getValue('nothing')).toBeUndefined();
    });

    it('tells its clock', async () => {
      const world = await begin();
      expect(await world.store.now()).toBe(world.clock.now());
    });
  });
}
