// Bundling: a missing entry is said by name, what does not build is said with esbuild's words, and the outcome is complete.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { literalKeys } from '../../lib/stack/bundle-trim.ts';
import { bundleFunctions } from '../../lib/stack/bundle.ts';
import { functionNames } from '../../lib/stack/names.ts';
import { tempDir } from '../support/temp-dir.ts';

function project(content = 'export const handler = async () => "ok";\n'): string {
  const root = tempDir();
  mkdirSync(join(root, 'functions'));
  for (const name of functionNames) writeFileSync(join(root, 'functions', `${name}.ts`), content);
  return root;
}

describe('bundling', () => {
  it('gives one module for each function, with the same bytes each time', async () => {
    const root = project();
    const [one, two] = [join(root, 'a'), join(root, 'b')];
    const { directories, metafile } = bundleFunctions({ root, out: one });
    bundleFunctions({ root, out: two });
    expect(Object.keys(metafile.outputs)).toHaveLength(functionNames.length);
    for (const name of functionNames) {
      const file = join(directories[name], 'index.mjs');
      expect(readFileSync(file)).toEqual(readFileSync(join(two, name, 'index.mjs')));
    }
    const { handler } = (await import(join(directories.api, 'index.mjs'))) as {
      readonly handler: () => Promise<string>;
    };
    expect(await handler()).toBe('ok');
  });

  it('names every function without a source file', () => {
    const missing = functionNames.map((name) => `functions/${name}.ts`).join(', ');
    expect(() => bundleFunctions({ root: tempDir() })).toThrow(
      expect.objectContaining({ code: 'StackEntryMissing', message: `Functions without a source file: ${missing}` }),
    );
  });

  it('says what does not build', () => {
    const root = project('export const handler = ;\n');
    expect(() => bundleFunctions({ root, out: join(root, 'out') })).toThrow(
      expect.objectContaining({
        code: 'StackBundleFailed',
        reason: expect.stringContaining('functions/api.ts:1:23'),
      }),
    );
  });

  it('keeps a late import of the large functions in a file of its own, and none that nobody uses', () => {
    const root = project();
    writeFileSync(join(root, 'functions', 'late.ts'), 'export const late = "late";\n');
    writeFileSync(join(root, 'functions', 'never.ts'), 'export const never = "never";\n');
    const content = `const never = async () => await import('./never.ts');
export const handler = async () => (await import('./late.ts')).late;\n`;
    writeFileSync(join(root, 'functions', 'reconcile.ts'), content);
    const { directories } = bundleFunctions({ root, out: join(root, 'out') });
    expect(readdirSync(directories.reconcile).toSorted()).toEqual(['index.mjs', expect.stringMatching(/^late-/)]);
  });
});

describe('schemas of a client', () => {
  it('have keys that esbuild can see through, so that it leaves out what is not used', () => {
    const source = [
      'const _h = "http";',
      'const _odd = "a\\"b";',
      'export var A$ = [9, { [_h]: 1, [_odd]: 2, [_x]: 3 }];',
    ];
    expect(literalKeys(source.join('\n'))).toContain('{ "http": 1, [_odd]: 2, [_x]: 3 }');
  });
});
