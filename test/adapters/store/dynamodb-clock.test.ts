// The store's clock: from whole seconds of Date headers to a time that is right within the error that the answers allow.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { serverClock } from '../../../lib/adapters/store/dynamodb/clock.ts';

const start = 1_700_000_000_000;

it('knows nothing before the first answer, and nothing from an answer without a date', () => {
  const clock = serverClock(() => 0);
  expect(clock.estimate()).toBeUndefined();
  clock.heard(undefined, 0, 1);
  clock.heard('yesterday', 0, 1);
  expect(clock.estimate()).toBeUndefined();
});

interface Answer {
  readonly gap: number;
  readonly there: number;
  readonly back: number;
}

/** Plays answers of a server whose clock is `offset` ahead; gives how far off the estimate is after each. */
function errors(offset: number, answers: readonly Answer[]): readonly number[] {
  let monotonic = 0;
  const clock = serverClock(() => monotonic);
  return answers.map(({ gap, there, back }) => {
    monotonic += gap;
    const sent = monotonic;
    monotonic += there;
    const date = new Date(monotonic + offset).toUTCString();
    monotonic += back;
    clock.heard(date, sent, monotonic);
    return Math.abs((clock.estimate() ?? 0) - (monotonic + offset));
  });
}

const answer = fc.record({
  gap: fc.integer({ min: 0, max: 30_000 }),
  there: fc.integer({ min: 0, max: 800 }),
  back: fc.integer({ min: 0, max: 800 }),
});

it('is off by half a second and half the way at most, whatever the machine thinks', () => {
  fc.assert(
    fc.property(fc.integer({ min: start, max: start * 2 }), fc.array(answer, { minLength: 1 }), (offset, answers) => {
      const limit = Math.max(...answers.map(({ there, back }) => there + back));
      for (const error of errors(offset, answers)) expect(error).toBeLessThanOrEqual(500 + limit / 2 + 1);
    }),
  );
});

it('gets better with more answers', () => {
  const answers = Array.from({ length: 40 }, (_, i) => ({ gap: 130 * (1 + (i % 7)), there: 3, back: 3 }));
  expect(errors(start + 417, answers).at(-1)).toBeLessThan(80);
});

it('believes the newest answer when the machine slept and its clock with it', () => {
  let monotonic = 0;
  const clock = serverClock(() => monotonic);
  clock.heard(new Date(start).toUTCString(), 0, 4);
  monotonic = 1_000;
  clock.heard(new Date(start + 3_600_000).toUTCString(), 996, 1_000);
  expect(Math.abs((clock.estimate() ?? 0) - (start + 3_600_500))).toBeLessThan(600);
});

it('knows nothing when the process was frozen and its monotonic clock with it, until the next answer', () => {
  let monotonic = 0;
  let wall = start;
  const clock = serverClock(
    () => monotonic,
    () => wall,
  );
  clock.heard(new Date(start).toUTCString(), 0, 4);
  monotonic += 600_000;
  wall += 600_000;
  expect(clock.estimate(), 'both went on').toBeGreaterThan(start + 599_000);
  wall += 660_000;
  expect(clock.estimate(), 'only the wall clock went on').toBeUndefined();
  clock.heard(new Date(wall).toUTCString(), monotonic, monotonic + 4);
  expect(Math.abs((clock.estimate() ?? 0) - wall)).toBeLessThan(1_000);
});
