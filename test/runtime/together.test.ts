import { setImmediate as turn } from 'node:timers/promises';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { expect, test } from 'vitest';
import { together } from '../../lib/runtime/together.ts';

test('answers come in the order of the things, and no more are under way than allowed', async () => {
  await assert(
    asyncProperty(
      array(integer({ min: 1, max: 4 }), { maxLength: 30 }),
      integer({ min: 1, max: 8 }),
      async (things, atOnce) => {
        let underWay = 0;
        let most = 0;
        const answers = await together(atOnce, things, async (turns) => {
          most = Math.max(most, ++underWay);
          for (let i = 0; i < turns; i++) await turn();
          underWay -= 1;
          return turns * 10;
        });
        expect(answers).toEqual(things.map((turns) => turns * 10));
        expect(most).toBe(Math.min(atOnce, things.length));
      },
    ),
  );
});

test('a failure is thrown when nothing is under way any more, and nothing new is begun', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const working = together(2, [1, 2, 3, 4], async (thing) => {
    begun.push(thing);
    if (thing === 1) throw new TypeError('one');
    await turn();
    ended.push(thing);
  });
  await expect(working).rejects.toThrow('one');
  expect(begun).toEqual([1, 2]);
  expect(ended).toEqual([2]);
});
