// Bundles the functions: minified, nothing left outside, so that what was tested is what runs. Constructs are made in one go,
// and esbuild takes plugins only when it may take its time, so it works in a process of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { HoldfastError } from '../core/errors.ts';
import { type FunctionName, functionNames } from './names.ts';

/** What bundling gave. */
export interface Bundles {
  /** Directory of each function, holding `index.mjs` and what that imports late. */
  readonly directories: Readonly<Record<FunctionName, string>>;
  /** What went into which file, for the test of sizes. */
  readonly metafile: Metafile;
}

/** The project's root: where `functions/` lies. */
export const projectRoot = join(import.meta.dirname, '..', '..');

/** Milliseconds; it takes two seconds when nothing else runs. */
const longest = 300_000;

/**
 * Bundles `<root>/functions/<name>.ts` of every function into `<out>/<name>/index.mjs`. `out` is a new temporary directory,
 * removed when the process ends, when absent. Throws StackEntryMissing, StackBundleFailed.
 */
export function bundleFunctions(options: { readonly root?: string; readonly out?: string } = {}): Bundles {
  const root = options.root ?? projectRoot;
  const missing = functionNames.filter((name) => !existsSync(join(root, 'functions', `${name}.ts`)));
  if (missing.length > 0) {
    throw new HoldfastError({
      code: 'StackEntryMissing',
      source: 'user',
      message: `Functions without a source file: ${missing.map((name) => `functions/${name}.ts`).join(', ')}`,
      next: 'git status',
    });
  }
  const out = options.out ?? temporaryDirectory();
  const metafile = build(root, out);
  const directories = Object.fromEntries(functionNames.map((name) => [name, join(out, name)]));
  return { directories: directories as Record<FunctionName, string>, metafile };
}

function build(root: string, out: string): Metafile {
  const program = join(import.meta.dirname, 'bundle-process.ts');
  const metafile = join(out, 'metafile.json');
  const built = spawnSync(process.execPath, [program, root, out, metafile], { encoding: 'utf8', timeout: longest });
  if (built.status === 0) return JSON.parse(readFileSync(metafile, 'utf8')) as Metafile;
  const said = [built.stderr, built.error?.message].find((text) => text !== undefined && text !== '');
  throw new HoldfastError({
    code: 'StackBundleFailed',
    source: 'user',
    message: 'The functions could not be bundled',
    reason: said ?? `esbuild ended with ${built.signal ?? built.status}`,
    next: 'npm run check:types',
  });
}

/** The assets are copied at synthesis, so the directory is not needed after that. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-functions-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
