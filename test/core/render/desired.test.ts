// What may become desired state, what is set aside, and what is refused, each with its place.
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../lib/core/config/model.ts';
import { toDesired } from '../../../lib/core/render/desired.ts';
import type { KubernetesDesired } from '../../../lib/core/render/model.ts';
import { readManifests } from '../../../lib/core/render/yaml.ts';
import { appOf } from '../../support/render-tree.ts';

function desired(text: string, app = appOf()): KubernetesDesired | string[] {
  const documents = readManifests('a.yaml', text).documents.map(({ value, line, column, positionOf }) => ({
    value,
    source: { file: 'a.yaml', line, column },
    positionOf,
  }));
  const result = toDesired(app, documents);
  return result.kind === 'desired' ? (result.desired as KubernetesDesired) : result.problems.map(problemText);
}

const names = (text: string): unknown => {
  const result = desired(text);
  return Array.isArray(result)
    ? result
    : result.objects.map((one) => `${one.source.line} ${one.object.kind}/${one.object.metadata.name}`);
};

const object = (metadata: string, kind = 'ConfigMap', more = ''): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: ${metadata}\n${more}`;

describe('lists', () => {
  test('are opened, also typed and nested ones, each item with its place', () => {
    const text = `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: b}
  - {apiVersion: v1, kind: Secret, metadata: {name: c}}
