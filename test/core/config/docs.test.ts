import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configCodes } from '../../../lib/core/config/problems.ts';
import { configJsonSchema } from '../../../lib/core/config/schema.ts';
import { configDocs } from '../../../tools/config-docs.ts';
import { read } from './support.ts';

const root = join(import.meta.dirname, '../../..');

describe('the generated documentation', () => {
  it.each(Object.entries(configDocs()))('%s is up to date (else: npm run gen)', (path, content) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(content);
  });

  it('explains every key and every code', () => {
    const page = configDocs()['docs/configuration.md'] ?? '';
    expect(page.match(/^\| `.*\| \|$/gm)).toBeNull();
    for (const code of Object.keys(configCodes)) expect(page).toContain(`| \`${code}\` |`);
  });

  it('has an example that is read without a problem', async () => {
    const page = configDocs()['docs/configuration.md'] ?? '';
    const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const result = await read(example, [
      'stacks/network.yaml',
      'apps/shop/overlays/prod/kustomization.yaml',
      'teams/a/apps/b/c.yaml',
    ]);
    expect(result.problems).toEqual([]);
    expect(Object.keys(parse(example) as object)).toEqual(['version', 'targets', 'defaults', 'apps']);
  });
});

it('what is not given is not required of an editor', () => {
  expect(configJsonSchema()).toMatchObject({ required: ['version', 'apps'], additionalProperties: false });
});
