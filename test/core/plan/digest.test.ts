import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ChangeFacts, changeId, emptyPlan, planDigest } from '../../../lib/core/plan/digest.ts';
import { policyDefaults } from '../../../lib/core/config/defaults.ts';
import type { Application } from '../../../lib/core/config/model.ts';

const hash = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (data: string): string => createHmac('sha256', 'key').update(data).digest('hex');
const otherHmac = (data: string): string => createHmac('sha256', 'other').update(data).digest('hex');

const facts: ChangeFacts = {
  target: 'prod',
  subject: { kind: 'object', id: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web' } },
  uid: 'u-1',
  action: 'update',
  fields: [
    { path: 'spec.replicas', before: 2, after: 3 },
    { path: 'data.a', after: 'x' },
  ],
};

describe('changeId', () => {
  it('is the same for the same change, whatever the order of fields and who owns them', () => {
    const id = changeId(facts, hmac);
    expect(id).toMatch(/^p1:[0-9a-f]{32}$/);
    const [replicas, data] = facts.fields;
    const same = { ...facts, fields: [data!, { ...replicas!, owner: 'hpa' }] };
    expect(changeId(same, hmac)).toBe(id);
  });

  it.each<readonly [string, Partial<ChangeFacts>]>([
    ['target', { target: 'dev' }],
    ['uid', { uid: 'u-2' }],
    ['action', { action: 'adopt' }],
    [
      'name',
      { subject: { kind: 'object', id: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'api' } } },
    ],
    ['subject', { subject: { kind: 'resource', stack: 'apps', logicalId: 'Deployment', type: 'shop' } }],
    ['a value', { fields: [{ path: 'spec.replicas', before: 2, after: 4 }, facts.fields[1]!] }],
    ['null instead of absent', { fields: [facts.fields[0]!, { path: 'data.a', before: null, after: 'x' }] }],
    ['a field less', { fields: [facts.fields[0]!] }],
  ])('differs by %s', (_, other) => {
    expect(changeId({ ...facts, ...other }, hmac)).not.toBe(changeId(facts, hmac));
  });

  it('differs between installations, so that a value cannot be guessed from it', () => {
    expect(changeId(facts, otherHmac)).not.toBe(changeId(facts, hmac));
  });
});

describe('planDigest', () => {
  const policy = policyDefaults.kubernetes;
  const changes = [{ id: 'p1:a' }, { id: 'p1:b' }];
  it('does not depend on the order of changes', () => {
    expect(planDigest(changes, policy, hash)).toBe(planDigest([...changes].reverse(), policy, hash));
    expect(planDigest(changes, policy, hash)).toMatch(/^p1:[0-9a-f]{32}$/);
  });

  it.each([
    ['a change more', [...changes, { id: 'p1:c' }], policy],
    ['pruning', changes, { ...policy, prune: { ...policy.prune, enabled: false } }],
    ['the budget', changes, { ...policy, prune: { ...policy.prune, budget: { percent: 51, atLeast: 5 } } }],
    ['kinds that may be pruned', changes, { ...policy, prune: { ...policy.prune, kinds: ['Namespace'] } }],
    ['conflicts', changes, { ...policy, conflicts: 'force' as const }],
  ])('differs by %s', (_, otherChanges, otherPolicy) => {
    expect(planDigest(otherChanges, otherPolicy, hash)).not.toBe(planDigest(changes, policy, hash));
  });

  it('of no changes is that of an empty plan', () => {
    const app = { ...policy, id: 'demo/shop', target: 'prod' } as unknown as Application;
    expect(emptyPlan(app, 'abc', 7, hash)).toMatchObject({
      app: 'demo/shop',
      unchanged: 7,
      digest: planDigest([], policy, hash),
      changes: [],
    });
  });
});
