// The import picture of docs/architecture.md: which folder imports which, as dependency-cruiser reads it, between two markers.
import { join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';

const begin = '<!-- imports: made by `npm run gen` -->';
const end = '<!-- /imports -->';

/** The page with its picture made anew. Throws when the markers are missing or nothing was read. */
export async function withImportPicture(page: string, root: string): Promise<string> {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`the page needs ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${await importPicture(root)}\n\n${page.slice(to)}`;
}

/** Two mermaid charts: the layers, and the folders of core. */
async function importPicture(root: string): Promise<string> {
  const { default: config } = (await import(join(root, '.dependency-cruiser.mjs'))) as {
    readonly default: { readonly options: ICruiseOptions };
  };
  const { output } = await cruise([join(root, 'bin'), join(root, 'functions'), join(root, 'lib')], {
    ...config.options,
    baseDir: root,
    exclude: { path: '^node_modules' },
  });
  if (typeof output === 'string') throw new TypeError('dependency-cruiser answered with text');
  const { modules } = output;
  // It exits without an error when it can read no TypeScript at all.
  if (modules.filter(({ source }) => source.endsWith('.ts')).length < 100)
    throw new RangeError('the tree was not read');
  const layers = edges(modules, (file) => {
    const found = /^(?:lib\/([^/]+)|(bin|functions))\//.exec(file);
    return found?.[1] ?? found?.[2];
  });
  const core = edges(modules, (file) => /^lib\/core\/([^/]+)\//.exec(file)?.[1]);
  return [
    'Who imports whom:',
    '',
    chart(layers),
    '',
    'Inside `lib/core` (the small files directly in it, which everybody uses, are left out):',
    '',
    chart(core),
  ].join('\n');
}

type Modules = ICruiseResult['modules'];

/** Imports between different folders, each once, in the order of the alphabet. */
function edges(modules: Modules, folderOf: (file: string) => string | undefined): readonly string[] {
  const found = new Set<string>();
  for (const { source, dependencies } of modules) {
    const from = folderOf(source);
    for (const { resolved } of dependencies) {
      const to = folderOf(resolved);
      if (from !== undefined && to !== undefined && from !== to) found.add(`  ${from} --> ${to}`);
    }
  }
  return [...found].toSorted();
}

function chart(lines: readonly string[]): string {
  return ['```mermaid', 'flowchart LR', ...lines, '```'].join('\n');
}
