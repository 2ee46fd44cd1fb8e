// What a repository holds, told from its files alone.
import { expect, test } from 'vitest';
import { findApps } from '../../../lib/core/init/find.ts';
import { look, worthReading } from '../../../lib/core/init/look.ts';
import type { FoundApp } from '../../../lib/core/init/model.ts';

function found(files: Readonly<Record<string, string>>): readonly FoundApp[] {
  return findApps(
    Object.entries(files)
      .filter(([path]) => worthReading(path))
      .map(([path, text]) => look(path, text)),
  );
}

const object = (kind: string, namespace?: string): string =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: {name: a${namespace === undefined ? '' : `, namespace: ${namespace}`}}\n`;

test('overlays over bases: only what no other kustomization uses, and no component', () => {
  const apps = found({
    'apps/shop/base/kustomization.yaml': 'resources: [web.yaml]\n',
    'apps/shop/base/web.yaml': object('Service'),
    'apps/shop/overlays/prod/kustomization.yaml':
      'namespace: shop\nresources: [../../base]\ncomponents: [../../parts]\n',
    'apps/shop/overlays/test/kustomization.yml': 'bases: [../../base]\n',
    'apps/shop/parts/kustomization.yaml': 'kind: Component\n',
  });
  expect(apps).toEqual([
    {
      name: 'shop-prod',
      path: 'apps/shop/overlays/prod',
      kind: 'kustomize',
      why: 'kustomization over 2 others that no other uses',
    },
    {
      name: 'shop-test',
      path: 'apps/shop/overlays/test',
      kind: 'kustomize',
      namespace: 'default',
      why: 'kustomization over 1 other that no other uses',
    },
  ]);
});

test('charts: not those inside another, not libraries, not what another depends on', () => {
  const apps = found({
    'charts/web/Chart.yaml': 'name: web\ndependencies: [{name: common, repository: "file://../common"}]\n',
    'charts/web/templates/a.yaml': 'kind: {{ .Values.kind }}\n',
    'charts/web/charts/db/Chart.yaml': 'name: db\n',
    'charts/common/Chart.yaml': 'name: common\n',
    'charts/lib/Chart.yaml': 'name: lib\ntype: library\n',
  });
  expect(apps.map(({ path, kind }) => [path, kind])).toEqual([['charts/web', 'helm']]);
});

test('templates: capabilities, nested ones, and the deployment files of AWS', () => {
  const apps = found({
    'stacks/network.yaml':
      'AWSTemplateFormatVersion: 2010-09-09\nResources:\n  Role: {Type: AWS::IAM::Role, Properties: {RoleName: !Sub "${AWS::StackName}-x"}}\n  In: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: nested/in.yaml}}\n',
    'stacks/nested/in.yaml': 'Resources: {Q: {Type: AWS::SQS::Queue}}\n',
    'stacks/api.template':
      '{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"F": {"Type": "AWS::Serverless::Function"}}}',
    'deployments/api-prod.yaml':
      'template-file-path: ./stacks/api.template\nparameters: {Size: 3, Name: x}\ntags: {team: a}\n',
  });
  expect(apps).toMatchObject([
    {
      name: 'api-prod',
      path: 'stacks/api.template',
      stack: {
        name: 'api-prod',
        parameters: { Size: '3', Name: 'x' },
        tags: { team: 'a' },
        capabilities: ['CAPABILITY_IAM', 'CAPABILITY_AUTO_EXPAND'],
      },
    },
    {
      name: 'network',
      path: 'stacks/network.yaml',
      stack: { name: 'network', capabilities: ['CAPABILITY_NAMED_IAM'] },
    },
  ]);
});

test('plain YAML: the highest directory, what is no manifest is excluded, other tools keep theirs', () => {
  const apps = found({
    'k8s/a.yaml': object('Namespace'),
    'k8s/deep/b.yaml': object('ConfigMap', 'x'),
    'k8s/compose.yml': 'services: {}\n',
    'mixed/a.json': '{"apiVersion": "v1", "kind": "List", "metadata": {"namespace": "n"}}',
    'mixed/sub/kustomization.yaml': 'resources: []\n',
    '.github/workflows/ci.yaml': object('ConfigMap'),
    'broken/x.yaml': 'a: [\n',
  });
  expect(apps).toMatchObject([
    { path: 'k8s', kind: 'plain', namespace: 'a', exclude: ['compose.yml'] },
    { path: 'mixed', kind: 'plain', recurse: false },
    { path: 'mixed/sub', kind: 'kustomize' },
  ]);
  expect(apps[1]).not.toHaveProperty('namespace');
});

test('names are labels, and never twice the same', () => {
  const base = { 'kustomization.yaml': 'resources: []\n' };
  const apps = found({
    'apps/Web_1/kustomization.yaml': base['kustomization.yaml'],
    'infra/Web_1/kustomization.yaml': base['kustomization.yaml'],
    'x/k8s/a.yaml': object('ConfigMap'),
  });
  expect(apps.map(({ name }) => name)).toEqual(['apps-web-1', 'infra-web-1', 'x']);
});

test('text that is no YAML, and YAML bombs, are nothing', () => {
  expect(look('a.yaml', '\t{{').kind).toBe('other');
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]\n`)
    .join('')}`;
  expect(look('a.yaml', bomb).kind).toBe('other');
});
