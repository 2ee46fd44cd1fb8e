// A change set as the service describes it -> changes of a plan: action, risk and field-level before and after, masked.
import { changeId } from '../plan/digest.ts';
import { type Hmac, isObject, type Json, type JsonObject } from '../json.ts';
import type { Action, Change, FieldChange, Risk } from '../plan/model.ts';
import type { SourcePosition } from '../render/model.ts';
import { grantsRights, isStateful } from './stateful.ts';
import { displayPath, escapePart, leaves, maskProperties, noEchoText, parseObject, readValue } from './values.ts';

/** What is read of one detail of a resource change. Fields as the service names them. */
export interface ChangeDetailView {
  readonly Target?:
    | {
        readonly Attribute?: string | undefined;
        readonly Name?: string | undefined;
        readonly Path?: string | undefined;
        readonly BeforeValue?: string | undefined;
        readonly AfterValue?: string | undefined;
        readonly RequiresRecreation?: string | undefined;
        readonly AttributeChangeType?: string | undefined;
      }
    | undefined;
  readonly Evaluation?: string | undefined;
  readonly ChangeSource?: string | undefined;
  readonly CausingEntity?: string | undefined;
}

/** What is read of one entry of a change set. */
export interface ResourceChangeView {
  readonly Action?: string | undefined;
  readonly LogicalResourceId?: string | undefined;
  readonly PhysicalResourceId?: string | undefined;
  readonly ResourceType?: string | undefined;
  readonly Replacement?: string | undefined;
  readonly PolicyAction?: string | undefined;
  readonly Scope?: readonly string[] | undefined;
  readonly ResourceDriftStatus?: string | undefined;
  readonly Details?: readonly ChangeDetailView[] | undefined;
  readonly BeforeContext?: string | undefined;
  readonly AfterContext?: string | undefined;
}

/** What the ids of changes are made of besides the change itself. */
export interface ChangeScope {
  readonly target: string;
  readonly stack: string;
  readonly hmac: Hmac;
  /** Stands in for values that the service hides (NoEcho): a new hidden value is a new change. */
  readonly hidden: string;
  /** Stands in for values that the service does not tell or cuts off. */
  readonly untold: string;
  /** Where a resource stands in the template. */
  readonly source?: (logicalId: string) => SourcePosition;
}

/** Entry of a plan, and what guards need to know about it. */
export interface StackChange {
  readonly change: Change;
  readonly entry: ResourceChangeView;
  /** Data is lost: a stateful resource is deleted or replaced, and its policy keeps nothing. */
  readonly losesData: boolean;
  /** Only tags of the stack are carried to the resource. */
  readonly tagsOnly: boolean;
}

function actionOf(entry: ResourceChangeView): Action {
  switch (entry.Action) {
    case 'Add':
      return 'create';
    case 'Import':
      return 'adopt';
    case 'Remove':
      return 'delete';
    case 'SyncWithActual':
      return 'none';
    default:
      return entry.Replacement === 'True' ? 'replace' : 'update';
  }
}

/** Whether the service will or may give the resource a new physical id. */
export function mayReplace(entry: ResourceChangeView): boolean {
  return entry.Replacement === 'True' || entry.Replacement === 'Conditional';
}

function keeps(entry: ResourceChangeView): boolean {
  return entry.PolicyAction !== undefined && /Retain|Snapshot/.test(entry.PolicyAction);
}

function riskOf(entry: ResourceChangeView, action: Action): Risk {
  if (action === 'delete') return keeps(entry) ? 'medium' : 'high';
  if (action === 'replace' || mayReplace(entry)) return 'high';
  return action === 'adopt' || grantsRights(entry.ResourceType ?? '') ? 'medium' : 'low';
}

function propertiesOf(context: string | undefined): JsonObject | undefined {
  const parsed = parseObject(context);
  return isObject(parsed?.['Properties']) ? parsed['Properties'] : undefined;
}

/** What the service shows for a value that only execution can tell. */
const knownLater = '{{changeSet:KNOWN_AFTER_APPLY}}';

/** A raw field: the pointer below the properties and both values as the service gave them. */
interface RawField {
  readonly pointer: string;
  readonly before?: Json;
  readonly after?: Json;
}

