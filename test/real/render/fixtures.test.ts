// Fixtures named by what they expect, rendered by the real kubectl and helm from bundles of exactly their inputs, and held against
// the same tools run on the whole directory.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type Json } from '../../../lib/core/json.ts';
import type { KubeObject } from '../../../lib/core/kubernetes/object.ts';
import type { KubernetesDesired } from '../../../lib/core/render/model.ts';
import { type Rendered, fixtureApp, renderTree, summary } from '../../support/render-fixture.ts';
import { readByKubectl, tools } from '../../support/kubectl-oracle.ts';
import { filesIn, treeOf } from '../../support/render-tree.ts';
import { tempDir } from '../../support/temp-dir.ts';

const root = join(import.meta.dirname, '../../fixtures/render');
const names = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

async function renderFixture(name: string): Promise<Rendered> {
  return await renderTree(treeOf(filesIn(join(root, name))), fixtureApp(join(root, name)));
}

describe.each(names)('%s', (name) => {
  test('gives what it gave', async () => {
    const rendered = await renderFixture(name);
    await expect(summary(rendered)).toMatchFileSnapshot(join(root, name, 'expected.txt'));
  });

  test('does what its name says', async () => {
    const { result } = await renderFixture(name);
    const [verb, code] = name.split('-');
    const first = result.kind === 'refused' ? result.problems[0] : result.warnings[0];
    const wanted = verb === 'renders' ? undefined : code;
    expect([result.kind, first?.code]).toEqual([verb === 'refused' ? 'refused' : 'desired', wanted]);
  });
});

async function objectsIn(path: string): Promise<readonly KubeObject[]> {
  const { objects, refused } = await readByKubectl(path);
  expect(refused).toBe('');
  return objects;
}

/** Runs the tool on a copy of the whole fixture and has kubectl read the output. */
async function oracle(name: string, { kind, app }: Rendered): Promise<readonly KubeObject[]> {
  const directory = join(tempDir(), 'whole');
  cpSync(join(root, name), directory, { recursive: true });
  const target = join(directory, 'app');
  if (kind === 'plain') {
    for (const glob of app.exclude) rmSync(join(target, glob.replace('/**', '')), { recursive: true });
    return await objectsIn(target);
  }
  const output = join(directory, 'output.yaml');
  writeFileSync(output, kind === 'kustomize' ? await kustomize(target) : await helm(directory, app));
  return await objectsIn(output);
}

async function kustomize(target: string): Promise<Buffer> {
  return execFileSync((await tools.find('kubectl')).path, ['kustomize', target]);
}

async function helm(directory: string, app: Rendered['app']): Promise<Buffer> {
  const { path } = await tools.find('helm');
  const env = { HOME: directory };
  const chart = join(directory, 'app');
  // What a person would have done before: local dependencies packed into charts/.
  for (const [into, from] of [
    ['common/charts', 'deeper'],
    ['app/charts', 'common'],
    ['app/charts', 'extra'],
  ] as const) {
    mkdirSync(join(directory, into), { recursive: true });
    try {
      execFileSync(path, ['package', join(directory, from), '-d', join(directory, into)], { env, stdio: 'pipe' });
    } catch {
      // This fixture has no such chart.
    }
  }
  const values = join(directory, 'inline.json');
  writeFileSync(values, JSON.stringify(app.helm.values));
  const files = [...app.helm.valuesFiles.map((file) => join(directory, file)), values].flatMap((file) => ['-f', file]);
  const namespace = app.namespace === undefined ? [] : ['-n', app.namespace];
  return execFileSync(path, ['template', app.name, chart, ...namespace, '--include-crds', '--skip-tests', ...files], {
    env,
  });
}

const sorted = (objects: readonly Json[]): string[] => objects.map((one) => canonicalJson(one)).sort();

describe.each(names.filter((name) => /^(?:renders-|warns-Kustomize)/.test(name)))('%s', (name) => {
  test('equals what the tools make of the whole directory', async () => {
    const rendered = await renderFixture(name);
    const { result } = rendered;
    const desired = (result as { desired: KubernetesDesired }).desired;
    const ours = [...desired.objects, ...desired.hooks].map((one) => one.object);
    expect(sorted(ours)).toEqual(sorted(await oracle(name, rendered)));
  });
});

test('a template that multiplies itself ends its own process', async () => {
  const files = {
    'app/Chart.yaml': 'apiVersion: v2\nname: store\nversion: 0.1.0\n',
    'app/templates/a.yaml': '{{ range until 1000000000 }}{{ . }}{{ end }}\n',
  };
  await expect(renderTree(treeOf(files), fixtureApp(root))).rejects.toMatchObject({
    code: 'RenderOutOfMemory',
    source: 'user',
  });
});
