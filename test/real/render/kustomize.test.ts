// Soundness: whatever a kustomization uses is in its bundle, so that Kustomize builds the same from it as from the whole repository.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../lib/core/json.ts';
import { readManifests } from '../../../lib/core/render/yaml.ts';
import { renderTree } from '../../support/render-fixture.ts';
import { tools } from '../../support/kubectl-oracle.ts';
import { appOf, treeOf } from '../../support/render-tree.ts';
import { tempDir } from '../../support/temp-dir.ts';

const configMap = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: b\n`;

/** Fields of one kustomization, over files that every directory has. */
const fields = fc.record(
  {
    nameSuffix: fc.constantFrom('-x', '-y'),
    namespace: fc.constantFrom('one', 'two'),
    configMapGenerator: fc.constantFrom(
      [{ name: 'g', files: ['f.txt', 'k=sub/f.txt'] }],
      [{ name: 'g', envs: ['e.env'] }],
      [{ name: 'g', env: 'e.env', literals: ['l=1'] }],
    ),
    secretGenerator: fc.constantFrom([{ name: 's', files: ['f.txt'] }]),
    patches: fc.constantFrom([{ path: 'six.yaml', target: { kind: 'ConfigMap' } }], [{ path: 'merge.yaml' }]),
    patchesStrategicMerge: fc.constantFrom(['merge.yaml']),
    patchesJson6902: fc.constantFrom([{ path: 'six.yaml', target: { version: 'v1', kind: 'ConfigMap', name: 'own' } }]),
    transformers: fc.constantFrom(
      ['prefix.yaml'],
      ['apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: merge.yaml\n'],
    ),
    generators: fc.constantFrom(['generator.yaml']),
    configurations: fc.constantFrom(['config.yaml']),
    replacements: fc.constantFrom([{ path: 'replace.yaml' }]),
  },
  { requiredKeys: [] },
);

const tree = fc.record({
  app: fields,
  base: fields,
  component: fields,
  uses: fc.subarray(['../base', '../component', 'sub/more.yaml', 'more.json']),
});

function filesOf(directory: string): Record<string, string> {
  return {
    [`${directory}/own.yaml`]: configMap('own'),
    [`${directory}/more.json`]: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `more-${directory}` },
    }),
    [`${directory}/sub/more.yaml`]: configMap(`sub-${directory}`),
    [`${directory}/f.txt`]: `file of ${directory}\n`,
    [`${directory}/sub/f.txt`]: 'sub\n',
    [`${directory}/e.env`]: 'E=1\n',
    [`${directory}/six.yaml`]: '- {op: add, path: /data, value: {six: "1"}}\n',
    [`${directory}/merge.yaml`]: 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {merged: "1"}\n',
    [`${directory}/prefix.yaml`]:
      'apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: p}\nprefix: pre-\nfieldSpecs: [{path: metadata/name}]\n',
    [`${directory}/generator.yaml`]:
      'apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: gen}\nfiles: [sub/f.txt]\n',
    [`${directory}/config.yaml`]: 'namePrefix: [{path: metadata/name}]\n',
    [`${directory}/replace.yaml`]:
      'source: {kind: ConfigMap, name: own, fieldPath: metadata.name}\ntargets: [{select: {kind: ConfigMap, name: own}, fieldPaths: [data.from], options: {create: true}}]\n',
  };
}

test('the bundle builds what the whole repository builds', async () => {
  const { path: kubectl } = await tools.find('kubectl');
  let built = 0;
  const property = fc.asyncProperty(tree, async ({ app, base, component, uses }) => {
    const resources = ['own.yaml', ...uses.filter((one) => one !== '../component')];
    const files: Record<string, string> = {
      ...filesOf('app'),
      ...filesOf('base'),
      ...filesOf('component'),
      'app/kustomization.yaml': JSON.stringify({
        namePrefix: 'app-',
        ...app,
        resources,
        components: uses.filter((one) => one === '../component'),
      }),
      'base/kustomization.yml': JSON.stringify({ namePrefix: 'base-', ...base, resources: ['own.yaml'] }),
      'component/Kustomization': JSON.stringify({
        apiVersion: 'kustomize.config.k8s.io/v1alpha1',
        kind: 'Component',
        ...component,
      }),
    };
    const directory = tempDir();
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    let whole: readonly unknown[] | undefined;
    try {
      const output = execFileSync(kubectl, ['kustomize', join(directory, 'app')], { encoding: 'utf8', stdio: 'pipe' });
      whole = readManifests('o.yaml', output).documents.map((one) => canonicalJson(one.value));
    } catch {
      // Some combinations make no sense to Kustomize; then the bundle must make none either.
    }
    const { result } = await renderTree(treeOf(files), appOf());
    const ours =
      result.kind === 'desired' && result.desired.kind === 'kubernetes'
        ? result.desired.objects.map((one) => canonicalJson(one.object))
        : undefined;
    expect(ours).toEqual(whole);
    if (whole !== undefined) built += 1;
  });
  await fc.assert(property, { numRuns: Number(process.env['HOLDFAST_FUZZ_RUNS'] ?? 25), seed: 5 });
  expect(built).toBeGreaterThan(5);
});
