import { describe, expect, test } from 'vitest';
import { exitCodeOf, usage, worstExit } from '../../lib/cli/exit.ts';
import { HoldfastError } from '../../lib/core/errors.ts';

const failed = (code: string): HoldfastError => new HoldfastError({ code, source: 'user', message: 'no' });

describe('the exit code of an error', () => {
  test.each([
    ['ConfigMissing', 2],
    ['AppUnknown', 2],
    ['Usage', 3],
    ['InstallationName', 3],
    ['Unauthorized', 4],
    ['Forbidden', 4],
    ['GitAuth', 4],
    ['StackCredentials', 4],
    ['Timeout', 124],
    ['Interrupted', 130],
    ['Stopped', 130],
  ])('%s ends with %i', (code, exit) => {
    expect(exitCodeOf(failed(code))).toBe(exit);
  });

  test('what is not ours is an error', () => {
    expect(exitCodeOf(new TypeError('x is not a function'))).toBe(2);
    expect(exitCodeOf('text')).toBe(2);
  });

  test('wrong usage says what to type instead', () => {
    expect(usage('no such flag', 'holdfast --help').toFailure()).toMatchObject({
      code: 'Usage',
      next: 'holdfast --help',
    });
  });
});

test.each([
  [[], 0],
  [[0, 0], 0],
  [[0, 1], 1],
  [[1, 5], 5],
  [[5, 124], 124],
  [[124, 2], 2],
  [[2, 4], 4],
  [[4, 130], 130],
] as const)('of the exit codes %j the worst is %i', (codes, worst) => {
  expect(worstExit(codes)).toBe(worst);
});
