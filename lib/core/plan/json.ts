// Plans as JSON for programs: `holdfast plan -o json`. The shape is promised (schemaVersion 1); members are only ever added.
import type { ObjectId } from '../kubernetes/object.ts';
import type { SourcePosition } from '../render/model.ts';
import {
  type Action,
  type Change,
  type FieldChange,
  type Plan,
  type PlanSummary,
  type Risk,
  summarise,
} from './model.ts';

/** A resource of a stack. */
export interface ResourceName {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
}

/** One change; `object` for a cluster, `resource` for a stack. */
export interface ChangeDocument {
  readonly id: string;
  readonly action: Action;
  readonly object?: ObjectId;
  readonly resource?: ResourceName;
  readonly risk: Risk;
  readonly fields: readonly FieldChange[];
  readonly source?: SourcePosition;
  readonly note?: string;
}

export interface AppPlanDocument {
  /** Name of the application: its id without the alias. */
  readonly name: string;
  readonly target: string;
  readonly revision: string;
  readonly digest: string;
  readonly summary: PlanSummary;
  readonly changes: readonly ChangeDocument[];
  /** Shown and not applied: hooks, and objects that stay although they are gone from Git. */
  readonly skipped: readonly {
    readonly object?: ObjectId;
    readonly resource?: ResourceName;
    readonly reason: string;
  }[];
  readonly warnings: readonly string[];
}

export interface PlanDocument {
  readonly schemaVersion: 1;
  readonly apps: readonly AppPlanDocument[];
}

/** The name of an application: what its id says after the alias. */
export function appName(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}

/** Plans as one document. */
export function planDocument(plans: readonly Plan[]): PlanDocument {
  return { schemaVersion: 1, apps: plans.map((plan) => appDocument(plan)) };
}

function appDocument(plan: Plan): AppPlanDocument {
  return {
    name: appName(plan.app),
    target: plan.target,
    revision: plan.revision,
    digest: plan.digest,
    summary: summarise(plan),
    changes: plan.changes.map((change) => changeDocument(change)),
    skipped: plan.skipped.map(({ subject, reason }) => ({ ...subjectDocument({ subject }), reason })),
    warnings: plan.warnings,
  };
}

function subjectDocument({ subject }: Pick<Change, 'subject'>): Pick<ChangeDocument, 'object' | 'resource'> {
  if (subject.kind === 'object') return { object: subject.id };
  const { stack, logicalId, type } = subject;
  return { resource: { stack, logicalId, type } };
}

function changeDocument(change: Change): ChangeDocument {
  const { id, action, risk, fields, source, note } = change;
  return {
    id,
    action,
    ...subjectDocument(change),
    risk,
    fields,
    ...(source === undefined ? {} : { source }),
    ...(note === undefined ? {} : { note }),
  };
}
