import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  annotatedOwner,
  appLabelValue,
  fieldManager,
  foreignMarks,
  isOurs,
  marksOf,
  ownerSelector,
  ownerText,
  withMarks,
} from '../../../lib/core/kubernetes/marks.ts';
import type { ObjectId } from '../../../lib/core/kubernetes/object.ts';
import { applied, configMap, hash, manager } from './objects.ts';

const marks = marksOf({ installation: 'local', application: 'demo/web' }, hash);
const id: ObjectId = { group: '', kind: 'ConfigMap', namespace: 'prod', name: 'web' };

function ours() {
  const object = withMarks(configMap({ a: '1' }), id, marks);
  return { ...object, metadata: { ...object.metadata, managedFields: [applied({ 'f:data': { 'f:a': {} } })] } };
}

describe('marks', () => {
  it('writes labels and an owner that describes the very object', () => {
    expect(ours().metadata).toMatchObject({
      labels: { 'holdfast.dev/app': 'web', 'holdfast.dev/installation': 'local' },
      annotations: { 'holdfast.dev/owner': 'local/demo/web|/ConfigMap|prod/web' },
    });
    expect(marks.manager).toBe(manager);
    expect(ownerSelector('local', marks)).toBe('holdfast.dev/installation=local,holdfast.dev/app=web');
  });

  it('leaves pod templates alone and keeps labels that were there', () => {
    const template = { metadata: { labels: { app: 'web' } }, spec: {} };
    const object = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', labels: { tier: 'front' } },
      spec: { template },
    };
    const marked = withMarks(object, { ...id, group: 'apps', kind: 'Deployment' }, marks);
    expect(marked['spec']).toEqual({ template });
    expect(marked.metadata.labels).toMatchObject({ tier: 'front', 'holdfast.dev/app': 'web' });
  });

  it('leaves labels of a wrong type for the server to refuse', () => {
    const wrong = configMap({}, { labels: 'a=b' });
    expect(withMarks(wrong, id, marks)).toEqual(wrong);
    expect(withMarks(configMap({}, { labels: null }), id, marks).metadata.labels).toEqual(marks.labels);
  });

  it('knows an object as ours only with labels, owner and manager', () => {
    const object = ours();
    expect(isOurs(object, id, marks)).toBe(true);
    expect(isOurs({ ...object, metadata: { ...object.metadata, managedFields: [] } }, id, marks)).toBe(false);
    expect(isOurs({ ...object, metadata: { ...object.metadata, labels: {} } }, id, marks)).toBe(false);
    // A controller that copies labels and annotations to its children.
    expect(isOurs(object, { ...id, name: 'copy' }, marks)).toBe(false);
    const other = marksOf({ installation: 'local', application: 'demo/other' }, hash);
    expect(isOurs(object, id, other)).toBe(false);
  });

  it('reads the owner back, and nothing from a copy', () => {
    expect(annotatedOwner(ours(), id)).toEqual({ installation: 'local', application: 'demo/web' });
    expect(annotatedOwner(ours(), { ...id, name: 'copy' })).toBeUndefined();
  });

  it('reads back the owner of any object name', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (name, namespace) => {
        const any = { group: 'g.io', kind: 'K', namespace, name };
        const live = configMap({}, { annotations: { 'holdfast.dev/owner': ownerText(marks, any) } });
        expect(annotatedOwner(live, any)).toEqual(marks.owner);
      }),
    );
  });

  it.each([
    ['demo/web', 'web'],
    ['demo/web@prod', 'web.prod'],
  ])('label of %s is %s', (application, label) => {
    expect(appLabelValue(application, hash)).toBe(label);
  });

  it('cuts long names and keeps them apart', () => {
    const long = (tail: string) => `team/${'a'.repeat(53)}@${'b'.repeat(39)}${tail}`;
    const one = appLabelValue(long('1'), hash);
    expect(one).toHaveLength(63);
    expect(one).not.toBe(appLabelValue(long('2'), hash));
    const owner = (tail: string) => ({ installation: 'i'.repeat(20), application: `${'t'.repeat(20)}${long(tail)}` });
    expect(fieldManager(owner('1'), hash)).toHaveLength(128);
    expect(fieldManager(owner('1'), hash)).not.toBe(fieldManager(owner('2'), hash));
  });

  it.each([
    ['argocd', { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:/ConfigMap:prod/web' } }],
    ['flux', { labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop' } }],
    ['helm', { annotations: { 'meta.helm.sh/release-name': 'shop' } }],
    ['staging', { labels: { 'holdfast.dev/installation': 'staging' } }],
  ])('names the marks of %s', (name, metadata) => {
    expect(foreignMarks(configMap({}, metadata), 'local').map((mark) => mark.name)).toEqual([name]);
  });

  it('sees no owner in what every chart writes', () => {
    expect(foreignMarks(configMap({}, { labels: { 'app.kubernetes.io/managed-by': 'Helm' } }), 'local')).toEqual([]);
    expect(foreignMarks(ours(), 'local')).toEqual([]);
  });
});
