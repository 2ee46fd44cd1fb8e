// validate, render and what all commands share: nothing here needs a target.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { holdfast, jsonErrors, startHoldfast } from '../support/cli.ts';
import { commitAll, git, writeFiles } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

const config = `version: 1
targets: { demo: { sandbox: {} } }
apps:
  - { name: plain, path: plain, target: demo, namespace: default }
  - { name: kust, path: kust/overlays/prod, target: demo, namespace: default }
  - { name: chart, path: chart, target: demo, namespace: shop, helm: { valuesFiles: [prod.yaml], values: { note: "no" } } }
  - { name: stack, path: stack.yaml, target: demo, stack: { name: stack } }
`;

const files = {
  'holdfast.yaml': config,
  'plain/cm.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: tricky }\ndata: { a: "yes", b: "0123", c: "1e3", d: "null" }\n',
  'kust/base/kustomization.yaml': 'resources: [cm.yaml]\n',
  'kust/base/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: cm }\n',
  'kust/overlays/prod/kustomization.yaml': 'resources: [../../base]\nnamePrefix: prod-\n',
  'chart/Chart.yaml': 'apiVersion: v2\nname: chart\nversion: 0.1.0\n',
  'chart/values.yaml': 'note: hello\nreplicas: 1\n',
  'chart/prod.yaml': 'replicas: 3\n',
  'chart/templates/cm.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }} }\ndata:\n  note: {{ .Values.note | quote }}\n  replicas: {{ .Values.replicas | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version | quote }}\n  widgets: {{ .Capabilities.APIVersions.Has "example.com/v1/Widget" | quote }}\n',
  'stack.yaml':
    'Resources:\n  Q:\n    Type: AWS::SQS::Queue # kept\n    Properties: { QueueName: !Sub "${AWS::StackName}-q" }\n',
};

function repository(extra: Readonly<Record<string, string>> = {}): string {
  const directory = tempDir();
  writeFiles(directory, { ...files, ...extra });
  return directory;
}

describe('render', () => {
  test('Kubernetes: YAML documents, or one List, as the renderer gave them and nothing else', async () => {
    const cwd = repository();
    const [yaml, json, kust] = await Promise.all([
      holdfast(['render', 'plain'], { cwd }),
      holdfast(['render', 'plain', '-o', 'json'], { cwd }),
      holdfast(['render', 'kust', '--json'], { cwd }),
    ]);
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'tricky' },
      data: { a: 'yes', b: '0123', c: '1e3', d: 'null' },
    };
    // Readers of YAML 1.1 and of 1.2 must see the same strings.
    for (const version of ['1.1', '1.2'] as const)
      expect(parseAllDocuments(yaml.stdout, { version }).map((one) => one.toJS() as unknown)).toEqual([object]);
    expect(JSON.parse(json.stdout)).toEqual({ apiVersion: 'v1', kind: 'List', items: [object] });
    expect(JSON.parse(kust.stdout)).toMatchObject({ kind: 'List', items: [{ metadata: { name: 'prod-cm' } }] });
    for (const answer of [yaml, json, kust]) expect(answer).toMatchObject({ code: 0, stderr: '' });
  });

  test('Helm: values files, then values; what the cluster has only when it is told', async () => {
    const cwd = repository();
    const [bare, told] = await Promise.all([
      holdfast(['render', 'chart', '-o', 'json'], { cwd }),
      holdfast(
        ['render', 'chart', '-o', 'json', '--kube-version', '1.31.4', '--api-versions', 'example.com/v1/Widget'],
        { cwd },
      ),
    ]);
    expect(JSON.parse(bare.stdout)).toMatchObject({
      items: [{ metadata: { name: 'chart' }, data: { note: 'no', replicas: '3', widgets: 'false' } }],
    });
    expect(JSON.parse(told.stdout)).toMatchObject({ items: [{ data: { kube: 'v1.31.4', widgets: 'true' } }] });
  });

  test('a stack: the template byte for byte, or with its short forms written out', async () => {
    const cwd = repository();
    const [yaml, json] = await Promise.all([
      holdfast(['render', 'stack'], { cwd }),
      holdfast(['render', 'stack', '--output=json'], { cwd }),
    ]);
    expect(yaml.stdout).toBe(files['stack.yaml']);
    expect(JSON.parse(json.stdout)).toEqual({
      Resources: { Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': '${AWS::StackName}-q' } } } },
    });
  });

  test('helmCharts of a kustomization only with --enable-helm, and only charts of the repository', async () => {
    const cwd = repository({
      'kust/overlays/prod/kustomization.yaml': 'helmCharts: [{ name: inner, releaseName: rel }]\n',
      'kust/overlays/prod/charts/inner/Chart.yaml': 'apiVersion: v2\nname: inner\nversion: 0.1.0\n',
      'kust/overlays/prod/charts/inner/values.yaml': '',
      'kust/overlays/prod/charts/inner/templates/cm.yaml':
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{ .Release.Name }}-inner }\n',
    });
    const [without, told] = await Promise.all([
      holdfast(['render', 'kust'], { cwd }),
      holdfast(['render', 'kust', '--enable-helm', '-o', 'json'], { cwd }),
    ]);
    expect(without).toMatchObject({ code: 2, stdout: '' });
    expect(without.stderr).toContain('--enable-helm');
    expect(JSON.parse(told.stdout)).toMatchObject({ items: [{ metadata: { name: 'rel-inner' } }] });
  });
});

