// A finished change set and the stack's tags -> the plan of an application, and why it may not be carried out now.
import type { Application } from '../config/model.ts';
import type { Failure } from '../errors.ts';
import type { Hash } from '../json.ts';
import { changeId, planDigest } from '../plan/digest.ts';
import type { Action, Change, FieldChange, Plan } from '../plan/model.ts';
import type { DriftItem } from '../plan/target.ts';
import type { SourcePosition } from '../render/model.ts';
import { type ChangeScope, readChanges, type ResourceChangeView, type StackChange } from './change-set.ts';
import { healRefusal } from './drift.ts';
import { isMark } from './ownership.ts';
import { maskProperties } from './values.ts';

/** Type of the line that speaks of the stack itself. */
export const stackType = 'AWS::CloudFormation::Stack';

export interface StackPlanInput {
  readonly app: Application;
  readonly revision: string;
  readonly stack: string;
  /** Undefined for a stack that is not there yet. */
  readonly stackId: string | undefined;
  readonly source: SourcePosition;
  readonly entries: readonly ResourceChangeView[];
  /** The service says that there is nothing to change. */
  readonly noChange: boolean;
  /** Resources of the wanted template, to count the unchanged ones. */
  readonly resources: number;
  readonly liveTags: Readonly<Record<string, string>>;
  readonly wantedTags: Readonly<Record<string, string>>;
  /** The stack exists and nobody owns it yet. */
  readonly adopts: boolean;
  /** Ownership is kept in the store only: our missing marks alone are no reason to write. */
  readonly marksMayWait: boolean;
  /** Present for a plan that reverts drift: what drift detection found. */
  readonly heals?: readonly DriftItem[];
  /** A person has confirmed deletes for this run. */
  readonly confirmed: boolean;
  readonly scope: ChangeScope;
  readonly hash: Hash;
}

export interface StackPlan {
  readonly plan: Plan;
  readonly holds: readonly Failure[];
  /** False: there is nothing to execute; what is shown, if anything, is adoption. */
  readonly executes: boolean;
}

function tagFields(input: StackPlanInput): readonly FieldChange[] {
  const { liveTags: before, wantedTags: after } = input;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => before[key] !== after[key])
    .map((key) => ({
      path: `Tags[Key=${key}].Value`,
      ...(before[key] === undefined ? {} : { before: before[key] }),
      ...(after[key] === undefined ? {} : { after: after[key] }),
    }));
}

/** The line about the stack itself: adoption, or its tags. */
function stackLine(input: StackPlanInput, action: Action, fields: readonly FieldChange[], note: string): Change {
  const subject = { kind: 'resource', stack: input.stack, logicalId: input.stack, type: stackType } as const;
  const uid = input.stackId === undefined ? {} : { uid: input.stackId };
  return {
    id: changeId({ target: input.scope.target, subject, ...uid, action, fields }, input.scope.hmac),
    action,
    subject,
    risk: action === 'adopt' ? 'medium' : 'low',
    fields: maskProperties(fields),
    source: input.source,
    note,
  };
}

function hold(input: StackPlanInput, code: string, message: string): Failure {
  const { name } = input.app;
  const next = `holdfast plan ${name}, and if it is meant: holdfast sync ${name} --prune`;
  return { code, source: 'user', message, retryable: false, object: `stack ${input.stack}`, next };
}

function holdsOf(input: StackPlanInput, changes: readonly StackChange[]): readonly Failure[] {
  const holds: Failure[] = [];
  const heals = input.confirmed ? undefined : input.heals;
  const refusal = heals === undefined ? undefined : healRefusal(input.entries, heals);
  if (refusal !== undefined) {
    holds.push(hold(input, 'HealHeld', `Drift of stack ${input.stack} is not put back by itself: ${refusal}`));
  }
  const lost = changes.filter((one) => one.losesData);
  if (lost.length > 0 && !input.confirmed) {
    const verbs: Readonly<Record<string, string>> = { delete: 'delete', replace: 'replace' };
    const what = lost.map(
      ({ change, entry }) => `${verbs[change.action] ?? 'perhaps replace'} ${entry.LogicalResourceId ?? ''}`,
    );
    holds.push(
      hold(
        input,
        'DataLoss',
        `It would ${what.join(', ')} with all data in it; a DeletionPolicy (or UpdateReplacePolicy) of Retain or Snapshot keeps the data`,
      ),
    );
  }
  return holds;
}

/** The plan of a stack. */
export function stackPlan(input: StackPlanInput): StackPlan {
  const tags = input.stackId === undefined || input.noChange ? [] : tagFields(input);
  const all = readChanges(input.entries, input.scope);
  const marksOnly = tags.every((field) => isMark(/^Tags\[Key=(.*)\]\.Value$/.exec(field.path)?.[1] ?? ''));
  // Nothing but our own marks would be written: that waits for the next real update.
  const waits = input.noChange || (input.marksMayWait && marksOnly && all.every((one) => one.tagsOnly));
  const kept = waits ? [] : all.filter((one) => one.change.action !== 'none');
  const lines: Change[] = [];
  if (input.adopts) {
    const note = waits ? 'taken over as it is; nothing is written before the next change' : 'taken over';
    lines.push(stackLine(input, 'adopt', waits ? [] : tags, note));
  } else if (tags.length > 0 && !waits) {
    lines.push(stackLine(input, 'update', tags, 'carried to every resource that takes tags'));
  } else if (input.entries.length === 0 && input.stackId !== undefined && !waits) {
    lines.push(stackLine(input, 'update', [], 'outputs, descriptions or policies only'));
  }
  const changes = [...lines, ...kept.map((one) => one.change)];
  const touched = kept.filter((one) => one.change.action !== 'delete').length;
  return {
    plan: {
      app: input.app.id,
      target: input.app.target,
      revision: input.revision,
      digest: planDigest(changes, { prune: input.app.prune, conflicts: input.app.conflicts }, input.hash),
      changes,
      unchanged: Math.max(0, input.resources - touched),
      skipped: [],
      warnings: [],
    },
    holds: holdsOf(input, kept),
    executes: !waits,
  };
}