function rawFields(entry: ResourceChangeView): readonly RawField[] {
  if (entry.Action === 'Add' || entry.Action === 'Import') {
    return leaves(propertiesOf(entry.AfterContext) ?? {}).flatMap(({ pointer, value }) =>
      pointer === '' ? [] : [{ pointer, after: value }],
    );
  }
  const fields = new Map<string, RawField>();
  for (const { Target: target } of entry.Details ?? []) {
    if (target === undefined || target.AttributeChangeType === 'SyncWithActual') continue;
    const attribute = target.Attribute ?? 'Properties';
    const path =
      target.Path ?? (target.Name === undefined ? `/${attribute}` : `/Properties/${escapePart(target.Name)}`);
    const pointer = attribute === 'Properties' ? path.replace(/^\/Properties(?=\/)/, '') : `/${attribute}`;
    const { BeforeValue: before, AfterValue: after } = target;
    const known = fields.get(pointer);
    // One field may be named twice, once by its value and once by what causes it.
    if (known?.before !== undefined || known?.after !== undefined) continue;
    fields.set(pointer, {
      pointer,
      ...(before === undefined ? {} : { before: readValue(before) }),
      ...(after === undefined ? {} : { after: readValue(after) }),
    });
  }
  return [...fields.values()].sort((a, b) => (a.pointer < b.pointer ? -1 : 1));
}

/** The field with its path as people read it, values as they are. */
function field(raw: RawField, entry: ResourceChangeView): FieldChange {
  const properties = propertiesOf(entry.AfterContext) ?? propertiesOf(entry.BeforeContext);
  const { pointer, before, after } = raw;
  return {
    path: displayPath(pointer, properties),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after: after === knownLater ? '(known after apply)' : after }),
  };
}

/** Values longer than this may have been cut off. */
const longValue = 1_000;

/** What else the id must be made of, because two different values of this field can look the same. */
function standIns(fields: readonly FieldChange[], scope: ChangeScope): readonly FieldChange[] {
  const values = fields.flatMap(({ before, after }) => [before, after]);
  const hidden = values.includes(noEchoText);
  const cut = values.some((value) => typeof value === 'string' && value.length >= longValue);
  const missing = fields.some(
    ({ path, before, after }) => path !== 'Tags' && before === undefined && after === undefined,
  );
  return [
    ...(hidden ? [{ path: '(hidden)', after: scope.hidden }] : []),
    ...(cut || missing ? [{ path: '(untold)', after: scope.untold }] : []),
  ];
}

function noteOf(entry: ResourceChangeView, action: Action): string | undefined {
  if (action === 'delete') {
    if (entry.PolicyAction === 'Retain') return 'leaves the stack, the resource itself is kept';
    return entry.PolicyAction === 'Snapshot' ? 'a snapshot is kept' : undefined;
  }
  const recreating = (entry.Details ?? []).flatMap(({ Target: target }) =>
    target?.RequiresRecreation === 'Always' || target?.RequiresRecreation === 'Conditionally'
      ? [target.Name ?? '']
      : [],
  );
  const names = [...new Set(recreating)].join(', ');
  if (action === 'replace') return `${names} cannot be changed in place`;
  if (mayReplace(entry)) return `may be replaced because of ${names}`;
  return entry.Action === 'Dynamic' ? 'decided while it runs' : undefined;
}

/** One entry of a change set as a change of a plan. */
export function readChange(entry: ResourceChangeView, scope: ChangeScope): StackChange {
  const action = actionOf(entry);
  const logicalId = entry.LogicalResourceId ?? '';
  const type = entry.ResourceType ?? '';
  const fields = rawFields(entry).map((raw) => field(raw, entry));
  const subject = { kind: 'resource', stack: scope.stack, logicalId, type } as const;
  const facts = {
    target: scope.target,
    subject,
    ...(entry.PhysicalResourceId === undefined ? {} : { uid: entry.PhysicalResourceId }),
    action,
    fields: [...fields, ...standIns(fields, scope)],
  };
  const note = noteOf(entry, action);
  const source = scope.source?.(logicalId);
  const gone = (action === 'delete' || mayReplace(entry)) && !keeps(entry);
  return {
    change: {
      id: changeId(facts, scope.hmac),
      action,
      subject,
      risk: riskOf(entry, action),
      fields: maskProperties(fields),
      ...(source === undefined ? {} : { source }),
      ...(note === undefined ? {} : { note }),
    },
    entry,
    losesData: gone && isStateful(type),
    tagsOnly: entry.Action === 'Modify' && entry.Scope?.length === 1 && entry.Scope[0] === 'Tags',
  };
}

/** All entries of a change set, in the service's order. */
export function readChanges(entries: readonly ResourceChangeView[], scope: ChangeScope): readonly StackChange[] {
  return entries.map((entry) => readChange(entry, scope));
}