describe('which files', () => {
  test('the working tree with what is untracked and not ignored; with --revision the commit', async () => {
    const cwd = repository({ '.gitignore': 'ignored.yaml\n' });
    await git(cwd, 'init', '-q');
    const first = await commitAll(cwd, 'first');
    const map = (name: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
    writeFiles(cwd, { 'plain/new.yaml': map('untracked'), 'plain/ignored.yaml': map('ignored') });
    const names = async (...args: string[]): Promise<unknown> => {
      const answer = await holdfast(['render', 'plain', '-o', 'json', ...args], { cwd });
      const list = JSON.parse(answer.stdout) as { items: { metadata: { name: string } }[] };
      return list.items.map((item) => item.metadata.name);
    };
    expect(await Promise.all([names(), names('--worktree'), names('--revision', first)])).toEqual([
      ['tricky', 'untracked'],
      ['tricky', 'untracked'],
      ['tricky'],
    ]);
  });

  test('a directory of a repository is a root of its own, from any working directory', async () => {
    const outer = tempDir();
    writeFiles(outer, Object.fromEntries(Object.entries(files).map(([path, text]) => [join('deploy', path), text])));
    await git(outer, 'init', '-q');
    await commitAll(outer, 'first');
    rmSync(join(outer, 'deploy', 'plain'), { recursive: true });
    mkdirSync(join(outer, 'elsewhere'));
    const answer = await holdfast(['render', 'plain', '--repo', '../deploy', '--revision', 'HEAD'], {
      cwd: join(outer, 'elsewhere'),
    });
    expect(answer).toMatchObject({ code: 0, stderr: '' });
    expect(answer.stdout).toContain('name: tricky');
  });
});

test('below a config it is said where to look, not guessed', async () => {
  const cwd = repository();
  await git(cwd, 'init', '-q');
  const answer = await holdfast(['plan', '--json'], { cwd: join(cwd, 'plain') });
  expect(answer).toMatchObject({ code: 2, stdout: '' });
  expect(jsonErrors(answer)).toMatchObject([{ code: 'ConfigAbove', next: 'Add --repo ..' }]);
});

describe('validate', () => {
  test('says all problems at once, each with its place, and nothing on stdout', async () => {
    const cwd = repository({
      'holdfast.yaml': config
        .replace('path: plain', 'pth: plain')
        .replace('target: demo, stack', 'target: dmeo, stack'),
      'kust/base/cm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\n   labels: {}\n',
    });
    const [text, json] = await Promise.all([
      holdfast(['validate'], { cwd }),
      holdfast(['validate', '--json'], { cwd }),
    ]);
    expect(text).toMatchObject({ code: 2, stdout: '' });
    expect(text.stderr).toMatch(/^holdfast\.yaml:4:\d+ ConfigUnknownKey .*\(did you mean "path"\?\)$/m);
    expect(text.stderr).toMatch(/^holdfast\.yaml:7:\d+ ConfigUnknownTarget .*\(did you mean "demo"\?\)$/m);
    expect(text.stderr).toMatch(/^kust\/base\/cm\.yaml:4:\d+ YamlSyntax .*indented/m);
    expect(text.stderr).toContain('1 of 4 applications valid');
    expect(json.code).toBe(2);
    expect(JSON.parse(json.stdout)).toMatchObject({ schemaVersion: 1, valid: false });
  });

  test('a repository that is right is valid, offline', async () => {
    const answer = await holdfast(['validate'], { cwd: repository(), env: { https_proxy: 'http://127.0.0.1:1' } });
    expect(answer).toEqual({ code: 0, stdout: '✓ 4 applications valid\n', stderr: '' });
  });
});

describe('what every command keeps to', () => {
  test('wrong usage ends with 3; in JSON mode as JSON', async () => {
    const cwd = tempDir();
    const [text, json, choice, both] = await Promise.all([
      holdfast(['pln'], { cwd }),
      holdfast(['render', '--json'], { cwd }),
      holdfast(['plan', '-o', 'xml'], { cwd }),
      holdfast(['plan', '--revision', 'HEAD', '--worktree'], { cwd }),
    ]);
    for (const answer of [text, json, choice, both]) expect(answer).toMatchObject({ code: 3, stdout: '' });
    expect(text.stderr).toContain('Did you mean plan?');
    expect(jsonErrors(json)).toMatchObject([{ code: 'Usage', message: "missing required argument 'app'" }]);
    expect(both.stderr).toContain('cannot be used with');
  });

  test('errors in JSON mode are JSON lines on stderr, with the same exit code', async () => {
    const cwd = repository();
    const [unknown, missing, server] = await Promise.all([
      holdfast(['render', 'plan', '-o', 'json'], { cwd }),
      holdfast(['plan', '--json'], { cwd: tempDir() }),
      holdfast(['status', '-ojson'], { cwd }),
    ]);
    for (const answer of [unknown, missing, server]) expect(answer).toMatchObject({ code: 2, stdout: '' });
    expect(jsonErrors(unknown)).toMatchObject([
      { code: 'AppUnknown', message: expect.stringContaining('did you mean "plain"?') as string },
    ]);
    expect(jsonErrors(missing)).toMatchObject([{ code: 'ConfigMissing' }]);
    expect(jsonErrors(server)).toMatchObject([{ code: 'ServerNotRunning', hint: expect.any(String) as string }]);
  });

  test('no colour off a terminal, colour when it is forced, and --no-color last', async () => {
    const cwd = repository({ 'plain/cm.yaml': 'a: [\n' });
    const call = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> =>
      (await holdfast(['validate', ...args], { cwd, env })).stderr.includes('\u001b[');
    expect(
      await Promise.all([
        call([], {}),
        call([], { FORCE_COLOR: '1' }),
        call([], { FORCE_COLOR: '1', NO_COLOR: '1' }),
        call(['--no-color'], { FORCE_COLOR: '1' }),
      ]),
    ).toEqual([false, true, false, false]);
  });

  test('a reader that goes away is no error', async () => {
    const cwd = repository({
      'plain/big.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: big }\ndata:\n${Array.from({ length: 20_000 }, (_, index) => `  k${index}: "${'x'.repeat(40)}"\n`).join('')}`,
    });
    const { child, answer } = startHoldfast(['render', 'plain'], { cwd });
    child.stdout.once('data', () => child.stdout.destroy());
    expect(await answer).toMatchObject({ code: 0, stderr: '' });
  });

  test('help is data, and says the exit codes', async () => {
    const cwd = tempDir();
    const [help, codes, nothing] = await Promise.all([
      holdfast(['--help'], { cwd }),
      holdfast(['help', 'exit-codes'], { cwd }),
      holdfast([], { cwd }),
    ]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const code of ['0', '1', '2', '3', '4', '5', '124', '130'])
      expect(codes.stdout).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
    expect(nothing).toMatchObject({ code: 3, stdout: '' });
  });
});
