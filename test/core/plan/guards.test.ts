import { expect, it } from 'vitest';
import { policyDefaults } from '../../../lib/core/config/defaults.ts';
import { pruneBudget, pruneGuard, type PruneSum } from '../../../lib/core/plan/guards.ts';

const policy = policyDefaults.kubernetes.prune;
const budget = (percent: number, atLeast: number): PruneSum['policy'] => ({ ...policy, budget: { percent, atLeast } });
const sum = { app: 'shop', policy, deletes: 0, inventory: 40, desired: 40 };

it.each<readonly [string, Partial<PruneSum>, readonly string[]]>([
  ['no deletes', {}, []],
  ['no deletes of an empty application', { inventory: 0, desired: 0 }, []],
  ['deletes within the share', { deletes: 20, desired: 20 }, []],
  ['one more than the share', { deletes: 21, desired: 19 }, ['PruneBudget']],
  ['few deletes of few objects', { deletes: 5, inventory: 6, desired: 1 }, []],
  ['one more than the least', { deletes: 6, inventory: 7, desired: 1 }, ['PruneBudget']],
  ['a share of nothing', { deletes: 5, policy: budget(0, 5) }, []],
  ['no deletes allowed', { deletes: 1, policy: budget(0, 0) }, ['PruneBudget']],
  [
    'a share that is no whole number is cut',
    { deletes: 2, inventory: 3, desired: 1, policy: budget(50, 0) },
    ['PruneBudget'],
  ],
  ['all allowed', { deletes: 39, desired: 1, policy: budget(100, 0) }, []],
  ['nothing wanted any more', { deletes: 1, inventory: 1, desired: 0 }, ['PruneToEmpty']],
  ['nothing wanted, whatever the budget', { deletes: 40, desired: 0, policy: budget(100, 0) }, ['PruneToEmpty']],
  ['a rebuilt inventory', { deletes: 1, held: true }, ['PruneHeld']],
  ['a rebuilt inventory and nothing to delete', { held: true }, []],
  ['past the budget, by the word of a person', { deletes: 30, desired: 10, confirmed: true }, []],
  ['to empty, by the word of a person', { deletes: 40, desired: 0, confirmed: true }, []],
])('%s', (_, given, expected) => {
  const holds = pruneGuard({ ...sum, ...given });
  expect(holds.map((hold) => hold.code)).toEqual(expected);
  for (const hold of holds)
    expect(hold).toMatchObject({
      source: 'user',
      retryable: false,
      object: 'shop',
      next: expect.stringContaining('holdfast sync shop --prune'),
    });
});

it('says how the budget comes about', () => {
  expect(pruneGuard({ ...sum, deletes: 21, desired: 19 })[0]?.message).toBe(
    '21 deletes in one run of shop are more than its budget of 20 (the greater of 5 and 50 % of 40)',
  );
  expect(pruneBudget(policy, 0)).toBe(5);
});
