import { describe, expect, it } from 'vitest';
import {
  desiredDigest,
  entriesByKey,
  intentEntry,
  isUnchanged,
  settingsDigest,
  settledEntry,
} from '../../../lib/core/kubernetes/inventory.ts';
import { marksOf } from '../../../lib/core/kubernetes/marks.ts';
import { identityProblems } from '../../../lib/core/kubernetes/validate.ts';
import { applied, configMap, hash, hmac } from './objects.ts';

const marks = marksOf({ installation: 'local', application: 'demo/web' }, hash);
const id = { group: '', kind: 'ConfigMap', namespace: 'prod', name: 'web' };
const live = configMap(
  { a: '1' },
  { uid: 'u', resourceVersion: '7', managedFields: [applied({ 'f:data': { 'f:a': {} } })] },
);
const settled = settledEntry({ id, live, origin: 'created', digest: 'd', marks }, hmac);
const mark = { uid: 'u', resourceVersion: '9', baseline: settled.baseline };

describe('inventory', () => {
  it('remembers what was written: identity, uid, digest, baseline, paths', () => {
    expect(settled).toMatchObject({
      id,
      apiVersion: 'v1',
      uid: 'u',
      resourceVersion: '7',
      origin: 'created',
      digest: 'd',
    });
    expect(settled.owned).toHaveLength(8);
  });

  it('is unchanged with the same object and baseline, and only then', () => {
    expect(isUnchanged(settled, mark)).toBe(true);
    expect(isUnchanged(settled, { ...mark, uid: 'v' })).toBe(false);
    expect(isUnchanged(settled, { ...mark, baseline: 'other' })).toBe(false);
    const { baseline: _, ...unknown } = settled;
    expect(isUnchanged(unknown, { ...mark, baseline: undefined })).toBe(false);
    const { uid: __, ...anonymous } = settled;
    expect(isUnchanged(anonymous, { ...mark, uid: undefined })).toBe(false);
  });

  it('says before a write only that the object may exist', () => {
    expect(intentEntry(id, 'v1', undefined)).toEqual({ id, apiVersion: 'v1', origin: 'created' });
    const intent = intentEntry(id, 'v1', settled);
    expect(intent).toMatchObject({ uid: 'u', owned: settled.owned });
    expect(intent).not.toHaveProperty('baseline');
    expect(intent).not.toHaveProperty('digest');
  });

  it('leaves entries of stacks to others', () => {
    const entries = [settled, { id: { stack: 'network' }, origin: 'created' as const }];
    expect([...entriesByKey({ v: 1, entries }).keys()]).toEqual(['/ConfigMap|prod/web']);
  });

  it('has digests that do not depend on the order of keys', () => {
    expect(desiredDigest(configMap({ a: '1', b: '2' }), hmac)).toBe(desiredDigest(configMap({ b: '2', a: '1' }), hmac));
    expect(desiredDigest(configMap({ a: '1' }), hmac)).not.toBe(desiredDigest(configMap({ a: '2' }), hmac));
  });

  it('knows when settings changed that decide about objects', () => {
    const prune = { enabled: true, confirm: false, adopted: false, kinds: [], budget: { percent: 50, atLeast: 5 } };
    const app = { namespace: 'a', conflicts: 'fail', prune } as const;
    const base = settingsDigest(app, marks);
    expect(settingsDigest({ ...app, prune: { ...prune, budget: { percent: 1, atLeast: 1 } } }, marks)).toBe(base);
    for (const changed of [
      { ...app, namespace: 'b' },
      { ...app, conflicts: 'force' as const },
      { ...app, prune: { ...prune, enabled: false } },
    ]) {
      expect(settingsDigest(changed, marks)).not.toBe(base);
    }
  });
});

describe('identityProblems', () => {
  it('tells without a cluster what cannot be placed', () => {
    const object = configMap({}, { namespace: undefined });
    const desired = {
      kind: 'kubernetes',
      objects: [{ object, source: { file: 'a.yaml', line: 3 } }],
      hooks: [],
    } as const;
    expect(identityProblems({} as never, desired)).toMatchObject([
      { code: 'NamespaceMissing', file: 'a.yaml', line: 3 },
    ]);
    expect(identityProblems({ namespace: 'prod' } as never, desired)).toEqual([]);
  });
});
