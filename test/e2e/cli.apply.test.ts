// plan and apply in one process, without a server: what scripts read of them. The targets are the embedded sandbox.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSandboxCluster } from '../../lib/adapters/sandbox/cluster/server.ts';
import { type Answer, holdfast, jsonErrors, startHoldfast } from '../support/cli.ts';
import { commitAll, git, writeFiles } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

const config = (target: string): string => `version: 1
targets: { dev: ${target} }
apps:
  - { name: web, path: web, target: dev, namespace: default }
`;
const map = (name: string, value = '1'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata: { a: "${value}" }\n`;
const deployment = (image: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  progressDeadlineSeconds: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: ${image} }] }
`;

interface Place {
  readonly cwd: string;
  readonly call: (...args: string[]) => Promise<Answer>;
}

/** A plain directory (no repository) whose application goes to the sandbox of its own data directory. */
function place(files: Readonly<Record<string, string>>, target = '{ sandbox: {} }'): Place {
  const cwd = tempDir();
  writeFiles(cwd, { 'holdfast.yaml': config(target), ...files });
  return { cwd, call: async (...args) => await holdfast(args, { cwd }) };
}

interface Document {
  readonly schemaVersion: number;
  readonly apps: readonly { readonly name: string; readonly summary: Readonly<Record<string, number>> }[];
}

const parse = (answer: Answer): Document => JSON.parse(answer.stdout) as Document;

describe('plan', () => {
  test('0, 1 and 2; without a data directory it leaves none behind', async () => {
    const { cwd, call } = place({ 'web/a.yaml': map('a') });
    const [text, json] = await Promise.all([call('plan'), call('plan', '-o', 'json')]);
    expect(text).toMatchObject({ code: 1, stderr: '' });
    expect(text.stdout).toContain('+ create  ConfigMap/default/a  web/a.yaml:1:1');
    expect(json.code).toBe(1);
    expect(parse(json)).toMatchObject({
      schemaVersion: 1,
      apps: [
        {
          name: 'web',
          target: 'dev',
          revision: 'worktree',
          summary: { create: 1 },
          changes: [{ action: 'create', source: { file: 'web/a.yaml', line: 1 } }],
        },
      ],
    });
    expect(existsSync(join(cwd, '.holdfast'))).toBe(false);
    expect(await call('apply', '--yes', '--worktree')).toMatchObject({ code: 0 });
    expect(await call('plan')).toMatchObject({ code: 0 });
    writeFiles(cwd, { 'web/a.yaml': 'a: [\n' });
    const broken = await call('plan', '--json');
    expect(broken.code).toBe(2);
    expect(parse(broken)).toMatchObject({ apps: [], errors: [{ app: 'web', code: 'YamlSyntax' }] });
    expect(jsonErrors(broken).map((error) => error.code)).toContain('YamlSyntax');
  });

  test('values of Secrets are nowhere in it', async () => {
    const secret = (value: string): string =>
      `apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { password: ${value} }\n`;
    const { cwd, call } = place({ 'web/s.yaml': secret('hunter-one') });
    await call('apply', '--yes', '--worktree');
    writeFiles(cwd, { 'web/s.yaml': secret('hunter-two') });
    const answers = await Promise.all([call('plan'), call('plan', '-o', 'json')]);
    for (const answer of answers) {
      expect(answer.code).toBe(1);
      for (const word of ['hunter', btoa('hunter-one'), btoa('hunter-two')])
        expect(answer.stdout + answer.stderr).not.toContain(word);
    }
  });
});

describe('apply', () => {
  test('takes what is committed: not a dirty tree, unless --worktree or --revision', async () => {
    const { cwd, call } = place({ 'web/a.yaml': map('a') });
    await git(cwd, 'init', '-q');
    await commitAll(cwd, 'first');
    expect(await call('apply', '--yes')).toMatchObject({ code: 0 });
    // Its own state made nothing dirty.
    expect(await git(cwd, 'status', '--porcelain')).toBe('');
    const again = await call('apply', '--yes', '--json');
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(parse(again)).toMatchObject({ outcome: 'succeeded', apps: [{ outcome: 'succeeded', health: 'Healthy' }] });
    writeFiles(cwd, { 'web/b.yaml': map('b') });
    const dirty = await call('apply', '--yes');
    expect(dirty).toMatchObject({ code: 2, stdout: '' });
    expect(dirty.stderr).toContain('WorktreeDirty Not committed: web/b.yaml');
    expect(parse(await call('apply', '--yes', '--json', '--revision', 'HEAD')).apps[0]?.summary).toMatchObject({
      create: 0,
    });
    expect(parse(await call('apply', '--yes', '--json', '--worktree')).apps[0]).toMatchObject({
      summary: { create: 1 },
      revision: 'worktree',
      cost: { ms: expect.any(Object) as object, requests: { dev: expect.any(Object) as object } },
    });
  });

  test('again with nothing to do it starts no run, and a stack gets no change set', async () => {
    const { call } = place({
      'holdfast.yaml': `${config('{ sandbox: {} }')}  - { name: queue, path: queue.yaml, target: dev, stack: { name: queue } }\n`,
      'web/a.yaml': map('a'),
      'queue.yaml': 'Resources: { Q: { Type: "AWS::SQS::Queue" } }\n',
    });
    expect(await call('apply', '--yes', '--worktree')).toMatchObject({ code: 0 });
    const again = await call('apply', '--yes', '--worktree', '--json');
    expect(parse(again)).toMatchObject({
      apps: [
        { name: 'web', runId: null, message: 'In sync' },
        { name: 'queue', runId: null, message: 'In sync' },
      ],
    });
  });

  test('two at once take turns at the sandbox, and neither loses what the other wrote', async () => {
    const { call } = place({
      'holdfast.yaml': `${config('{ sandbox: {} }')}  - { name: api, path: api, target: dev, namespace: default }\n`,
      'web/a.yaml': map('a'),
      'api/b.yaml': map('b'),
    });
    const both = await Promise.all(['web', 'api'].map((name) => call('apply', name, '--yes', '--worktree')));
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await call('plan')).toMatchObject({ code: 0 });
  });

  test('asks nobody off a terminal, and knows its applications', async () => {
    const { call } = place({ 'web/a.yaml': map('a') });
    const [unasked, unknown, held] = await Promise.all([
      call('apply', '--worktree'),
      call('apply', 'wbe', '--yes', '--worktree', '--data', 'other'),
      call('apply', '--yes', '--worktree', '--timeout', 'soon', '--data', 'third'),
    ]);
    expect(unasked).toMatchObject({ code: 3, stdout: '' });
    expect(unasked.stderr).toContain('--yes');
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('did you mean "web"?');
    expect(held).toMatchObject({ code: 3, stdout: '' });
  });

  test('--no-prune deletes nothing; deletes beyond the budget wait for --prune', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `m${index}`);
    const { cwd, call } = place(Object.fromEntries(names.map((name) => [`web/${name}.yaml`, map(name)])));
    await call('apply', '--yes', '--worktree');
    for (const name of names.slice(1)) rmSync(join(cwd, 'web', `${name}.yaml`));
    const deleted = async (...args: string[]): Promise<unknown> => {
      const answer = await call('apply', '--yes', '--worktree', '--json', ...args);
      return { code: answer.code, delete: parse(answer).apps[0]?.summary['delete'] };
    };
    expect(await deleted('--no-prune')).toMatchObject({ code: 0, delete: 0 });
    expect(await deleted()).toMatchObject({ code: 2 });
    expect(await deleted('--prune')).toEqual({ code: 0, delete: 11 });
  });

  test('5 when it is degraded, 124 when it is not ready in time, 0 when nobody waits', async () => {
    const { cwd, call } = place({ 'web/d.yaml': deployment('web:crash') });
    const degraded = await call('apply', '--yes', '--worktree', '--json', '--timeout', '30s');
    expect(degraded.code).toBe(5);
    expect(parse(degraded)).toMatchObject({ apps: [{ outcome: 'unhealthy', health: 'Degraded' }] });
    writeFiles(cwd, {
      'web/d.yaml': deployment('web:never-ready').replace('progressDeadlineSeconds: 2', 'progressDeadlineSeconds: 600'),
    });
    expect(await call('apply', '--yes', '--worktree', '--timeout', '500ms')).toMatchObject({ code: 124 });
    writeFiles(cwd, {
      'web/d.yaml': deployment('web:never-ready').replace('progressDeadlineSeconds: 2', 'progressDeadlineSeconds: 601'),
    });
    expect(await call('apply', '--yes', '--worktree', '--no-wait')).toMatchObject({ code: 0 });
  });

  test('interrupted it saves and ends with 130, and the next one finishes', async () => {
    const { cwd, call } = place({
      'web/d.yaml': deployment('web:never-ready').replace('progressDeadlineSeconds: 2', 'progressDeadlineSeconds: 600'),
      'web/a.yaml': map('a'),
    });
    const { child, answer } = startHoldfast(['apply', '--yes', '--worktree'], { cwd });
    // It waits for health by then: the stored objects are there to be seen.
    const journal = join(cwd, '.holdfast', 'sandbox', 'cluster', 'objects.journal');
    await expect
      .poll(() => existsSync(journal) && readFileSync(journal, 'utf8').includes('ReplicaSet'), { timeout: 10_000 })
      .toBe(true);
    child.kill('SIGINT');
    expect(await answer).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining('stopping') as string,
    });
    writeFiles(cwd, { 'web/d.yaml': deployment('web:1') });
    expect(await call('apply', '--yes', '--worktree')).toMatchObject({ code: 0 });
    expect(await call('plan')).toMatchObject({ code: 0 });
  });

  test('an installation has a name that stays', async () => {
    const { call } = place({ 'web/a.yaml': map('a') });
    expect(await call('apply', '--yes', '--worktree', '--installation', 'blue')).toMatchObject({ code: 0 });
    const [same, other, wrong] = await Promise.all([
      call('plan'),
      call('plan', '--installation', 'green'),
      call('plan', '--installation', 'Not A Name'),
    ]);
    expect(same.code).toBe(0);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('belongs to installation "blue", not to "green"');
    expect(wrong.code).toBe(3);
  });
});

