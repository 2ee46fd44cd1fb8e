// Ids of changes and digests of plans: what an approval is about. Equal for equal changes, whenever and however often they are planned.
import type { Application } from '../config/model.ts';
import { canonicalJson, type Hash, type Hmac, type Json } from '../json.ts';
import type { Action, Change, FieldChange, Plan, Subject } from './model.ts';

/** Version of what goes into ids and digests. Another prefix means: plan and approve again, never apply. */
const prefix = 'p1:';
/** Characters of the hash that are kept: 128 bits. */
const kept = 32;

/** What a change's id is made of. */
export interface ChangeFacts {
  readonly target: string;
  readonly subject: Subject;
  /** Of the live object, so that one made anew under the same name is another change. */
  readonly uid?: string;
  readonly action: Action;
  /** Before and after of the fields we own. Give them *unmasked*, else two secrets have one id; nothing of them can be read from it. */
  readonly fields: readonly FieldChange[];
}

/** Id of a change. An HMAC, because the values may be secret. Owners, positions, revisions and times are not part of it. */
export function changeId(facts: ChangeFacts, hmac: Hmac): string {
  const fields = facts.fields
    .map(
      ({ path, before, after }): Json => [
        path,
        before ?? null,
        after ?? null,
        before === undefined,
        after === undefined,
      ],
    )
    .map((field) => canonicalJson(field))
    .sort();
  const parts: Json = [prefix, facts.target, subjectKey(facts.subject), facts.uid ?? '', facts.action, fields];
  return `${prefix}${hmac(canonicalJson(parts)).slice(0, kept)}`;
}

function subjectKey(subject: Subject): Json {
  if (subject.kind === 'resource') return [subject.stack, subject.logicalId, subject.type];
  const { group, kind, namespace, name } = subject.id;
  return [group, kind, namespace, name];
}

/** The policy that decides what applying a plan does; part of its digest. */
export type PlanPolicy = Pick<Application, 'prune' | 'conflicts'>;

/** Digest of a plan: its changes in any order, and the policy. */
export function planDigest(changes: readonly Pick<Change, 'id'>[], policy: PlanPolicy, hash: Hash): string {
  const { enabled, confirm, adopted, kinds, budget } = policy.prune;
  const prune: Json = [enabled, confirm, adopted, [...kinds].sort(), budget.percent, budget.atLeast];
  const ids = changes.map((change) => change.id).sort();
  return `${prefix}${hash(canonicalJson([prefix, ids, prune, policy.conflicts])).slice(0, kept)}`;
}

/** The plan of an application that is in sync: nothing to do. */
export function emptyPlan(app: Application, revision: string, unchanged: number, hash: Hash): Plan {
  return {
    app: app.id,
    target: app.target,
    revision,
    digest: planDigest([], app, hash),
    changes: [],
    unchanged,
    skipped: [],
    warnings: [],
  };
}
