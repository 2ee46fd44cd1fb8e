import { describe, expect, test } from 'vitest';
import { checkContext } from '../../lib/cli/context.ts';
import type { Catalogue } from '../../lib/core/config/model.ts';
import { readCatalogue } from '../../lib/core/config/parse.ts';
import { memoryTree } from '../support/memory-tree.ts';

const config = `version: 1
targets:
  dev: { kubeconfig: { context: kind-dev } }
  test: { kubeconfig: {} }
  prod: { eks: { cluster: prod, region: eu-west-1 } }
  demo: { sandbox: {} }
apps:
  - { name: a, path: x, target: dev, namespace: a }
  - { name: b, path: x, target: test, namespace: b }
  - { name: c, path: x, target: demo, namespace: c }
`;

async function catalogue(): Promise<Catalogue> {
  const tree = memoryTree({ 'x/a.yaml': 'a: 1\n' });
  const read = await readCatalogue({
    alias: 'root',
    revision: 'r',
    file: { path: 'holdfast.yaml', text: config },
    tree,
  });
  if (read.kind !== 'catalogue') throw read;
  return read.catalogue;
}

async function check(flags: Readonly<Record<string, string>>, names: readonly string[]): Promise<void> {
  const all = await catalogue();
  checkContext(
    flags,
    all,
    all.apps.filter((app) => names.includes(app.name)),
  );
}

describe('--context is for one kubeconfig target, and never a guess', () => {
  test.each([
    ['neither flag', {}, ['a', 'b', 'c']],
    ['one kubeconfig target is used', { context: 'x' }, ['a', 'c']],
    ['none is used', { context: 'x' }, ['c']],
    ['one of several is named', { context: 'x', target: 'test' }, ['a', 'b']],
  ])('fine when %s', async (_, flags, names) => {
    await expect(check(flags, names)).resolves.toBeUndefined();
  });

  test.each([
    ['several could be meant', { context: 'x' }, ['a', 'b'], '--context x could be for dev or test'],
    [
      'the target is unknown',
      { context: 'x', target: 'tets' },
      ['a'],
      'There is no target "tets"; did you mean "test"?',
    ],
    ['it is a sandbox', { context: 'x', target: 'demo' }, ['c'], 'Target "demo" is sandbox'],
    ['it is an EKS cluster', { context: 'x', target: 'prod' }, ['c'], 'Target "prod" is eks'],
    ['there is no --context', { target: 'dev' }, ['a'], 'there is no --context'],
  ])('refused when %s', async (_, flags, names, message) => {
    await expect(check(flags, names)).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringContaining(message),
    });
  });
});
