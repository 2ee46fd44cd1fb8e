// Support of the config tests: a commit as a list of paths, and reading a config file against it.
import type { Application, Catalogue, CatalogueResult } from '../../../lib/core/config/model.ts';
import { problemText } from '../../../lib/core/config/model.ts';
import type { ConfigTree } from '../../../lib/core/config/discover.ts';
import { readCatalogue } from '../../../lib/core/config/parse.ts';
import { HoldfastError } from '../../../lib/core/errors.ts';
import type { TreeNode } from '../../../lib/core/source/tree.ts';

/** A tree with these files; directories follow from them. A path that ends in `->` is a link that leads nowhere. */
export function treeOf(files: readonly string[]): ConfigTree {
  const nodes = new Map<string, TreeNode>([['', { path: '', kind: 'directory', id: 'd:' }]]);
  for (const file of files) {
    const path = file.replace(/->$/, '');
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const directory = parts.slice(0, depth).join('/');
      nodes.set(directory, { path: directory, kind: 'directory', id: `d:${directory}` });
    }
    nodes.set(path, { path, kind: file.endsWith('->') ? 'badlink' : 'file', id: `f:${path}` });
  }
  const bad = (path: string): boolean => {
    const parts = path.split('/');
    return parts.some((_, index) => nodes.get(parts.slice(0, index + 1).join('/'))?.kind === 'badlink');
  };
  const guard = (path: string): void => {
    if (bad(path))
      throw new HoldfastError({
        code: 'GitTreeInvalid',
        source: 'user',
        message: `${path} is a symbolic link that leads out of the repository`,
      });
  };
  return {
    async lookup(path) {
      guard(path);
      return nodes.get(path);
    },
    async list(directory) {
      guard(directory);
      if (nodes.get(directory)?.kind !== 'directory') return undefined;
      const prefix = directory === '' ? '' : `${directory}/`;
      return [...nodes.values()]
        .filter(
          (node) =>
            node.path !== '' &&
            node.path.startsWith(prefix) &&
            !node.path.slice(prefix.length).includes('/') &&
            node.path !== directory,
        )
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    },
  };
}

/** Reads a config text; every path under `files` exists. */
export async function read(text: string, files: readonly string[] = ['apps/web/web.yaml']): Promise<CatalogueResult> {
  return await readCatalogue({
    alias: 'demo',
    revision: 'c0ffee',
    file: { path: 'holdfast.yaml', text },
    tree: treeOf(files),
  });
}

/** The catalogue, which must have been made. */
export async function readGood(text: string, files?: readonly string[]): Promise<Catalogue> {
  const result = await read(text, files);
  if (result.kind === 'catalogue') return result.catalogue;
  throw new Error(`refused: ${result.problems.map(problemText).join('\n')}`);
}

/** The single application of a catalogue without problems. */
export async function readOne(text: string, files?: readonly string[]): Promise<Application> {
  const result = await read(text, files);
  if (result.problems.length > 0) throw new Error(result.problems.map(problemText).join('\n'));
  const [app] = result.kind === 'catalogue' ? result.catalogue.apps : [];
  if (app === undefined) throw new Error('no application');
  return app;
}

/** Problems as they are printed, without the file's name: `line:column code message (did you mean …)`. */
export function lines(result: CatalogueResult): readonly string[] {
  return result.problems.map((problem) => problemText(problem).replace(/^holdfast\.yaml:/, ''));
}

/** A config with one entry whose lines are given, on a sandbox target named `demo`. */
export function withEntry(entry: string): string {
  const body = entry
    .trim()
    .split('\n')
    .map((line, index) => `${index === 0 ? '  - ' : '    '}${line}`)
    .join('\n');
  return `version: 1\ntargets:\n  demo: { sandbox: {} }\napps:\n${body}\n`;
}
