import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { objectChange } from '../../../lib/core/kubernetes/change.ts';
import { comparable, differences, lastWriter, ownershipDiffers } from '../../../lib/core/kubernetes/compare.ts';
import { maskedFailure } from '../../../lib/core/kubernetes/failure.ts';
import { applied, configMap, deployment, hmac, manager, updated } from './objects.ts';

describe('differences', () => {
  it('leave out what only the server writes', () => {
    const live = { ...configMap({ a: '1' }, { resourceVersion: '7', uid: 'u', generation: 2 }), status: { x: 1 } };
    const predicted = configMap({ a: '1' }, { resourceVersion: '8', managedFields: [] });
    expect(comparable(live)).toEqual(configMap({ a: '1' }));
    expect(differences(live, predicted, manager)).toEqual([]);
  });

  it('name the owner of a live value, also below a list item', () => {
    const edit = updated('kubectl-edit', {
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"web"}': { 'f:image': {} } } } } },
    });
    const spec = (image: string) => ({ replicas: 1, template: { spec: { containers: [{ name: 'web', image }] } } });
    const live = deployment({ managedFields: [applied({ 'f:spec': { 'f:replicas': {} } }), edit] }, spec('web:2'));
    expect(differences(live, deployment({}, { ...spec('web:1'), replicas: 2 }), manager)).toEqual([
      { path: 'spec.replicas', before: 1, after: 2 },
      { path: 'spec.template.spec.containers[name=web].image', before: 'web:2', after: 'web:1', owner: 'kubectl-edit' },
    ]);
  });

  it('find the owner of a label whose name has dots and slashes', () => {
    const edit = updated('somebody', { 'f:metadata': { 'f:labels': { 'f:a.b/c': {} } } });
    const live = configMap({}, { labels: { 'a.b/c': 'x' }, managedFields: [edit] });
    expect(differences(live, configMap({}, { labels: { 'a.b/c': 'y' } }), manager)).toMatchObject([
      { owner: 'somebody' },
    ]);
  });
});

describe('lastWriter', () => {
  it('is the newest other manager of the object itself', () => {
    const status = { ...updated('controller', {}, '2026-11-09T00:00:00Z'), subresource: 'status' };
    const managedFields = [applied({}), updated('late', {}, '2026-11-05T00:00:00Z'), updated('early', {}), status];
    expect(lastWriter(configMap({}, { managedFields }), manager)).toBe('late');
    expect(lastWriter(configMap({}, { managedFields: [applied({})] }), manager)).toBeUndefined();
  });
});

describe('ownershipDiffers', () => {
  it('compares what we own, not what it says', () => {
    const owning = (fields: Record<string, object>, data = {}) =>
      configMap(data, { managedFields: [applied({ 'f:data': fields as never })] });
    expect(ownershipDiffers(owning({ 'f:a': {} }), owning({ 'f:a': {} }, { a: '1' }), manager)).toBe(false);
    expect(ownershipDiffers(owning({ 'f:a': {} }), owning({ 'f:a': {}, 'f:b': {} }), manager)).toBe(true);
    expect(ownershipDiffers(configMap({}), owning({}), manager)).toBe(true);
  });
});

describe('objectChange', () => {
  const id = { group: '', kind: 'Secret', namespace: 'prod', name: 's' };
  const change = (after: string, action: 'create' | 'update' | 'delete' = 'update') =>
    objectChange({ target: 't', id, action, uid: 'u', fields: [{ path: 'data.p', before: 'b2xk', after }] }, hmac);

  it('has an id made of the values and shows none of them', () => {
    expect(change('bmV3').id).toBe(change('bmV3').id);
    expect(change('bmV3').id).not.toBe(change('bmV4').id);
    expect(JSON.stringify(change('bmV3'))).not.toMatch(/b2xk|bmV3/);
  });

  it('shows no value of a Secret, whatever it is', () => {
    fc.assert(
      fc.property(fc.base64String({ minLength: 8 }), fc.stringMatching(/^[a-z.-]{1,20}$/), (value, key) => {
        const fields = [
          { path: `data.${key}`, before: value, after: `${value}A` },
          { path: 'data', after: { [key]: value } },
        ];
        const shown = objectChange({ target: 't', id, action: 'update', uid: 'u', fields }, hmac);
        expect(JSON.stringify(shown.fields)).not.toContain(value);
      }),
    );
  });

  it('says how bad it is', () => {
    const role = { group: 'rbac.authorization.k8s.io', kind: 'Role', namespace: 'p', name: 'r' };
    expect(change('x').risk).toBe('low');
    expect(change('x', 'delete').risk).toBe('high');
    expect(objectChange({ target: 't', id: role, action: 'create', uid: undefined, fields: [] }, hmac).risk).toBe(
      'medium',
    );
  });
});

describe('maskedFailure', () => {
  it('takes the secrets of an object out of what a server said', () => {
    const env = [{ name: 'DB_PASSWORD', value: 'tr0ub4dor' }];
    const object = deployment({}, { template: { spec: { containers: [{ name: 'web', env }] } } });
    const failure = {
      code: 'Invalid',
      source: 'user',
      message: 'no',
      retryable: false,
      reason: 'value "tr0ub4dor" is bad',
    } as const;
    expect(maskedFailure(failure, object).reason).toBe('value "***" is bad');
  });
});
