import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileRegistry } from '../../../../lib/adapters/sandbox/registry/registry.ts';
import { readImageEvent } from '../../../../lib/core/trigger/ecr.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const shop = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/shop';

test('a pushed tag is listed, by every process, and answers the event that ECR would send', async () => {
  const directory = join(tempDir(), 'images');
  expect(await fileRegistry(directory).tags(shop)).toEqual([]);
  const event = await fileRegistry(directory).push(`${shop}:1.2.0`, 1000);
  const hint = readImageEvent(event);
  expect(hint).toMatchObject({
    kind: 'hint',
    account: '111122223333',
    repository: 'team/shop',
    tag: '1.2.0',
    image: shop,
  });
  const digest = hint.kind === 'hint' ? hint.digest : undefined;
  expect(await fileRegistry(directory).tags(shop)).toEqual([{ tag: '1.2.0', digest, pushedAt: 1000 }]);
});

test('a tag that is pushed again moves to another digest', async () => {
  const registry = fileRegistry(tempDir());
  await registry.push(`${shop}:1.2.0`, 1000);
  const [before] = await registry.tags(shop);
  await registry.push(`${shop}:1.2.0`, 2000);
  const [after, ...more] = await registry.tags(shop);
  expect(more).toEqual([]);
  expect(after?.pushedAt).toBe(2000);
  expect(after?.digest).not.toBe(before?.digest);
});

test('a repository without a registry of ECR belongs to the sandbox account', async () => {
  const registry = fileRegistry(tempDir());
  const event = await registry.push('ghcr.io/acme/shop:1.0.0', 1000);
  expect(readImageEvent(event)).toMatchObject({ kind: 'hint', account: '000000000000', repository: 'acme/shop' });
  expect(await registry.tags('ghcr.io/acme/shop')).toHaveLength(1);
  expect(readImageEvent(await registry.push('localhost:5000/shop:2.0.0', 1000))).toMatchObject({ repository: 'shop' });
  expect(readImageEvent(await registry.push('shop:2.0.0', 1000))).toMatchObject({ repository: 'shop' });
});

test.each(['shop', 'shop:', ':1', 'shop:a b', 'shop:$(x)', 'Shop:1.0', '../x:1.0', 'shop:1.0\n', 'a//b:1', ''])(
  'the image %j is refused and nothing is kept',
  async (image) => {
    const directory = tempDir();
    await expect(fileRegistry(directory).push(image, 1)).rejects.toMatchObject({ code: 'ImageReferenceInvalid' });
    expect(readdirSync(directory)).toEqual([]);
  },
);

test('a damaged file is an error, not an empty answer', async () => {
  const directory = tempDir();
  const registry = fileRegistry(directory);
  await registry.push('shop:1.0.0', 1);
  writeFileSync(join(directory, readdirSync(directory)[0] ?? ''), '{"v":1,"ta');
  await expect(registry.tags('shop')).rejects.toMatchObject({ code: 'RegistryUnreadable' });
});
