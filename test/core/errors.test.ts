import { expect, test } from 'vitest';
import { asFailure, HoldfastError } from '../../lib/core/errors.ts';

test('a foreign error becomes an internal failure of the system', () => {
  expect(asFailure(new TypeError('x is undefined'))).toEqual({
    code: 'Internal',
    source: 'system',
    message: 'x is undefined',
    retryable: true,
  });
});

test('our error keeps what makes it actionable', () => {
  const error = new HoldfastError({
    code: 'GitUnreachable',
    source: 'remote',
    message: 'm',
    retryable: true,
    next: 'n',
  });
  expect(asFailure(error)).toEqual({
    code: 'GitUnreachable',
    source: 'remote',
    message: 'm',
    retryable: true,
    next: 'n',
  });
});
