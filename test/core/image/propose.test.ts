// Image updates of a whole repository when a registry refuses one of its repositories.
import { expect, test } from 'vitest';
import { HoldfastError } from '../../../lib/core/errors.ts';
import { proposeImages } from '../../../lib/core/image/propose.ts';
import { openTree } from '../../../lib/core/source/tree.ts';
import { defaultGitLimits } from '../../../lib/core/source/git.ts';
import { catalogueOf } from '../../../lib/runtime/sources.ts';
import { memoryReader } from '../../support/memory-tree.ts';

const config = `version: 1
targets: { sandbox: { sandbox: {} } }
apps:
  - name: web
    path: web
    target: sandbox
    namespace: default
    images: [{ repository: ghcr.io/a, policy: { semver: ^1.0 } }, { repository: example.com/b, policy: { semver: ^1.0 } }]
  - { name: too, path: web, target: sandbox, namespace: default, images: [{ repository: ghcr.io/a, policy: { semver: ^1.0 } }] }
`;
const manifest =
  'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: web }\ndata:\n' +
  '  a: ghcr.io/a:1.0.0 # holdfast:image ghcr.io/a\n  b: example.com/b:1.0.0 # holdfast:image example.com/b\n';

async function propose(error: HoldfastError) {
  const tree = openTree(
    memoryReader({ 'holdfast.yaml': config, 'web/web.yaml': manifest }, '1'.repeat(40)),
    defaultGitLimits,
  );
  const result = await catalogueOf(tree, 'root');
  if (result.kind === 'refused') throw new TypeError('the configuration was refused');
  return await proposeImages(tree, result.catalogue.apps, {
    tags: async (repository) => {
      if (repository === 'ghcr.io/a') throw error;
      return [{ tag: '1.1.0', pushedAt: 1 }];
    },
  });
}

test('what its user has to mend is said once, and the other images go on', async () => {
  const error = new HoldfastError({ code: 'RegistryUnsupported', source: 'user', message: 'not supported' });
  const decision = await propose(error);
  expect(decision.problems).toEqual([
    expect.objectContaining({ code: 'RegistryUnsupported', message: 'not supported' }),
  ]);
  expect(decision.updates).toEqual([expect.objectContaining({ repository: 'example.com/b', tag: '1.1.0' })]);
});

test('what may pass is thrown, so that all hints are tried again', async () => {
  const error = new HoldfastError({ code: 'RegistryUnreachable', source: 'remote', message: 'down', retryable: true });
  await expect(propose(error)).rejects.toBe(error);
});
