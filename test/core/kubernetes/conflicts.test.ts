import { describe, expect, it } from 'vitest';
import { decideConflicts, type ConflictPolicy } from '../../../lib/core/kubernetes/conflicts.ts';
import { ownedPaths } from '../../../lib/core/kubernetes/managed.ts';
import { applied, configMap, manager } from './objects.ts';

const owned = ownedPaths(configMap({}, { managedFields: [applied({ 'f:data': { 'f:mine': {} } })] }), manager);

function decide(conflicts: readonly (readonly [string, string])[], policy: ConflictPolicy, adopted = false) {
  return decideConflicts({
    conflicts: conflicts.map(([name, field]) => ({ manager: name, field })),
    owned,
    policy,
    installation: 'local',
    adopted: (name) => adopted && name.startsWith('kubectl'),
    object: 'ConfigMap/prod/web',
  });
}

const edit = ['kubectl-edit', '.data.mine'] as const;
const stranger = ['hpa', '.data.theirs'] as const;

describe('decideConflicts', () => {
  it.each(['fail', 'yield', 'force'] as const)(
    'takes back a hand edit of our field, whatever the policy (%s)',
    (policy) => {
      expect(decide([edit], policy)).toEqual({ kind: 'force', strip: [] });
    },
  );

  it('refuses a field that we never had, names it and its owner', () => {
    expect(decide([stranger, edit], 'fail')).toMatchObject({
      kind: 'fail',
      failure: { code: 'FieldConflict', message: 'ConfigMap/prod/web: data.theirs is owned by hpa', retryable: false },
    });
  });

  it('yields only what we never had', () => {
    expect(decide([stranger], 'yield')).toEqual({ kind: 'yield', strip: ['.data.theirs'] });
    expect(decide([stranger, edit], 'yield')).toEqual({ kind: 'force', strip: ['.data.theirs'] });
  });

  it('forces when told to', () => {
    expect(decide([stranger], 'force')).toEqual({ kind: 'force', strip: [] });
  });

  it.each(['fail', 'yield', 'force'] as const)('never fights another application of ours (%s)', (policy) => {
    expect(decide([['holdfast:local/demo/other', '.data.mine']], policy)).toMatchObject({
      kind: 'fail',
      failure: { code: 'FieldOwnedByApplication' },
    });
  });

  it('treats another installation as a stranger', () => {
    expect(decide([['holdfast:prod/demo/web', '.data.theirs']], 'force')).toEqual({ kind: 'force', strip: [] });
    expect(decide([['holdfast:prod/demo/web', '.data.theirs']], 'fail')).toMatchObject({ kind: 'fail' });
  });

  it('takes over what people wrote before, in an adoption', () => {
    expect(decide([['kubectl-client-side-apply', '.data.x']], 'fail', true)).toEqual({ kind: 'force', strip: [] });
    expect(decide([['kubectl', '.data.x'], stranger], 'fail', true)).toMatchObject({ kind: 'fail' });
  });
});
