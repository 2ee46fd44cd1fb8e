// The import rules are only worth something if the checker really reads the tree: with a compiler it does not know it reads
// nothing, finds nothing, and says that all is well.
import { execFile } from 'node:child_process';
import { glob, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { tempDir } from './support/temp-dir.ts';

const root = path.join(import.meta.dirname, '..');

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

async function cruise(cwd: string, ...paths: string[]): Promise<Cruise> {
  const bin = path.join(root, 'node_modules', '.bin', 'depcruise');
  const args = ['--config', path.join(root, '.dependency-cruiser.mjs'), '--output-type', 'json', ...paths];
  const run = promisify(execFile)(bin, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
  // A violation is an exit code, and its report still comes on stdout.
  const { stdout } = await run.catch((error: { readonly stdout: string }) => error);
  return JSON.parse(stdout) as Cruise;
}

test('the checker reads every file of bin and lib', async () => {
  const files: string[] = [];
  for await (const file of glob('{bin,lib}/**/*.ts', { cwd: root })) files.push(file);
  const { summary } = await cruise(root, 'bin', 'lib');
  expect(summary.totalCruised).toBeGreaterThanOrEqual(files.length);
}, 30_000);

test('the checker names what is planted', async () => {
  const tree = tempDir();
  const plant = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
    await writeFile(path.join(tree, file), text);
  };
  await plant('lib/runtime/targets.ts', 'export const openTargets = 1;\n');
  await plant('lib/core/host.ts', "import { readFileSync } from 'node:fs';\nexport const bad = readFileSync;\n");
  await plant('lib/core/upward.ts', "export { openTargets } from '../runtime/targets.ts';\n");
  await plant('lib/core/circle-a.ts', "import { b } from './circle-b.ts';\nexport const a = () => b;\n");
  await plant('lib/core/circle-b.ts', "import { a } from './circle-a.ts';\nexport const b = () => a;\n");
  const { summary } = await cruise(tree, 'lib');
  const names = new Set(summary.violations.map(({ rule }) => rule.name));
  expect([...names].sort()).toEqual(['core-has-no-node', 'core-imports-core', 'no-cycles']);
}, 30_000);
