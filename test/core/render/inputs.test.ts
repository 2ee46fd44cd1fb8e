// The inputs of an application: everything it may read is a root, and what it must not read is refused with its place.
import { describe, expect, test } from 'vitest';
import { problemText } from '../../../lib/core/config/model.ts';
import { inputs } from '../../../lib/core/render/inputs.ts';
import { makeBundle } from '../../../lib/core/source/bundle.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { unchanged } from '../../../lib/core/source/affected.ts';
import { appOf, type Files, treeOf } from '../../support/render-tree.ts';

async function look(files: Files, app = appOf()) {
  const tree = treeOf(files);
  const found = await inputs(app, tree);
  const readable = found.problems.length === 0;
  const bundle = readable ? await makeBundle(tree, found.roots, defaultGitLimits) : { files: [] };
  return {
    ...found,
    roots: found.roots,
    paths: bundle.files.map((file) => file.path),
    problems: found.problems.map(problemText),
  };
}

/** Changes one file at a time: exactly those in the bundle may make the application affected. */
async function expectPrecise(files: Files, affecting: readonly string[], app = appOf()): Promise<void> {
  const { roots } = await inputs(app, treeOf(files));
  for (const path of Object.keys(files)) {
    const changed = treeOf({ ...files, [path]: 'changed' });
    expect([path, await unchanged(roots, changed)]).toEqual([path, !affecting.includes(path)]);
  }
}

const cm = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

describe('found by looking', () => {
  test.each([
    ['plain', { 'app/a.yaml': cm }],
    ['plain', { 'app/x/kustomization.yaml': '' }],
    ['kustomize', { 'app/kustomization.yml': 'resources: []\n', 'app/Chart.yaml': 'name: x\n' }],
    ['kustomize', { 'app/Kustomization': 'resources: []\n' }],
    ['helm', { 'app/Chart.yaml': 'name: x\n' }],
    ['plain', { app: cm }],
    ['plain', { 'app/Chart.yaml/a.yaml': cm }],
  ])('%s', async (kind, files) => {
    expect((await look(files as unknown as Files)).kind).toBe(kind);
  });

  test('template, when the application is a stack', async () => {
    const stack = { name: 's', parameters: {}, tags: {}, capabilities: [] };
    const files = {
      'app/t.yaml':
        'Resources:\n  N:\n    Type: AWS::CloudFormation::Stack\n    Properties: {TemplateURL: ../n.yaml}\n',
      'n.yaml': 'Resources: {}\n',
      'o.yaml': '',
    };
    const found = await look(files, appOf({ path: 'app/t.yaml', stack }));
    expect([found.kind, found.paths, found.problems]).toEqual(['template', ['app/t.yaml', 'n.yaml'], []]);
    await expectPrecise(files, ['app/t.yaml', 'n.yaml'], appOf({ path: 'app/t.yaml', stack }));
  });
});

describe('plain', () => {
  test('the directory, with links followed', async () => {
    const files: Files = {
      'app/a.yaml': cm,
      'app/b.yaml': { link: '../shared/b.yaml' },
      'shared/b.yaml': cm,
      'other/c.yaml': cm,
    };
    expect((await look(files)).paths).toEqual(['app/a.yaml', 'app/b.yaml']);
    await expectPrecise(files, ['app/a.yaml', 'app/b.yaml', 'shared/b.yaml']);
  });

  test('a path where nothing is', async () => {
    const found = await look({ 'b.yaml': cm });
    expect(found.problems).toEqual(['app:1:1 PathMissing there is nothing at the path of application web']);
    expect(await unchanged(found.roots, treeOf({ 'app/a.yaml': cm }))).toBe(false);
    expect(await unchanged(found.roots, treeOf({ 'c.yaml': cm }))).toBe(true);
  });

  test('a link out of the repository is a problem, and looked at again on every push', async () => {
    const found = await look({ 'app/a.yaml': { link: '/etc/passwd' } });
    expect(found.problems).toEqual([expect.stringMatching(/^app\/a\.yaml:1:1 GitTreeInvalid /)]);
    expect(await unchanged(found.roots, treeOf({ 'app/a.yaml': cm }))).toBe(false);
  });
});

