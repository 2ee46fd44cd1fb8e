// Bundles the functions with esbuild: one call for all of them, minified, nothing left outside, so that what was tested is what runs.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync, type Metafile } from 'esbuild';
import { HoldfastError } from '../core/errors.ts';
import { type FunctionName, functionNames } from './names.ts';

/** What bundling gave. */
export interface Bundles {
  /** Directory of each function, holding `index.mjs`. */
  readonly directories: Readonly<Record<FunctionName, string>>;
  /** What went into which file, for the test of sizes. */
  readonly metafile: Metafile;
}

/** The project's root: where `functions/` lies. */
export const projectRoot = join(import.meta.dirname, '..', '..');

// Packages that are CommonJS inside call `require` for Node's own modules; an ES module has none.
const banner = `import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);`;

/**
 * Bundles `<root>/functions/<name>.ts` of every function into `<out>/<name>/index.mjs`. `out` is a new temporary directory,
 * removed when the process ends, when absent. Throws StackEntryMissing, StackBundleFailed.
 */
export function bundleFunctions(options: { readonly root?: string; readonly out?: string } = {}): Bundles {
  const root = options.root ?? projectRoot;
  const missing = functionNames.filter((name) => !existsSync(entryOf(root, name)));
  if (missing.length > 0) {
    throw new HoldfastError({
      code: 'StackEntryMissing',
      source: 'user',
      message: `Functions without a source file: ${missing.map((name) => `functions/${name}.ts`).join(', ')}`,
      next: 'git status',
    });
  }
  const out = options.out ?? temporaryDirectory();
  const { metafile } = build(root, out);
  const directories = Object.fromEntries(functionNames.map((name) => [name, join(out, name)]));
  return { directories: directories as Record<FunctionName, string>, metafile };
}

function build(root: string, out: string): { readonly metafile: Metafile } {
  try {
    return buildSync({
      entryPoints: functionNames.map((name) => ({ in: entryOf(root, name), out: `${name}/index` })),
      absWorkingDir: root,
      outdir: out,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      minify: true,
      mainFields: ['module', 'main'],
      legalComments: 'none',
      banner: { js: banner },
      metafile: true,
      logLevel: 'silent',
    });
  } catch (error) {
    throw new HoldfastError({
      code: 'StackBundleFailed',
      source: 'user',
      message: 'The functions could not be bundled',
      reason: error instanceof Error ? error.message : String(error),
      next: 'npm run check:types',
      cause: error,
    });
  }
}

function entryOf(root: string, name: FunctionName): string {
  return join(root, 'functions', `${name}.ts`);
}

/** The assets are copied at synthesis, so the directory is not needed after that. */
function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-functions-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
