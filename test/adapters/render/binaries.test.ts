// kubectl and helm: the environment's word first, then the PATH if new enough, then the npm package; versions are asked once.
import { chmodSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createTools } from '../../../lib/adapters/render/binaries.ts';
import { tempDir } from '../../support/temp-dir.ts';

/** A helm that answers with a version and counts how often it was asked. */
function fakeHelm(directory: string, version: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'helm');
  writeFileSync(path, `#!/bin/sh\necho asked >> ${directory}/asked\necho ${version}\n`);
  chmodSync(path, 0o700);
  return path;
}

const asked = (directory: string): number => readFileSync(join(directory, 'asked'), 'utf8').split('\n').length - 1;

test('the PATH is searched for one that is new enough', async () => {
  const root = tempDir();
  fakeHelm(join(root, 'old'), 'v3.7.2');
  mkdirSync(join(root, 'broken/helm'), { recursive: true });
  const path = fakeHelm(join(root, 'new'), 'v3.14.0+gabc');
  const env = {
    PATH: ['relative', join(root, 'none'), join(root, 'broken'), join(root, 'old'), join(root, 'new')].join(':'),
  };
  const tools = createTools({ env, cacheDirectory: join(root, 'cache') });
  expect(await tools.find('helm')).toEqual({ name: 'helm', path, origin: 'path', version: 'v3.14.0+gabc' });
});

test('what the environment names is used, or is the error', async () => {
  const root = tempDir();
  const named = fakeHelm(join(root, 'named'), 'v4.0.0');
  fakeHelm(join(root, 'path'), 'v3.14.0');
  const env = { PATH: join(root, 'path'), HOLDFAST_HELM: named };
  const find = async (helm: string) =>
    await createTools({ env: { ...env, HOLDFAST_HELM: helm }, cacheDirectory: join(root, 'cache') }).find('helm');
  expect(await find(named)).toMatchObject({ path: named, origin: 'environment' });
  await expect(find(fakeHelm(join(root, 'old'), 'v3.1.0'))).rejects.toMatchObject({
    code: 'RenderBinaryUnusable',
    source: 'system',
  });
  await expect(find(join(root, 'nothing'))).rejects.toMatchObject({ code: 'RenderBinaryUnusable' });
});

test('a version is asked once per file, also by later processes', async () => {
  const root = tempDir();
  const path = fakeHelm(join(root, 'bin'), 'v3.14.0');
  const options = { env: { HOLDFAST_HELM: path }, cacheDirectory: join(root, 'cache') };
  const tools = createTools(options);
  await Promise.all([tools.find('helm'), tools.find('helm')]);
  await createTools(options).find('helm');
  expect(asked(join(root, 'bin'))).toBe(1);
  utimesSync(path, 1, 1);
  await createTools(options).find('helm');
  expect(asked(join(root, 'bin'))).toBe(2);
  writeFileSync(join(root, 'cache/version-helm.json'), 'damaged');
  await createTools(options).find('helm');
  expect(asked(join(root, 'bin'))).toBe(3);
  expect(readdirSync(join(root, 'cache'))).toEqual(['version-helm.json']);
});
