// The plan: what will change, as a value that can be printed, compared, approved and stored. Masked when it is built.
import type { Json } from '../json.ts';
import type { ObjectId } from '../kubernetes/object.ts';
import type { SourcePosition } from '../render/model.ts';

export type Action = 'create' | 'update' | 'replace' | 'delete' | 'adopt' | 'none';

/** What a change is about: an object of a cluster, or a resource of a stack. */
export type Subject =
  | { readonly kind: 'object'; readonly id: ObjectId }
  | { readonly kind: 'resource'; readonly stack: string; readonly logicalId: string; readonly type: string };

/** How bad it is if it goes wrong. `high`: deletes, replacements. `medium`: adoptions, IAM and RBAC. `low`: the rest. */
export type Risk = 'low' | 'medium' | 'high';

/** One field's difference, already masked. Absent `before` = added, absent `after` = removed. */
export interface FieldChange {
  /** Dotted path with merge keys: `spec.template.spec.containers[name=web].image`, `data.KEY`. */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
  /** Field manager that owns the live value, when it is not ours. */
  readonly owner?: string;
}

export interface Change {
  /** hash(digest version, target, identity, uid, action, before and after of the fields we own); never resourceVersion, status, time, revision. */
  readonly id: string;
  readonly action: Action;
  readonly subject: Subject;
  readonly risk: Risk;
  readonly fields: readonly FieldChange[];
  readonly source?: SourcePosition;
  /** Why, when it is not obvious: `replace` names the immutable field, `delete` the revision that dropped it. */
  readonly note?: string;
}

/** A hook or anything else that is shown and not applied. */
export interface Skipped {
  readonly subject: Subject;
  readonly reason: string;
}

export interface Plan {
  readonly app: string;
  readonly target: string;
  readonly revision: string;
  /** hash of the sorted change ids and the policy. */
  readonly digest: string;
  /** In order of execution; `none` changes are left out and only counted. */
  readonly changes: readonly Change[];
  readonly unchanged: number;
  readonly skipped: readonly Skipped[];
  /** Things to know before approving; never a reason to stop. */
  readonly warnings: readonly string[];
}

export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly adopt: number;
  readonly none: number;
}

/** Counts by action. */
export function summarise(plan: Plan): PlanSummary {
  const count = { create: 0, update: 0, replace: 0, delete: 0, adopt: 0, none: plan.unchanged };
  for (const change of plan.changes) count[change.action] += 1;
  return count;
}

/** What people read for a subject: `Deployment/prod/web`, `stack network: Vpc (AWS::EC2::VPC)`. */
export function subjectText(subject: Subject): string {
  if (subject.kind === 'resource') return `stack ${subject.stack}: ${subject.logicalId} (${subject.type})`;
  const { kind, namespace, name } = subject.id;
  return namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}
