import { describe, expect, test } from 'vitest';
import { parseDuration, showAge, showDuration } from '../../lib/cli/time.ts';

describe('durations', () => {
  test.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['250ms', 250],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['2d', 172_800_000],
    ['0', 0],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', 'banana', '10 m', '5x', 'm5', '-5s', '1h nonsense', '10minutes'])('"%s" is refused', (text) => {
    expect(() => parseDuration(text)).toThrow(`${JSON.stringify(text)} is not a duration`);
  });

  test.each([
    [850, '850 ms'],
    [2_400, '2.4 s'],
    [119_000, '119.0 s'],
    [180_000, '3 min'],
  ])('%i ms is shown as %s', (ms, text) => {
    expect(showDuration(ms)).toBe(text);
  });

  test.each([
    [0, '0 s ago'],
    [119_000, '119 s ago'],
    [300_000, '5 min ago'],
    [7_200_000, '2 h ago'],
    [259_200_000, '3 d ago'],
    [-5_000, '0 s ago'],
  ])('%i ms before now is %s', (ms, text) => {
    expect(showAge(1_000_000_000 - ms, 1_000_000_000)).toBe(text);
  });
});