describe('kubeconfig targets', () => {
  test('missing, broken, unreachable: 2 and why; credentials refused: 4', async () => {
    const { cwd, call } = place({ 'web/a.yaml': map('a') }, '{ kubeconfig: {} }');
    const cluster = await startSandboxCluster({ dataDir: join(cwd, 'cluster') });
    onTestFinished(async () => await cluster.close());
    const good = readFileSync(cluster.kubeconfigPath, 'utf8');
    writeFileSync(join(cwd, 'broken'), 'a: [\n');
    writeFileSync(join(cwd, 'away'), good.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1'));
    writeFileSync(join(cwd, 'refused'), good.replace(/(token"?: )"?[\w-]+"?/, '$1"wrong"'));
    const plan = async (file: string): Promise<Answer> => await call('plan', '--kubeconfig', file);
    const [missing, broken, away, refused, fine] = await Promise.all([
      plan('nowhere'),
      plan('broken'),
      plan('away'),
      plan('refused'),
      plan(cluster.kubeconfigPath),
    ]);
    expect([missing.code, broken.code, away.code, refused.code, fine.code]).toEqual([2, 2, 2, 4, 1]);
    expect(missing.stderr).toMatch(/KubeconfigMissing .*nowhere/);
    expect(broken.stderr).toMatch(/KubeconfigInvalid .*broken:\d/);
    expect(away.stderr).toContain('ClusterUnreachable target dev');
    expect(refused.stderr).toContain('Unauthorized target dev');
    const context = await call('plan', '--kubeconfig', cluster.kubeconfigPath, '--context', 'nope');
    expect(context).toMatchObject({ code: 2 });
    expect(context.stderr).toContain('KubeconfigUnknownContext');
  });

  test('a sandbox target is never redirected', async () => {
    const { call } = place({ 'web/a.yaml': map('a') });
    expect(await call('apply', '--yes', '--worktree', '--kubeconfig', 'nowhere', '--context', 'nope')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('(sandbox)') as string,
    });
  });
});
