// The last look before anything is deleted: never to empty, never past the budget, never from an inventory nobody confirmed.
// Which single objects may be deleted at all is decided before this, object by object; here only the sum counts.
import type { PrunePolicy } from '../config/model.ts';
import type { Failure } from '../errors.ts';

export interface PruneSum {
  /** Deletes that the plan would do. */
  readonly deletes: number;
  /** Everything we made or adopted for the application and have not seen gone. */
  readonly inventory: number;
  /** Objects that the fresh render wants. */
  readonly desired: number;
  readonly policy: PrunePolicy;
  /** Name of the application, for messages. */
  readonly app: string;
  /** A person said so for this run (`--prune`). */
  readonly confirmed?: boolean;
  /** The inventory was lost and rebuilt from marks. */
  readonly held?: boolean;
}

/** The most deletes that a policy allows in one run without a person's word. */
export function pruneBudget(policy: PrunePolicy, inventory: number): number {
  return Math.max(policy.budget.atLeast, Math.floor((inventory * policy.budget.percent) / 100));
}

/** Why the deletes of a plan must not be done; empty = they may. */
export function pruneGuard(sum: PruneSum): readonly Failure[] {
  const { deletes, inventory, desired, policy, app } = sum;
  if (deletes === 0 || sum.confirmed === true) return [];
  const hold = (code: string, message: string): readonly Failure[] => [
    {
      code,
      source: 'user',
      message,
      retryable: false,
      object: app,
      next: `holdfast plan ${app}, and if it is meant: holdfast sync ${app} --prune`,
    },
  ];
  if (sum.held === true) {
    return hold(
      'PruneHeld',
      `The inventory of ${app} was rebuilt from marks on objects; ${count(deletes)} wait until a person confirms them`,
    );
  }
  if (desired === 0 && inventory > 0) {
    return hold(
      'PruneToEmpty',
      `Nothing is left of ${app} in Git, and ${count(deletes)} would leave nothing in the target`,
    );
  }
  const budget = pruneBudget(policy, inventory);
  if (deletes > budget) {
    const why = `the greater of ${policy.budget.atLeast} and ${policy.budget.percent} % of ${inventory}`;
    return hold('PruneBudget', `${count(deletes)} in one run of ${app} are more than its budget of ${budget} (${why})`);
  }
  return [];
}

function count(deletes: number): string {
  return deletes === 1 ? '1 delete' : `${deletes} deletes`;
}
