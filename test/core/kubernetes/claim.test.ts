import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../lib/core/json.ts';
import { claim, isAdoptedManager } from '../../../lib/core/kubernetes/claim.ts';
import { marksOf, withMarks } from '../../../lib/core/kubernetes/marks.ts';
import type { ObjectId } from '../../../lib/core/kubernetes/object.ts';
import { applied, configMap, hash } from './objects.ts';

const id: ObjectId = { group: '', kind: 'ConfigMap', namespace: 'prod', name: 'web' };
const marks = marksOf({ installation: 'local', application: 'demo/web' }, hash);

function owned(application: string, installation = 'local') {
  const theirs = marksOf({ installation, application }, hash);
  const object = withMarks(configMap({}, { uid: 'u' }), id, theirs);
  const managedFields = [applied({ 'f:data': {} }, 'v1', theirs.manager)];
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function kindOf(live: ReturnType<typeof configMap>, options: Partial<Parameters<typeof claim>[2]> = {}) {
  const found = claim(live, id, { marks, entry: undefined, adoptFrom: [], ...options });
  return found.kind === 'refused' ? found.failure.code : found.kind;
}

describe('claim', () => {
  it.each<readonly [string, JsonObject, readonly string[], string]>([
    ['an object without an owner', {}, [], 'adopt'],
    ['one of Argo CD', { 'argocd.argoproj.io/tracking-id': 'x' }, [], 'ForeignOwner'],
    ['one of Argo CD, allowed', { 'argocd.argoproj.io/tracking-id': 'x' }, ['argocd'], 'adopt'],
    ['one of Helm, with the wrong word', { 'meta.helm.sh/release-name': 'x' }, ['flux'], 'ForeignOwner'],
  ])('%s', (_, annotations, adoptFrom, expected) => {
    expect(kindOf(configMap({}, { annotations }), { adoptFrom })).toBe(expected);
  });

  it('is ours with our marks, another application is not', () => {
    expect(kindOf(owned('demo/web'))).toBe('ours');
    expect(kindOf(owned('demo/other'))).toBe('OwnedByApplication');
    expect(kindOf(owned('demo/web', 'prod'))).toBe('ForeignOwner');
    expect(kindOf(owned('demo/web', 'prod'), { adoptFrom: ['prod'] })).toBe('adopt');
  });

  it('takes over from its own former name', () => {
    expect(kindOf(owned('demo/old'), { movedFrom: 'demo/old' })).toBe('adopt');
  });

  it('knows an object that lost its marks by its uid', () => {
    const entry = { id, uid: 'u', origin: 'created' } as const;
    expect(kindOf(configMap({}, { uid: 'u' }), { entry })).toBe('ours');
    expect(kindOf(configMap({}, { uid: 'v' }), { entry })).toBe('adopt');
    const taken = configMap({}, { uid: 'u', annotations: { 'argocd.argoproj.io/tracking-id': 'x' } });
    expect(kindOf(taken, { entry })).toBe('ForeignOwner');
  });

  it.each([
    ['kubectl-client-side-apply', [], true],
    ['helm', [], false],
    ['helm', ['helm'], true],
    ['kustomize-controller', ['flux'], true],
    ['holdfast:prod/demo/web', ['prod'], true],
    ['kube-controller-manager', ['helm'], false],
  ] as const)('%s from %j hands over: %s', (manager, from, expected) => {
    expect(isAdoptedManager(manager, from)).toBe(expected);
  });
});
