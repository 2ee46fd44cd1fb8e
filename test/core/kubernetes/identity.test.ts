import { describe, expect, it } from 'vitest';
import { place } from '../../../lib/core/kubernetes/identity.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import { declaredKind, offlineScopes } from '../../../lib/core/kubernetes/scope.ts';
import { configMap } from './objects.ts';

const crd: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'boxes.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { kind: 'Box', plural: 'boxes' },
    versions: [{ name: 'v1' }, { name: 'v0', served: false }],
  },
};

function placing(objects: readonly KubeObject[], namespace?: string) {
  const desired = objects.map((object, index) => ({ object, source: { file: 'app.yaml', line: index + 1 } }));
  const scopeOf = offlineScopes(objects);
  const { placed, problems } = place(desired, { scopeOf, ...(namespace === undefined ? {} : { namespace }) });
  return {
    where: placed.map(
      ({ id, object }) => `${id.group}/${id.kind} ${id.namespace}/${id.name} ${object.metadata.namespace ?? '-'}`,
    ),
    problems: problems.map(({ line, code, message }) => `${line} ${code} ${message}`),
    placed,
  };
}

const bare = (apiVersion: string, kind: string, namespace?: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a', ...(namespace === undefined ? {} : { namespace }) },
});

describe('place', () => {
  it('fills in the namespace of the application, and only where none is written', () => {
    expect(placing([bare('v1', 'ConfigMap'), bare('v1', 'Secret', 'other')], 'prod').where).toEqual([
      '/ConfigMap prod/a prod',
      '/Secret other/a other',
    ]);
  });

  it('takes the namespace off objects that live in none', () => {
    expect(placing([bare('rbac.authorization.k8s.io/v1', 'ClusterRole', 'prod')], 'prod').where).toEqual([
      'rbac.authorization.k8s.io/ClusterRole /a -',
    ]);
  });

  it('knows the scope of kinds that a CRD of the same set declares', () => {
    expect(placing([crd, bare('example.com/v1', 'Box', 'prod')], 'prod').where[1]).toBe('example.com/Box /a -');
    expect(declaredKind(crd)).toMatchObject({ plural: 'boxes', scope: 'cluster', versions: ['v1'] });
  });

  it('says where a namespace is missing, and what to write', () => {
    expect(placing([bare('v1', 'Secret'), bare('v1', 'Namespace')]).problems).toEqual([
      '1 NamespaceMissing Secret/a needs a namespace: write metadata.namespace in it, or namespace: in the application',
    ]);
  });

  it('names both places of an object that is declared twice once it is placed', () => {
    const twice = placing([bare('v1', 'ConfigMap'), bare('v1', 'ConfigMap', 'prod')], 'prod');
    expect(twice.problems).toEqual(['2 DuplicateObject ConfigMap/prod/a is already declared in app.yaml:1']);
    const versions = placing(
      [bare('autoscaling/v1', 'HorizontalPodAutoscaler'), bare('autoscaling/v2', 'HorizontalPodAutoscaler')],
      'p',
    );
    expect(versions.problems).toHaveLength(1);
  });

  it('leaves kinds that nobody knows as they are, and says so', () => {
    const { placed } = placing([bare('x.io/v1', 'Thing')], 'prod');
    expect(placed).toMatchObject([{ kindKnown: false, id: { namespace: 'prod' } }]);
  });

  it('sends no status and nothing that only the server writes', () => {
    const exported = configMap(
      { a: '1' },
      { uid: 'u', resourceVersion: '7', creationTimestamp: null, managedFields: [] },
    );
    const [placed] = placing([{ ...exported, status: {} }]).placed;
    expect(placed?.object).toEqual(configMap({ a: '1' }));
  });

  it('writes stringData as data, over data, and leaves wrong types for the server to refuse', () => {
    const secret = { ...bare('v1', 'Secret', 'p'), data: { a: 'eA==', b: 'eA==' }, stringData: { a: 'päss€𝄞', c: '' } };
    expect(placing([secret]).placed[0]?.object).toEqual({
      ...bare('v1', 'Secret', 'p'),
      data: { a: Buffer.from('päss€𝄞').toString('base64'), b: 'eA==', c: '' },
    });
    const wrong = { ...bare('v1', 'Secret', 'p'), stringData: { a: 1 } };
    expect(placing([wrong]).placed[0]?.object).toEqual(wrong);
  });
});
