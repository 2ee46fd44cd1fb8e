import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/core/json.ts';
import { marksOf, withMarks } from '../../../lib/core/kubernetes/marks.ts';
import type { ObjectId } from '../../../lib/core/kubernetes/object.ts';
import { decidePrune, type PruneSituation } from '../../../lib/core/kubernetes/prune.ts';
import { applied, configMap, hash } from './objects.ts';

const marks = marksOf({ installation: 'local', application: 'demo/web' }, hash);
const configMapId: ObjectId = { group: '', kind: 'ConfigMap', namespace: 'prod', name: 'web' };
const policy = { enabled: true, confirm: false, adopted: false, kinds: [], budget: { percent: 50, atLeast: 5 } };

function live(metadata: JsonObject = {}, id = configMapId) {
  const object = withMarks(
    configMap({}, { uid: 'u', managedFields: [applied({ 'f:data': {} })], ...metadata }),
    id,
    marks,
  );
  return { state: 'present', object } as const;
}

function decide(changes: Partial<PruneSituation> = {}) {
  return decidePrune({
    id: configMapId,
    entry: { id: configMapId, uid: 'u', origin: 'created' },
    look: live(),
    marks,
    policy,
    enabled: true,
    confirmed: false,
    held: false,
    wantedBy: undefined,
    ...changes,
  });
}

describe('decidePrune', () => {
  it('deletes what we made, when nothing speaks against it', () => {
    expect(decide()).toEqual({ kind: 'delete' });
  });

  it.each<readonly [string, Partial<PruneSituation>, string]>([
    ['nobody can see it', { look: { state: 'unknown', reason: 'no rights' } }, 'keep'],
    ['it is absent', { look: { state: 'absent' } }, 'forget'],
    ['another object has its name', { look: live({ uid: 'v' }) }, 'forget'],
    ['its marks are gone', { look: { state: 'present', object: configMap({}, { uid: 'u' }) } }, 'forget'],
    ['it is on its way out', { look: live({ deletionTimestamp: 'now', finalizers: ['x/y'] }) }, 'wait'],
    ['another application wants it', { wantedBy: 'demo/b' }, 'release'],
    ['the inventory was rebuilt', { held: true }, 'keep'],
    ['pruning is off', { enabled: false }, 'keep'],
    ['nobody confirmed', { policy: { ...policy, confirm: true } }, 'keep'],
    ['it was adopted', { entry: { id: configMapId, uid: 'u', origin: 'adopted' } }, 'release'],
    ['Helm says keep', { look: live({ annotations: { 'helm.sh/resource-policy': 'keep' } }) }, 'release'],
  ])('does not delete when %s', (_, changes, kind) => {
    expect(decide(changes).kind).toBe(kind);
  });

  it.each([
    ['Namespace', ''],
    ['PersistentVolumeClaim', ''],
    ['PersistentVolume', ''],
    ['CustomResourceDefinition', 'apiextensions.k8s.io'],
  ])('deletes a %s only when the policy names it', (kind, group) => {
    const id = { ...configMapId, kind, group };
    const situation = { id, entry: { id, uid: 'u', origin: 'created' as const }, look: live({}, id) };
    expect(decide(situation).kind).toBe('keep');
    expect(decide({ ...situation, policy: { ...policy, kinds: [kind] } }).kind).toBe('delete');
  });

  describe('of a renamed application, an object with the marks of the former name', () => {
    const renamed = { marks: marksOf({ installation: 'local', application: 'demo/new' }, hash), former: marks };

    it('is its own', () => {
      expect(decide(renamed)).toEqual({ kind: 'delete' });
    });

    it.each<readonly [string, Partial<PruneSituation>]>([
      ['it is not known to be the object that was made', { entry: { id: configMapId, origin: 'created' } }],
      ['nobody said that it was renamed', { former: undefined }],
      ['another application wants it', { wantedBy: 'demo/b' }],
      ['it was adopted', { entry: { id: configMapId, uid: 'u', origin: 'adopted' } }],
    ])('is left as it is when %s', (_, changes) => {
      expect(decide({ ...renamed, ...changes }).kind).toBe('forget');
    });
  });

  it('deletes with a word: confirmed, adopted', () => {
    expect(decide({ policy: { ...policy, confirm: true }, confirmed: true }).kind).toBe('delete');
    const entry = { id: configMapId, uid: 'u', origin: 'adopted' as const };
    expect(decide({ entry, policy: { ...policy, adopted: true } }).kind).toBe('delete');
  });

  it('tells an intent whose result was lost by its marks', () => {
    expect(decide({ entry: { id: configMapId, origin: 'created' } }).kind).toBe('delete');
  });

  it('hands over rather than keeps', () => {
    expect(decide({ wantedBy: 'demo/b', enabled: false })).toMatchObject({ kind: 'release', to: 'demo/b' });
  });
});