describe('kustomize', () => {
  const files: Files = {
    'app/kustomization.yaml': [
      'resources: [../base, own.yaml]',
      'components: [../parts/one]',
      'patches: [{path: patch.yaml}, {patch: "[]", target: {kind: A}}]',
      'patchesStrategicMerge: [merge.yaml, "kind: A\\nmetadata: {name: b}"]',
      'patchesJson6902: [{path: six.json, target: {kind: A, name: b}}]',
      'configMapGenerator: [{name: c, files: [one.txt, key=sub/two.txt], envs: [e.env], env: f.env}]',
      'secretGenerator: [{name: s, files: [secret.txt]}]',
      'replacements: [{path: rep.yaml}]',
      'generators: [gen.yaml]',
      'transformers: ["apiVersion: builtin\\nkind: PatchTransformer\\nmetadata: {name: p}\\npath: inline.yaml"]',
      'configurations: [conf.yaml]',
      'crds: [crd.json]',
      'openapi: {path: api.json}',
      '',
    ].join('\n'),
    'app/own.yaml': cm,
    'app/patch.yaml': '[]',
    'app/merge.yaml': cm,
    'app/six.json': '[]',
    'app/one.txt': '1',
    'app/sub/two.txt': '2',
    'app/e.env': 'A=1',
    'app/f.env': 'A=1',
    'app/secret.txt': 's',
    'app/rep.yaml': '',
    'app/gen.yaml': 'apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nfiles: [k=genfile.txt]\n',
    'app/genfile.txt': 'x',
    'app/inline.yaml': '',
    'app/conf.yaml': '',
    'app/crd.json': '{}',
    'app/api.json': '{}',
    'app/README.md': 'not read',
    'base/kustomization.yaml': 'resources: [b.yaml]\n',
    'base/b.yaml': cm,
    'base/unused.yaml': cm,
    'parts/one/kustomization.yaml': 'kind: Component\nresources: [c.yaml]\n',
    'parts/one/c.yaml': cm,
    'other/x.yaml': cm,
  };
  const unread = ['app/README.md', 'base/unused.yaml', 'other/x.yaml'];

  test('every file that is read, and no other', async () => {
    const found = await look(files);
    const read = Object.keys(files)
      .filter((path) => !unread.includes(path))
      .sort();
    expect(found.problems).toEqual([]);
    expect(found.paths).toEqual(read);
    await expectPrecise(files, read);
  });

  test('a second kustomization file that appears matters', async () => {
    const { roots } = await look(files);
    expect(await unchanged(roots, treeOf({ ...files, 'base/Kustomization': '' }))).toBe(false);
    expect(await unchanged(roots, treeOf({ ...files, 'base/more.yaml': '' }))).toBe(true);
  });

  const refused = async (kustomization: string, more: Files = {}): Promise<readonly string[]> =>
    (await look({ 'app/kustomization.yaml': kustomization, ...more })).problems;

  test.each([
    'https://example.com/x.yaml',
    'http://127.0.0.1/x.yaml',
    'github.com/owner/repo//base?ref=v1',
    'git@github.com:owner/repo.git',
    'ssh://git@host/repo?ref=--upload-pack=x',
    'git::https://host/repo',
    'file:///etc',
    './base?ref=main',
  ])('remote: %s', async (entry) => {
    expect(await refused(`resources:\n- a.yaml\n- ${entry}\n`, { 'app/a.yaml': cm })).toEqual([
      `app/kustomization.yaml:3:3 KustomizeRemote resources: "${entry}" is remote; rendering has no network, so copy it into the repository`,
    ]);
  });

  test.each([
    [
      'resources:\n- ../../x\n',
      'app/kustomization.yaml:2:3 KustomizePath resources: "../../x" is absolute or leads out of the repository',
    ],
    [
      'resources:\n- /etc/passwd\n',
      'app/kustomization.yaml:2:3 KustomizePath resources: "/etc/passwd" is absolute or leads out of the repository',
    ],
    [
      'openapi:\n  path: ../../s.json\n',
      'app/kustomization.yaml:2:9 KustomizePath openapi: "../../s.json" is absolute or leads out of the repository',
    ],
    ['resources:\n- no.yaml\n', 'app/kustomization.yaml:2:3 KustomizeMissing resources: there is no "no.yaml"'],
    [
      'resources:\n- ../dir\n',
      'app/kustomization.yaml:2:3 KustomizePath resources: "../dir" is a directory without kustomization.yaml',
    ],
    ['bases:\n- ../a\n', 'b/kustomization.yaml:1:13 KustomizeCycle kustomizations lead in a circle: a -> b -> a'],
    ['helmCharts:\n- name: x\n', expect.stringMatching(/^app\/kustomization\.yaml:1:1 KustomizeHelm helmCharts needs/)],
    ['a: 1\na: 2\n', 'app/kustomization.yaml:2:1 YamlDuplicateKey the key "a" is there twice'],
    ['- a\n', 'app/kustomization.yaml:1:1 KustomizationInvalid a kustomization is a mapping'],
    [
      'generators:\n- f.yaml\n',
      expect.stringMatching(/^app\/f\.yaml:1:1 KustomizeFunction X is a function that runs code/),
    ],
  ])('refused: %j', async (kustomization, wanted) => {
    const more: Files = {
      'dir/a.yaml': cm,
      'a/kustomization.yaml': 'resources: [../b]\n',
      'b/kustomization.yaml': 'resources: [../a]\n',
      'app/f.yaml':
        'apiVersion: x/v1\nkind: X\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n',
    };
    const problems = await refused(kustomization, more);
    expect(problems).toEqual([wanted]);
  });

  test('charts to inflate, when told to: only those of the repository, and nothing that Helm would take for an option', async () => {
    const follow = async (chart: string, more: Files = {}): Promise<{ problems: string[]; roots: object }> => {
      const files = {
        'app/kustomization.yaml': `helmCharts:\n- ${chart}\n`,
        'app/charts/store/Chart.yaml': 'name: store\n',
        ...more,
      };
      const found = await inputs(appOf(), treeOf(files), { enableHelm: true });
      return { problems: found.problems.map(problemText), roots: found.roots };
    };
    const good = await follow('{name: store, valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}', {
      'app/v.yaml': '',
    });
    expect(good.problems).toEqual([]);
    expect(Object.keys(good.roots)).toEqual(expect.arrayContaining(['app/charts/store', 'app/v.yaml', 'app/w.yaml']));
    const remote = await follow('{name: other, repo: https://example.com, version: 1.0.0}');
    expect(remote.problems).toEqual([
      expect.stringMatching(/^app\/kustomization\.yaml:2:10 KustomizeHelm chart "other" is not below charts\//),
    ]);
    expect((await follow('{name: store, nameTemplate: --post-renderer=x}')).problems[0]).toMatch(
      /would be read as an option by Helm$/,
    );
    expect((await follow('{name: store}\nhelmGlobals: {configHome: x}')).problems[0]).toMatch(
      /configHome is not supported/,
    );
  });

  test('a file whose name looks remote is a file', async () => {
    const more: Files = { 'app/web@1.0/a.yaml': cm, 'app/b.yaml?ref=x': cm };
    expect(await refused('resources: [web@1.0/a.yaml, "b.yaml?ref=x"]\n', more)).toEqual([]);
  });

  test('a base used twice is no circle', async () => {
    const more: Files = {
      'base/kustomization.yaml': 'resources: []\n',
      'mid/kustomization.yaml': 'resources: [../base]\n',
    };
    expect(await refused('resources: [../base, ../mid]\n', more)).toEqual([]);
  });

  test('two kustomization files in one directory', async () => {
    expect(await refused('resources: []\n', { 'app/Kustomization': '' })).toEqual([
      'app/kustomization.yaml:1:1 KustomizeTwoFiles app has app/kustomization.yaml and app/Kustomization; Kustomize takes one',
    ]);
  });

  test('a missing file that appears matters', async () => {
    const before: Files = { 'app/kustomization.yaml': 'resources: [no.yaml]\n' };
    const { roots } = await look(before);
    expect(roots['app/no.yaml']).toBe('absent');
    expect(await unchanged(roots, treeOf({ ...before, 'app/no.yaml': cm }))).toBe(false);
  });
});

describe('helm', () => {
  const chart = (more: string): string => `apiVersion: v2\nname: web\nversion: 1.0.0\n${more}`;
  test('the chart, its values files and local dependencies', async () => {
    const files: Files = {
      'app/Chart.yaml': chart(
        'dependencies:\n- {name: common, version: 1.x, repository: "file://../common"}\n- {name: db, version: "1", repository: https://charts.example.com}\n',
      ),
      'app/templates/a.yaml': cm,
      'app/charts/db-1.0.0.tgz': 'x',
      'common/Chart.yaml': chart(''),
      'common/templates/_h.tpl': '',
      'env/prod.yaml': 'a: 1\n',
      'env/dev.yaml': 'a: 1\n',
    };
    const app = appOf({ helm: { valuesFiles: ['env/prod.yaml'], values: {} } });
    const found = await look(files, app);
    expect([found.kind, found.problems]).toEqual(['helm', []]);
    await expectPrecise(
      files,
      Object.keys(files).filter((path) => path !== 'env/dev.yaml'),
      app,
    );
  });

  test.each([
    [
      'dependencies:\n- name: db\n  version: "1"\n  repository: https://x.example\n',
      expect.stringMatching(
        /^app\/Chart\.yaml:5:9 HelmDependencyMissing dependency "db" \(from https:\/\/x\.example\) is not in charts\//,
      ),
    ],
    [
      'dependencies:\n- name: db\n  version: "1"\n',
      expect.stringMatching(/^app\/Chart\.yaml:5:9 HelmDependencyMissing dependency "db" is not in charts\//),
    ],
    [
      'dependencies:\n- name: db\n  repository: file://../nowhere\n',
      'app/Chart.yaml:5:9 HelmDependencyMissing dependency "db": there is no chart at "nowhere"',
    ],
    [
      'dependencies:\n- name: db\n  repository: file:///etc\n',
      'app/Chart.yaml:5:9 HelmPath dependency "db" is absolute or leads out of the repository',
    ],
    [
      'dependencies:\n- name: db\n  repository: file://.\n',
      'app/Chart.yaml:5:9 HelmCycle dependency "db" leads in a circle: app -> app',
    ],
  ])('refused: %j', async (more, wanted) => {
    const { problems } = await look({ 'app/Chart.yaml': chart(more) });
    expect(problems).toEqual([wanted]);
  });

  test('a vendored directory counts by the name in its Chart.yaml', async () => {
    const files: Files = {
      'app/Chart.yaml': chart('dependencies:\n- {name: db, version: "1", repository: https://x.example}\n'),
      'app/charts/database/Chart.yaml': 'apiVersion: v2\nname: db\nversion: "1"\n',
    };
    expect((await look(files)).problems).toEqual([]);
  });

  test('a missing values file', async () => {
    const app = appOf({ helm: { valuesFiles: ['env/no.yaml'], values: {} } });
    const { problems, roots } = await look({ 'app/Chart.yaml': chart('') }, app);
    expect(problems).toEqual([
      'holdfast.yaml:5:5 HelmValuesMissing values file "env/no.yaml" of application web is not in the repository',
    ]);
    expect(roots['env/no.yaml']).toBe('absent');
  });
});