- {apiVersion: v1, kind: List, items: []}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleList
items: [{metadata: {name: d}}]
`;
    expect(names(text)).toEqual(['4 ConfigMap/a', '8 ConfigMap/b', '9 Secret/c', '14 Role/d']);
  });

  test('a custom kind that ends in List is an object', () => {
    expect(names('apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {items: []}\n')).toEqual([
      '1 AllowList/a',
    ]);
  });

  test('nested without end', () => {
    const open = '{"apiVersion":"v1","kind":"List","items":[';
    expect(desired(`${open.repeat(20)}${']}'.repeat(20)}`)).toEqual([
      expect.stringMatching(/ManifestList lists are nested deeper/),
    ]);
  });
});

describe('hooks', () => {
  const hooked = (annotation: string): string =>
    object(`{name: j, annotations: {${annotation}}}`, 'Job') + `---\n${object('{name: a}')}`;
  test.each([
    ['argocd.argoproj.io/hook: PreSync', 'PreSync'],
    ['argocd.argoproj.io/hook: "PreSync, PostDelete"', 'PreSync,PostDelete'],
    ['argocd.argoproj.io/hook: Skip', 'Skip'],
    ['helm.sh/hook: "pre-install,post-upgrade"', 'pre-install,post-upgrade'],
    ['helm.sh/hook: "test,pre-install"', 'test,pre-install'],
  ])('%s is set aside', (annotation, hook) => {
    const result = desired(hooked(annotation)) as KubernetesDesired;
    expect([result.objects.length, result.hooks.map((one) => one.hook)]).toEqual([1, [hook]]);
  });

  test.each(['helm.sh/hook: test', 'helm.sh/hook: "test-success,test-failure"'])('%s is left out', (annotation) => {
    const result = desired(hooked(annotation)) as KubernetesDesired;
    expect([result.objects.length, result.hooks.length]).toEqual([1, 0]);
  });

  test.each(['helm.sh/hook: crd-install', 'argocd.argoproj.io/hook: Other'])(
    '%s is an ordinary object',
    (annotation) => {
      expect((desired(hooked(annotation)) as KubernetesDesired).objects).toHaveLength(2);
    },
  );

  test('may have generateName', () => {
    const text = object('{generateName: j-, annotations: {argocd.argoproj.io/hook: Sync}}', 'Job');
    expect((desired(text) as KubernetesDesired).hooks).toHaveLength(1);
  });
});

describe('refused', () => {
  test.each([
    [
      'nothing',
      '# only a comment\n',
      'app:1:1 EmptyRender nothing is rendered here; to stop delivering an application, remove it from the configuration',
    ],
    ['text', 'hello\n', 'a.yaml:1:1 ManifestNotObject a manifest is a mapping with apiVersion and kind, not text'],
    ['a list', '- a: 1\n', 'a.yaml:1:1 ManifestNotObject a manifest is a mapping with apiVersion and kind, not a list'],
    ['no kind', 'apiVersion: v1\nmetadata: {name: a}\n', 'a.yaml:1:1 ManifestKind an object/a has no kind'],
    ['no apiVersion', 'kind: A\nmetadata: {name: a}\n', 'a.yaml:1:1 ManifestApiVersion A/a has no apiVersion'],
    ['no name', object('{}'), 'a.yaml:3:11 ManifestName ConfigMap has no metadata.name'],
    ['no metadata', 'apiVersion: v1\nkind: A\n', 'a.yaml:1:1 ManifestName A has no metadata.name'],
    [
      'generateName',
      object('{generateName: a-}'),
      'a.yaml:3:11 ManifestGenerateName ConfigMap has generateName: every run would make another one; give it a name',
    ],
    [
      'a number as name',
      object('\n  name: 12'),
      'a.yaml:4:3 ManifestName metadata.name of ConfigMap must be text, not 12; quote it',
    ],
    ['a path as name', object('{name: ../x}'), 'a.yaml:3:11 ManifestName "../x" cannot be the name of an object'],
    [
      'a long name',
      object(`{name: ${'a'.repeat(300)}}`),
      expect.stringMatching(/^a\.yaml:3:11 ManifestName "a+… \(300 characters\)" cannot/),
    ],
    [
      'a bad namespace',
      object('{name: a, namespace: A_b}'),
      'a.yaml:3:11 ManifestNamespace "A_b" cannot be the namespace of ConfigMap/a',
    ],
    [
      'uid',
      object('{name: a, uid: x}'),
      'a.yaml:3:11 ManifestServerField metadata.uid of ConfigMap/a is written by the cluster; remove it',
    ],
    [
      'ownerReferences',
      object('{name: a, ownerReferences: [{}]}'),
      expect.stringMatching(/ManifestServerField metadata\.ownerReferences /),
    ],
    [
      'a number as label',
      object('{name: a, labels: {v: 1}}'),
      'a.yaml:3:29 ManifestMetadata metadata.labels of ConfigMap/a: "v" must be text, not 1; quote it',
    ],
    [
      'a boolean as annotation',
      object('\n  name: a\n  annotations:\n    x: yes'),
      'a.yaml:6:5 ManifestMetadata metadata.annotations of ConfigMap/a: "x" must be text, not true; quote it',
    ],
    [
      'labels as list',
      object('{name: a, labels: [x]}'),
      'a.yaml:3:11 ManifestMetadata metadata.labels of ConfigMap/a must be a mapping',
    ],
    [
      'our mark',
      object('{name: a, labels: {holdfast.dev/app: x}}'),
      'a.yaml:3:29 ManifestForgedMark ConfigMap/a carries holdfast.dev/app, which only Holdfast writes; remove it',
    ],
    [
      'our owner',
      object('{name: a, annotations: {holdfast.dev/owner: x}}'),
      expect.stringMatching(/ManifestForgedMark /),
    ],
    [
      'the same object twice',
      `${object('{name: a}')}---\n${object('{name: a}')}`,
      'a.yaml:5:1 ManifestTwice ConfigMap/a is there twice, first at a.yaml:1',
    ],
  ])('%s', (_, text, wanted) => {
    expect(desired(text)).toEqual([wanted]);
  });

  test('the same object once with the namespace of the application and once without', () => {
    const text = `${object('{name: a, namespace: shop}')}---\n${object('{name: a}')}`;
    expect(desired(text, appOf({ namespace: 'shop' }))).toEqual([
      'a.yaml:5:1 ManifestTwice ConfigMap/shop/a is there twice, first at a.yaml:1',
    ]);
    expect(names(text)).toHaveLength(2);
  });

  test('all problems at once', () => {
    expect(desired(`${object('{}')}---\n${object('{name: a, labels: {v: 1, w: 2}}')}---\nx\n`)).toHaveLength(4);
  });
});

test('an object is kept as it was given', () => {
  const text = object(
    '{name: "system:a", creationTimestamp: null, finalizers: [x], labels: {a: null}}',
    'ClusterRole',
    'status: {}\nrules: []\n',
  );
  const result = desired(text) as KubernetesDesired;
  expect(result.objects[0]?.object).toEqual(readManifests('a.yaml', text).documents[0]?.value);
});
