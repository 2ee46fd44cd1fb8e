// The program that bundles: `node bundle-process.ts ROOT OUT METAFILE`. Complaints go to standard error.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, type BuildOptions, type Metafile } from 'esbuild';
import { substitutes, trimmed } from './bundle-trim.ts';
import { type FunctionName, functionNames } from './names.ts';

// Packages that are CommonJS inside call `require` for Node's own modules; an ES module has none.
const banner = `import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);`;

/** What these import late are files of their own: neither read nor evaluated by an invocation that has no use for them. */
const divided: readonly FunctionName[] = ['source', 'reconcile'];

async function bundle(root: string, out: string): Promise<Metafile> {
  const options: BuildOptions & { metafile: true } = {
    absWorkingDir: root,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    mainFields: ['module', 'main'],
    alias: substitutes,
    plugins: [trimmed],
    legalComments: 'none',
    banner: { js: banner },
    metafile: true,
    logLevel: 'silent',
  };
  const entry = (name: FunctionName): string => join(root, 'functions', `${name}.ts`);
  const whole = functionNames.filter((name) => !divided.includes(name));
  const entryPoints = whole.map((name) => ({ in: entry(name), out: `${name}/index` }));
  const plans: (typeof options)[] = [
    { ...options, entryPoints, outdir: out },
    // Each on its own: pieces that two functions share would lie outside the directory of both.
    ...divided.map((name) => ({
      ...options,
      entryPoints: { index: entry(name) },
      outdir: join(out, name),
      splitting: true,
    })),
  ];
  const all: Metafile[] = [];
  // One after the other, so that of several mistakes it is always the same that is said.
  for (const plan of plans) all.push((await build(plan)).metafile);
  return await withoutDead(root, {
    inputs: Object.assign({}, ...all.map(({ inputs }) => inputs)) as Metafile['inputs'],
    outputs: Object.assign({}, ...all.map(({ outputs }) => outputs)) as Metafile['outputs'],
  });
}

/** A late import in code that is not used still gives a file; nobody would ever read it. */
async function withoutDead(root: string, { inputs, outputs }: Metafile): Promise<Metafile> {
  const live = new Set<string>();
  const visit = (file: string): void => {
    if (live.has(file)) return;
    live.add(file);
    for (const { path, external } of outputs[file]?.imports ?? []) if (external !== true) visit(path);
  };
  for (const file of Object.keys(outputs)) if (file.endsWith('/index.mjs')) visit(file);
  const dead = Object.keys(outputs).filter((file) => !live.has(file));
  await Promise.all(dead.map(async (file) => await rm(resolve(root, file))));
  return { inputs, outputs: Object.fromEntries(Object.entries(outputs).filter(([file]) => live.has(file))) };
}

const [root = '', out = '', metafile = ''] = process.argv.slice(2);
try {
  const made = await bundle(root, out);
  await mkdir(out, { recursive: true });
  await writeFile(metafile, JSON.stringify(made));
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
