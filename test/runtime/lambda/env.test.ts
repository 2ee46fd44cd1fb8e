// A function's environment: all that is missing is said at once, and by name.
import { expect, it } from 'vitest';
import { accountsOf, readEnvironment } from '../../../lib/runtime/lambda/env.ts';

it('gives what is there', () => {
  const env = { HOLDFAST_TABLE: 'table', HOLDFAST_BUS: 'bus', HOLDFAST_BUCKET: 'not asked for' };
  expect(readEnvironment(['table', 'bus'], env)).toEqual({ table: 'table', bus: 'bus' });
});

it('names everything that is missing or empty, in one error', () => {
  expect(() => readEnvironment(['table', 'bucket', 'keySecret'], { HOLDFAST_BUCKET: '' })).toThrow(
    expect.objectContaining({
      code: 'FunctionEnvironment',
      source: 'system',
      message: "The function's environment lacks HOLDFAST_TABLE, HOLDFAST_BUCKET, HOLDFAST_KEY_SECRET",
      next: 'Deploy the stack again: npx cdk deploy',
    }),
  );
});

it('reads accounts from a list, and an empty one believes nobody', () => {
  expect(accountsOf({ eventAccounts: '111122223333, 444455556666,' })).toEqual(['111122223333', '444455556666']);
  expect(accountsOf({ eventAccounts: ' , ' })).toEqual([]);
});
