// Support of the plan tests: plans with only the interesting parts given.
import type { Action, Change, Plan } from '../../../lib/core/plan/model.ts';
import type { PlanPaint } from '../../../lib/core/plan/text.ts';

/** No colour. */
export const plain: PlanPaint = (_, text) => text;

/** A change about `Kind/prod/name`. */
export function objectChange(action: Action, subject: string, more: Partial<Change> = {}): Change {
  const [kind = '', name = 'x'] = subject.split('/');
  return {
    id: `p1:${action}-${subject}`,
    action,
    subject: { kind: 'object', id: { group: '', kind, namespace: 'prod', name } },
    risk: action === 'delete' ? 'high' : 'low',
    fields: [],
    ...more,
  };
}

/** A plan of the application `demo/shop`. */
export function planOf(more: Partial<Plan>): Plan {
  return {
    app: 'demo/shop',
    target: 'prod',
    revision: '3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d',
    digest: 'p1:0',
    changes: [],
    unchanged: 0,
    skipped: [],
    warnings: [],
    ...more,
  };
}
