import { expect, it } from 'vitest';
import { planDocument } from '../../../lib/core/plan/json.ts';
import { objectChange, planOf } from './support.ts';

it('has the promised shape', () => {
  const plan = planOf({
    unchanged: 4,
    changes: [
      objectChange('create', 'ConfigMap/new', { source: { file: 'apps/shop/cm.yaml', line: 3 } }),
      objectChange('update', 'Deployment/web', {
        fields: [{ path: 'spec.replicas', before: 2, after: 3, owner: 'hpa' }],
      }),
      objectChange('delete', 'Service/old', { note: 'gone since 3f2a1b9' }),
      {
        id: 'p1:r',
        action: 'replace',
        subject: { kind: 'resource', stack: 'network', logicalId: 'Vpc', type: 'AWS::EC2::VPC' },
        risk: 'high',
        fields: [{ path: 'CidrBlock', before: '10.0.0.0/16', after: '10.1.0.0/16' }],
      },
    ],
    skipped: [
      {
        subject: { kind: 'object', id: { group: 'batch', kind: 'Job', namespace: 'prod', name: 'hook' } },
        reason: 'a hook',
      },
    ],
    warnings: ['careful'],
  });
  expect(planDocument([plan])).toEqual({
    schemaVersion: 1,
    apps: [
      {
        name: 'shop',
        target: 'prod',
        revision: '3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d',
        digest: 'p1:0',
        summary: { create: 1, update: 1, replace: 1, delete: 1, adopt: 0, none: 4 },
        changes: [
          {
            id: 'p1:create-ConfigMap/new',
            action: 'create',
            object: { group: '', kind: 'ConfigMap', namespace: 'prod', name: 'new' },
            risk: 'low',
            fields: [],
            source: { file: 'apps/shop/cm.yaml', line: 3 },
          },
          {
            id: 'p1:update-Deployment/web',
            action: 'update',
            object: { group: '', kind: 'Deployment', namespace: 'prod', name: 'web' },
            risk: 'low',
            fields: [{ path: 'spec.replicas', before: 2, after: 3, owner: 'hpa' }],
          },
          {
            id: 'p1:delete-Service/old',
            action: 'delete',
            object: { group: '', kind: 'Service', namespace: 'prod', name: 'old' },
            risk: 'high',
            fields: [],
            note: 'gone since 3f2a1b9',
          },
          {
            id: 'p1:r',
            action: 'replace',
            resource: { stack: 'network', logicalId: 'Vpc', type: 'AWS::EC2::VPC' },
            risk: 'high',
            fields: [{ path: 'CidrBlock', before: '10.0.0.0/16', after: '10.1.0.0/16' }],
          },
        ],
        skipped: [{ object: { group: 'batch', kind: 'Job', namespace: 'prod', name: 'hook' }, reason: 'a hook' }],
        warnings: ['careful'],
      },
    ],
  });
});

it('names an application on one of several targets without its alias', () => {
  expect(planDocument([planOf({ app: 'team-a/shop@prod' })]).apps[0]?.name).toBe('shop@prod');
});
