import { describe, expect, test } from 'vitest';
import { movementBetween } from '../../../lib/adapters/git/ancestry.ts';

const day = 86_400;
const start = 1_700_000_000;
const id = (name: string): string => Buffer.from(name).toString('hex').padStart(40, '0');

/** Commits by name: parents, and the day on which they were made. Those without an entry are not here. */
function history(commits: Readonly<Record<string, readonly [parents: string, day: number]>>) {
  const bodies = new Map(
    Object.entries(commits).map(([name, [parents, on]]) => {
      const lines = parents.split(' ').flatMap((parent) => (parent === '' ? [] : [`parent ${id(parent)}`]));
      const who = `Test <test@example.com> ${start + on * day} +0000`;
      const text = [
        `tree ${'0'.repeat(40)}`,
        ...lines,
        `author ${who}`,
        `committer ${who}`,
        '',
        `parent ${id('fake')}`,
      ];
      return [id(name), Buffer.from(text.join('\n'))];
    }),
  );
  return async (from: string, to: string) => await movementBetween(id(from), id(to), async (one) => bodies.get(one));
}

describe('how a branch moved', () => {
  const whole = history({ a: ['', 0], b: ['a', 1], c: ['b', 2], d: ['b', 2], m: ['c d', 3] });
  test.each([
    ['a', 'c', 'forward'],
    ['c', 'm', 'forward'],
    ['m', 'd', 'back'],
    ['c', 'd', 'rewritten'],
    ['c', 'x', undefined],
    ['x', 'c', undefined],
  ])('%s to %s is %s', async (from, to, expected) => {
    expect(await whole(from, to)).toBe(expected);
  });

  test('where a copy ends nothing is claimed', async () => {
    const shallow = history({ b: ['a', 1], c: ['a', 1] });
    expect(await shallow('b', 'c')).toBeUndefined();
  });

  test('what was made days before does not build on it, whether it is here or not', async () => {
    const shallow = history({ old: ['x', 10], new: ['base', 11], base: ['gone', 2] });
    expect(await shallow('old', 'new')).toBe('rewritten');
  });

  test('a clock that is an hour off changes nothing', async () => {
    expect(await history({ a: ['', 0], b: ['a', 1], c: ['b', 0.96] })('b', 'c')).toBe('forward');
  });

  test('a history that is too long is not told', async () => {
    const long: Record<string, readonly [string, number]> = { old: ['', 0] };
    for (let n = 0; n < 6_000; n += 1) long[`n${n}`] = [n === 5_999 ? '' : `n${n + 1}`, 1];
    expect(await history(long)('old', 'n0')).toBeUndefined();
  });
});
