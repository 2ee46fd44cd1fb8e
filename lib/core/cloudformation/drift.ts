// What drift detection found -> drift items, and how much of the stack it could see at all.
import type { FieldChange } from '../plan/model.ts';
import type { DriftItem } from '../plan/target.ts';
import { masked } from '../plan/mask.ts';
import { mayReplace, type ResourceChangeView } from './change-set.ts';
import { displayPath, maskProperties, parseObject, readValue } from './values.ts';

/** Owner of every difference that drift detection reports: it does not say who made it. */
export const driftOwner = 'CloudFormation drift';

/** What is read of one resource's drift. Fields as the service names them. */
export interface ResourceDriftView {
  readonly LogicalResourceId?: string | undefined;
  readonly ResourceType?: string | undefined;
  readonly StackResourceDriftStatus?: string | undefined;
  readonly ExpectedProperties?: string | undefined;
  readonly ActualProperties?: string | undefined;
  readonly PropertyDifferences?:
    | readonly {
        readonly PropertyPath?: string | undefined;
        readonly ExpectedValue?: string | undefined;
        readonly ActualValue?: string | undefined;
        readonly DifferenceType?: string | undefined;
      }[]
    | undefined;
}

export interface StackDrift {
  readonly items: readonly DriftItem[];
  /** Resources that were compared. */
  readonly checked: number;
  /** Resources of the stack. */
  readonly total: number;
}

function fieldsOf(drift: ResourceDriftView): readonly FieldChange[] {
  const expected = parseObject(drift.ExpectedProperties);
  const actual = parseObject(drift.ActualProperties);
  const fields = (drift.PropertyDifferences ?? []).map((difference): FieldChange => {
    const { ExpectedValue = '', ActualValue = '', DifferenceType: kind } = difference;
    const named = kind === 'ADD' ? (actual ?? expected) : (expected ?? actual);
    // The live side of a reference such as {{resolve:secretsmanager:…}} is the secret it stands for.
    const before = ExpectedValue.includes('{{resolve:') ? masked : readValue(ActualValue);
    return {
      path: displayPath(difference.PropertyPath ?? '', named),
      ...(kind === 'REMOVE' ? {} : { before }),
      ...(kind === 'ADD' ? {} : { after: readValue(ExpectedValue) }),
      owner: driftOwner,
    };
  });
  return maskProperties(fields);
}

/** Results of a drift detection. `before` of a field is the live value, `after` what was last applied. */
export function readDrift(stack: string, drifts: readonly ResourceDriftView[]): StackDrift {
  const items: DriftItem[] = [];
  let checked = 0;
  for (const drift of drifts) {
    const status = drift.StackResourceDriftStatus;
    if (status === 'IN_SYNC' || status === 'MODIFIED' || status === 'DELETED') checked += 1;
    if (status !== 'MODIFIED' && status !== 'DELETED') continue;
    const logicalId = drift.LogicalResourceId ?? '';
    items.push({
      subject: { kind: 'resource', stack, logicalId, type: drift.ResourceType ?? '' },
      kind: status === 'DELETED' ? 'missing' : 'modified',
      owner: driftOwner,
      fields: fieldsOf(drift),
    });
  }
  return { items, checked, total: drifts.length };
}

/** `3 of 4 resources can be checked for drift`, or undefined when all can. */
export function coverageText(drift: StackDrift): string | undefined {
  if (drift.checked === drift.total) return undefined;
  return `${drift.checked} of ${drift.total} resources can be checked for drift`;
}

/**
 * Why a change set that reverts drift must not run unattended: it touches a resource that drift detection did not name, or
 * replaces one. Such change sets run whole or not at all. Undefined = it may run.
 */
export function healRefusal(entries: readonly ResourceChangeView[], items: readonly DriftItem[]): string | undefined {
  const drifted = new Set(items.map((item) => (item.subject.kind === 'resource' ? item.subject.logicalId : '')));
  for (const entry of entries) {
    const name = entry.LogicalResourceId ?? '';
    if (entry.Action === 'SyncWithActual') continue;
    if (!drifted.has(name)) return `it would also change ${name}, where drift detection found nothing`;
    if (mayReplace(entry)) return `it would replace ${name}`;
    if (entry.Action === 'Remove') return `it would remove ${name}`;
  }
  return undefined;
}
