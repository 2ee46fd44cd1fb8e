// The renderers that run no program: plain manifests and CloudFormation templates.
import { expect, test } from 'vitest';
import { problemText } from '../../../lib/core/config/model.ts';
import type { Application } from '../../../lib/core/config/model.ts';
import type { RenderResult } from '../../../lib/core/render/model.ts';
import { createRenderers } from '../../../lib/adapters/render/registry.ts';
import { appOf } from '../../support/render-tree.ts';

const renderers = createRenderers({ env: {} });
const stack = { name: 's', parameters: { Name: 'x' }, tags: {}, capabilities: [] };

async function render(
  kind: 'plain' | 'template',
  files: Readonly<Record<string, string>>,
  app: Application,
): Promise<RenderResult> {
  const bundle = Object.entries(files).map(([path, text]) => ({
    path,
    executable: false,
    bytes: new TextEncoder().encode(text),
  }));
  return await renderers[kind].render({ files: bundle }, { app });
}

const problems = (result: RenderResult): string[] =>
  result.kind === 'refused' ? result.problems.map(problemText) : [];
const topic =
  'Parameters: {Name: {Type: String}}\nResources:\n  T: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name}}\n';

test('a template keeps its bytes, and is written out in long form', async () => {
  const result = await render('template', { 't.yaml': topic }, appOf({ path: 't.yaml', stack }));
  expect(result).toMatchObject({
    kind: 'desired',
    desired: {
      kind: 'stack',
      stack,
      body: topic,
      source: { file: 't.yaml' },
      template: { Resources: { T: { Properties: { TopicName: { Ref: 'Name' } } } } },
    },
  });
});

test('a template with problems, parameters that do not fit, no template', async () => {
  const app = appOf({ path: 't.yaml', stack: { ...stack, parameters: { Nam: 'x' } } });
  expect(problems(await render('template', { 't.yaml': topic.replace('!Ref Name', '!Ref Nam') }, app))[0]).toMatch(
    /^t\.yaml:3:\d+ TemplateUnresolved /,
  );
  expect(problems(await render('template', { 't.yaml': topic }, app))).toEqual([
    expect.stringMatching(/^holdfast\.yaml:5:5 StackParameterUnknown .*did you mean "Name"/),
    expect.stringMatching(/^holdfast\.yaml:5:5 StackParameterMissing /),
  ]);
  expect(problems(await render('template', {}, app))).toEqual([
    't.yaml:1:1 PathMissing there is no template file here',
  ]);
});

test('one broken file of three refuses all of them, and every problem is said', async () => {
  const good = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';
  const files = { 'app/a.yaml': good, 'app/b.yaml': 'a: 1\na: 2\n', 'app/c.yaml': 'kind: X\nmetadata: {name: c}\n' };
  expect(problems(await render('plain', files, appOf()))).toEqual([
    'app/b.yaml:2:1 YamlDuplicateKey the key "a" is there twice',
    'app/c.yaml:1:1 ManifestApiVersion X/c has no apiVersion',
  ]);
});

test('the versions name what decides the result', async () => {
  expect(await Promise.all([renderers.plain.version(), renderers.template.version()])).toEqual([
    'plain/1',
    'template/1',
  ]);
  await expect(createRenderers({ env: { HOLDFAST_HELM: '/no/helm' } }).helm.version()).rejects.toMatchObject({
    code: 'RenderBinaryUnusable',
  });
});
