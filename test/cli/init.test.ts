// `holdfast init`: what it writes is valid, says why, and never takes the place of a file.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { holdfast, jsonErrors } from '../support/cli.ts';
import { writeFiles } from '../support/git.ts';
import { tempDir } from '../support/temp-dir.ts';

// Several commands one after the other, on machines that are busy with other tests.
vi.setConfig({ testTimeout: 40_000 });

const files = {
  'apps/web/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n',
  'stacks/queue.yaml': 'Resources: {Queue: {Type: AWS::SQS::Queue}}\n',
  'stacks/sized.yaml':
    'Parameters: {Size: {Type: Number}}\nResources: {Queue: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Size}}}\n',
};

function repository(more: Readonly<Record<string, string>> = {}): string {
  const directory = tempDir();
  writeFiles(directory, { ...files, ...more });
  return directory;
}

test('a file for what is there; what would not be valid is a comment with its reason', async () => {
  const cwd = repository();
  const answer = await holdfast(['init', '--yes'], { cwd });
  expect(answer.stderr).toBe('');
  expect(answer.code).toBe(0);
  expect(
    readFileSync(join(cwd, 'holdfast.yaml'), 'utf8'),
  ).toBe(`# What this repository declares. Every key: docs/configuration.md of Holdfast. Check it with: holdfast validate
version: 1

targets:
  sandbox:
    sandbox: {}
apps:
  # 1 file of plain YAML
  - name: web
    path: apps/web
    target: sandbox
    namespace: default

  # CloudFormation template
  - name: queue
    path: stacks/queue.yaml
    target: sandbox
    stack:
      name: queue

  # Left out: holdfast.yaml: parameter Size has no default and no value
#  - name: sized
#    path: stacks/sized.yaml
#    target: sandbox
#    stack:
#      name: sized
`);
  expect(answer.stdout).toBe(`✓ wrote holdfast.yaml with 2 applications
  web    apps/web           1 file of plain YAML
  queue  stacks/queue.yaml  CloudFormation template
! left out stacks/sized.yaml: holdfast.yaml: parameter Size has no default and no value

Next: holdfast plan, then git add holdfast.yaml && git commit
`);
  expect(await holdfast(['validate'], { cwd })).toMatchObject({ code: 0, stdout: '✓ 2 applications valid\n' });
});

test('never over a file that is there', async () => {
  const cwd = repository({ 'holdfast.yaml': 'mine\n' });
  const answer = await holdfast(['init', '--yes', '-o', 'json'], { cwd });
  expect(answer.code).toBe(2);
  expect(jsonErrors(answer)[0]).toMatchObject({ code: 'ConfigExists', next: 'holdfast validate' });
  expect(readFileSync(join(cwd, 'holdfast.yaml'), 'utf8')).toBe('mine\n');
});

test('off a terminal somebody has to say where it goes', async () => {
  const answer = await holdfast(['init', '-o', 'json'], { cwd: repository() });
  expect(answer.code).toBe(3);
});

test.each([
  [
    'eks:prod:eu-west-1',
    'prod:\n    eks:\n      cluster: prod\n      region: eu-west-1\n  aws:\n    cloudformation:\n      region: eu-west-1\n',
  ],
  [
    'kubeconfig:arn:aws:eks:eu-west-1:1:cluster/x',
    'cluster:\n    kubeconfig:\n      context: arn:aws:eks:eu-west-1:1:cluster/x\n  aws:\n    cloudformation:\n      region: us-east-2\n',
  ],
])('--target %s', async (target, expected) => {
  const cwd = repository();
  const answer = await holdfast(['init', '--target', target, '--region', 'us-east-2', '-o', 'json'], { cwd });
  expect(answer.stderr).toBe('');
  expect(JSON.parse(answer.stdout)).toMatchObject({
    schemaVersion: 1,
    file: 'holdfast.yaml',
    leftOut: [{ name: 'sized' }],
  });
  expect(readFileSync(join(cwd, 'holdfast.yaml'), 'utf8')).toContain(expected);
  expect((await holdfast(['validate'], { cwd })).code).toBe(0);
});

test.each(['cloudformation:eu-west-1', 'eks', 'gke:prod', 'eks:prod'])(
  '--target %s does not say enough',
  async (target) => {
    expect((await holdfast(['init', '--target', target], { cwd: repository() })).code).toBe(3);
  },
);

test('an empty repository gets a file without applications', async () => {
  const cwd = tempDir();
  writeFileSync(join(cwd, 'README.md'), 'x\n');
  const answer = await holdfast(['init'], { cwd });
  expect(answer.stdout).toContain('wrote holdfast.yaml with 0 applications');
  expect(readFileSync(join(cwd, 'holdfast.yaml'), 'utf8')).toContain('\napps: []\n');
});
