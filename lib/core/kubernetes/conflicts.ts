// Who wins a field that somebody else owns: drift is taken back, strangers are left to the policy, our own applications never fight.
import type { Failure } from '../errors.ts';
import { displayPath } from './field-path.ts';
import { ownsPath } from './managed.ts';
import { isApplicationManager } from './marks.ts';

/** One conflict as the server reports it. */
export interface Conflict {
  readonly manager: string;
  /** In the server's spelling. */
  readonly field: string;
}

export type ConflictPolicy = 'fail' | 'yield' | 'force';

export interface ConflictSituation {
  readonly conflicts: readonly Conflict[];
  /** Paths we owned when we last wrote the object (`ownedPaths`); '' when unknown. */
  readonly owned: string;
  readonly policy: ConflictPolicy;
  readonly installation: string;
  /** Managers whose fields are taken over because the change is an adoption. */
  readonly adopted: (manager: string) => boolean;
  /** `Deployment/prod/web`, for the message. */
  readonly object: string;
}

export type ConflictDecision =
  /** Send `force`, for exactly this object as it was looked at. `strip` first, when it is not empty. */
  | { readonly kind: 'force'; readonly strip: readonly string[] }
  /** Leave these fields to their owners; nothing is left to force. */
  | { readonly kind: 'yield'; readonly strip: readonly string[] }
  | { readonly kind: 'fail'; readonly failure: Failure };

function named(conflicts: readonly Conflict[]): string {
  const shown = conflicts.slice(0, 3).map(({ field, manager }) => `${displayPath(field)} is owned by ${manager}`);
  const more = conflicts.length > 3 ? ` (and ${conflicts.length - 3} more)` : '';
  return shown.join('; ') + more;
}

/** The rules of contracts §4 on fields, in their order. */
export function decideConflicts(situation: ConflictSituation): ConflictDecision {
  const { conflicts, installation, object } = situation;
  const siblings = conflicts.filter(
    ({ manager }) => isApplicationManager(manager, installation) && !situation.adopted(manager),
  );
  if (siblings.length > 0) {
    return {
      kind: 'fail',
      failure: {
        code: 'FieldOwnedByApplication',
        source: 'user',
        message: `${object}: another application wants the same fields: ${named(siblings)}`,
        retryable: false,
        object,
        next: 'Remove the field, or the object, from one of the two applications',
      },
    };
  }
  const foreign = conflicts.filter(
    ({ manager, field }) => !ownsPath(situation.owned, field) && !situation.adopted(manager),
  );
  if (foreign.length === 0 || situation.policy === 'force') return { kind: 'force', strip: [] };
  if (situation.policy === 'yield') {
    const strip = foreign.map(({ field }) => field);
    return { kind: foreign.length === conflicts.length ? 'yield' : 'force', strip };
  }
  return {
    kind: 'fail',
    failure: {
      code: 'FieldConflict',
      source: 'user',
      message: `${object}: ${named(foreign)}`,
      retryable: false,
      object,
      next: 'Remove the field from Git, or set conflicts: yield (leave it to its owner) or conflicts: force (take it)',
    },
  };
}
