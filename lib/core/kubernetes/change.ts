// Changes of a plan for objects of a cluster: risk, note and id in one place, so that planning twice gives equal ids.
import type { Hmac } from '../json.ts';
import { changeId } from '../plan/digest.ts';
import type { Action, Change, FieldChange, Risk } from '../plan/model.ts';
import { maskFields } from '../plan/mask.ts';
import type { SourcePosition } from '../render/model.ts';
import { idText, type ObjectId } from './object.ts';

export interface ChangeFacts {
  readonly target: string;
  readonly id: ObjectId;
  readonly action: Action;
  /** Of the live object, when there is one. */
  readonly uid: string | undefined;
  /** Unmasked: the id is made of what the values are, and only masked ones go into the plan. */
  readonly fields: readonly FieldChange[];
  readonly source?: SourcePosition;
  readonly note?: string;
}

function riskOf(action: Action, id: ObjectId): Risk {
  if (action === 'delete' || action === 'replace') return 'high';
  return action === 'adopt' || id.group === 'rbac.authorization.k8s.io' ? 'medium' : 'low';
}

/** Differences of an object as anybody may see them. */
export function maskedFields(id: ObjectId, fields: readonly FieldChange[]): readonly FieldChange[] {
  return maskFields({ apiVersion: id.group === '' ? 'v1' : `${id.group}/v1`, kind: id.kind }, fields);
}

/** One change about one object, masked. */
export function objectChange(facts: ChangeFacts, hmac: Hmac): Change {
  const { target, id, action, uid, fields, source, note } = facts;
  const subject = { kind: 'object', id } as const;
  return {
    id: changeId({ target, subject, action, fields, ...(uid === undefined ? {} : { uid }) }, hmac),
    action,
    subject,
    risk: riskOf(action, id),
    fields: maskedFields(id, fields),
    ...(source === undefined ? {} : { source }),
    ...(note === undefined ? {} : { note }),
  };
}

const verbs: Readonly<Record<Action, string>> = {
  create: 'created',
  update: 'configured',
  replace: 'replaced',
  delete: 'deleted',
  adopt: 'adopted',
  none: 'unchanged',
};

/** Progress line: `Deployment/prod/web configured`. */
export function progressText(id: ObjectId, action: Action): string {
  return `${idText(id)} ${verbs[action]}`;
}
